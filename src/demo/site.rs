//! A website that signs people in through Portico: the part that Nova and the mini-programs
//! share. It begins and finishes authorizations and says who is there; it renders nothing.

pub(crate) mod cookie;
pub(crate) mod reply;
pub(crate) mod sessions;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use foundation::clock::SharedClock;
use foundation::digest::constant_time_eq;
use foundation::entropy::SharedEntropy;
use foundation::secret::SecretText;

use crate::relying_party::{
    AccessStatus, Ask, CallbackQuery, LaunchWish, Launched, NotLaunched, Redeemed, RelyingParty,
    Shared, Tokens, Trouble,
};
use cookie::CookieKind;
use reply::{PagePolicy, data, found, see_other};
use sessions::{Found, Sessions};

/// One such website.
pub(crate) struct Site {
    pub(crate) relying_party: RelyingParty,
    pub(crate) sessions: Sessions,
    pub(crate) cookie_kind: CookieKind,
    pub(crate) policy: PagePolicy,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

/// A person who is signed in here and at Portico, at this moment.
pub(crate) struct Visitor {
    /// The pairwise identifier.
    pub(crate) subject: String,
    pub(crate) shared: Shared,
    pub(crate) tokens: Tokens,
    form_token: SecretText,
    cookie: String,
}

/// What a site keeps for a browser. Whether it still stands only Portico can say.
pub(crate) struct Held {
    pub(crate) tokens: Tokens,
    form_token: SecretText,
    pub(crate) cookie: String,
}

/// Where a freshly signed in browser goes.
pub(crate) struct Landing {
    /// A path of the site.
    pub(crate) path: String,
    /// A line for that page.
    pub(crate) notice: Option<String>,
}

/// Why there is no visitor.
pub(crate) enum NoVisitor {
    /// Nobody signed in with this browser.
    Stranger,
    /// The session here was ended by Portico.
    Ended,
    /// Portico could not say.
    Trouble(Trouble),
}

/// How an authorization ended that did not sign anyone in.
pub(crate) enum NotSignedIn {
    /// The response is not an answer to a request of this browser.
    NotAsked,
    /// The person chose not to.
    Declined,
    /// Something else went wrong.
    Trouble(Trouble),
}

impl Site {
    /// Sends the browser to Portico.
    pub(crate) async fn begin(
        &self,
        request: &HttpRequest,
        ask: Ask,
    ) -> Result<HttpResponse, Trouble> {
        let (url, pending) = self
            .relying_party
            .authorize(ask, self.entropy.as_ref())
            .await?;
        let cookie = cookie::presented(request);
        let fresh = self.sessions.begin(
            cookie.as_deref(),
            pending,
            self.clock.now(),
            self.entropy.as_ref(),
        );
        let mut answer = found(url.as_str());
        if let Some(fresh) = fresh {
            self.set_cookie(&mut answer, &fresh);
        }
        Ok(answer)
    }

    /// Takes the browser back from Portico. On success it is signed in and sent where `land`
    /// says.
    pub(crate) async fn finish(
        &self,
        request: &HttpRequest,
        land: impl FnOnce(&Redeemed) -> Landing,
    ) -> Result<HttpResponse, NotSignedIn> {
        // A parameter that comes twice fails to parse, as RFC 6749 §3.1 wants.
        let response = web::Query::<CallbackQuery>::from_query(request.query_string())
            .map_err(|_| NotSignedIn::NotAsked)?
            .into_inner();
        let (landing, fresh) = self.signed_in(request, response, land).await?;
        let mut answer = see_other(&landing.path);
        self.set_cookie(&mut answer, &fresh);
        Ok(answer)
    }

    /// Signs a browser in with the answer to its own request.
    async fn signed_in(
        &self,
        request: &HttpRequest,
        response: CallbackQuery,
        land: impl FnOnce(&Redeemed) -> Landing,
    ) -> Result<(Landing, SecretText), NotSignedIn> {
        let cookie = cookie::presented(request).ok_or(NotSignedIn::NotAsked)?;
        let state = response.state.as_deref().ok_or(NotSignedIn::NotAsked)?;
        let pending = self
            .sessions
            .take_pending(&cookie, state, self.clock.now())
            .ok_or(NotSignedIn::NotAsked)?;
        let redeemed = match self.relying_party.redeem(pending, response).await {
            Ok(redeemed) => redeemed,
            Err(Trouble::Refused(error)) if error == "access_denied" => {
                return Err(NotSignedIn::Declined);
            }
            Err(trouble) => return Err(NotSignedIn::Trouble(trouble)),
        };
        let landing = land(&redeemed);
        let fresh = self.sessions.sign_in(
            &cookie,
            redeemed.tokens,
            landing.notice.clone(),
            self.clock.now(),
            self.entropy.as_ref(),
        );
        Ok((landing, fresh))
    }

    /// Begins a launch: what the page of this site takes to its host. The rest stays behind its cookie.
    pub(crate) fn begin_launch(
        &self,
        request: &HttpRequest,
        aside: Option<String>,
    ) -> HttpResponse {
        let (offer, pending) = self.relying_party.offer(aside, self.entropy.as_ref());
        let mut answer = data(StatusCode::OK, &offer);
        let cookie = cookie::presented(request);
        let now = self.clock.now();
        let fresh = self
            .sessions
            .begin(cookie.as_deref(), pending, now, self.entropy.as_ref());
        if let Some(fresh) = fresh {
            self.set_cookie(&mut answer, &fresh);
        }
        answer
    }

    /// Finishes a launch with the code that the host brought.
    pub(crate) async fn finish_launch(
        &self,
        request: &HttpRequest,
        response: CallbackQuery,
        land: impl FnOnce(&Redeemed) -> Landing,
    ) -> Result<HttpResponse, NotSignedIn> {
        let (_, fresh) = self.signed_in(request, response, land).await?;
        let mut answer = HttpResponse::NoContent().finish();
        self.set_cookie(&mut answer, &fresh);
        Ok(answer)
    }

    /// Forgets the session of this browser if it is of that stay, and so does the browser.
    pub(crate) fn drop_session(&self, request: &HttpRequest, sid: &str) -> HttpResponse {
        let mut answer = HttpResponse::NoContent().finish();
        let Some(cookie) = cookie::presented(request) else {
            return answer;
        };
        match self.sessions.find(&cookie, self.clock.now()) {
            Found::SignedIn { tokens, .. } if tokens.sid.as_deref() != Some(sid) => return answer,
            Found::SignedIn { .. } | Found::Ended => self.sessions.forget(&cookie),
            Found::Nobody => return answer,
        }
        if let Ok(value) = header::HeaderValue::from_str(&self.cookie_kind.no_cookie()) {
            answer.headers_mut().insert(header::SET_COOKIE, value);
        }
        answer
    }

    /// Which stay the session of this browser belongs to, as far as this site knows.
    pub(crate) fn sid(&self, request: &HttpRequest) -> Option<String> {
        let cookie = cookie::presented(request)?;
        match self.sessions.find(&cookie, self.clock.now()) {
            Found::SignedIn { tokens, .. } => tokens.sid,
            Found::Nobody | Found::Ended => None,
        }
    }

    /// The same, or which it belonged to until it was ended.
    pub(crate) fn last_sid(&self, request: &HttpRequest) -> Option<String> {
        let cookie = cookie::presented(request)?;
        self.sessions.last_sid(&cookie, self.clock.now())
    }

    /// Launches a program for the visitor whose page sent `form_token`. Portico is asked once, for the
    /// launch itself.
    pub(crate) async fn launch(
        &self,
        request: &HttpRequest,
        form_token: &str,
        wish: &LaunchWish<'_>,
    ) -> Result<Launched, NotLaunched> {
        let held = self.held(request).ok_or(NotLaunched::Ended)?;
        if !held.sent(form_token) {
            return Err(NotLaunched::Ended);
        }
        match self.relying_party.launch(&held.tokens, wish).await {
            Ok((launched, renewed)) => {
                if let Some(renewed) = renewed {
                    self.sessions.renew(&held.cookie, renewed);
                }
                Ok(launched)
            }
            Err(NotLaunched::Ended) => {
                self.sessions.end(&held.cookie);
                Err(NotLaunched::Ended)
            }
            Err(other) => Err(other),
        }
    }

    /// What is kept for the browser of a request; Portico is not asked.
    pub(crate) fn held(&self, request: &HttpRequest) -> Option<Held> {
        let cookie = cookie::presented(request)?;
        match self.sessions.find(&cookie, self.clock.now()) {
            Found::SignedIn { tokens, form_token } => Some(Held {
                tokens: *tokens,
                form_token,
                cookie,
            }),
            Found::Nobody | Found::Ended => None,
        }
    }

    /// Who is there: this site's session, confirmed by Portico now.
    pub(crate) async fn visitor(&self, request: &HttpRequest) -> Result<Visitor, NoVisitor> {
        let cookie = cookie::presented(request).ok_or(NoVisitor::Stranger)?;
        let (tokens, form_token) = match self.sessions.find(&cookie, self.clock.now()) {
            Found::Nobody => return Err(NoVisitor::Stranger),
            Found::Ended => return Err(NoVisitor::Ended),
            Found::SignedIn { tokens, form_token } => (tokens, form_token),
        };
        match self.relying_party.standing(&tokens).await {
            Ok(AccessStatus::Active { shared, renewed }) => {
                if let Some(renewed) = &renewed {
                    self.sessions.renew(&cookie, renewed.as_ref().clone());
                }
                let tokens = *renewed.unwrap_or(tokens);
                Ok(Visitor {
                    subject: tokens.subject.clone(),
                    shared: *shared,
                    tokens,
                    form_token,
                    cookie,
                })
            }
            Ok(AccessStatus::Ended) => {
                self.sessions.end(&cookie);
                Err(NoVisitor::Ended)
            }
            Err(trouble) => Err(NoVisitor::Trouble(trouble)),
        }
    }

    /// Whether somebody is signed in with this browser, as far as this site knows.
    pub(crate) fn has_session(&self, request: &HttpRequest) -> bool {
        cookie::presented(request).is_some_and(|c| {
            matches!(
                self.sessions.find(&c, self.clock.now()),
                Found::SignedIn { .. }
            )
        })
    }

    /// Leaves a line for the visitor's next page.
    pub(crate) fn leave_notice(&self, visitor: &Visitor, notice: impl Into<String>) {
        self.sessions.leave_notice(&visitor.cookie, notice.into());
    }

    /// Takes the line that was left for this visitor.
    pub(crate) fn take_notice(&self, visitor: &Visitor) -> Option<String> {
        self.sessions.take_notice(&visitor.cookie)
    }

    fn set_cookie(&self, answer: &mut HttpResponse, value: &SecretText) {
        // Base64url and fixed attributes make a valid header value.
        if let Ok(value) = header::HeaderValue::from_str(&self.cookie_kind.set_cookie(value)) {
            answer.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
}

impl Held {
    /// As [`Visitor::sent`].
    pub(crate) fn sent(&self, form_token: &str) -> bool {
        constant_time_eq(self.form_token.expose().as_bytes(), form_token.as_bytes())
    }
}

impl Visitor {
    /// For the hidden field `form_token` of this visitor's forms.
    pub(crate) fn form_token(&self) -> &str {
        self.form_token.expose()
    }

    /// Whether a form came from one of this visitor's own pages. In a frame the cookie comes
    /// along with everybody's forms, so the cookie alone proves nothing.
    pub(crate) fn sent(&self, form_token: &str) -> bool {
        constant_time_eq(self.form_token().as_bytes(), form_token.as_bytes())
    }
}

/// Whether the browser shows the answer in a frame (Fetch Metadata). Browsers that do not say
/// are taken to show it in full.
pub(crate) fn is_framed(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-dest")
        .is_some_and(|dest| dest == "iframe")
}
