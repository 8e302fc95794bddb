//! Signing out: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), the question page,
//! and ending a session.
//!
//! A hint is never proof: whoever holds an old id_token must not be able to sign a person out, so
//! a person who is signed in is always asked.

use std::sync::Arc;

use domain::audit::{Actor, AuditEntry};
use domain::client::Client;
use domain::event::Event;
use domain::session::{EndReason, Session};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, SessionId, Subject, UserId};
use keys::key_ring::KeyRing;
use protocol::logout_request::EndSessionRequest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Flows;
use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::step::{self, FlowStep, PageStep};

/// What an `id_token_hint` says, once its signature is found to be ours.
pub(crate) struct Hint {
    pub(crate) client_id: ClientId,
    pub(crate) subject: Subject,
}

/// Reads a hint: signed by us, for us, expired or not ("The OP SHOULD accept ID Tokens when the RP
/// identified by the ID Token's aud claim … has a current session or had a recent session at the
/// OP, even when the exp time has passed", RP-Initiated Logout §2).
pub(crate) fn read_hint(keys: &KeyRing, issuer: &str, hint: &str) -> Option<Hint> {
    let claims = keys.verify_hint(hint).ok()?;
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    if text("iss") != Some(issuer) {
        return None;
    }
    Some(Hint {
        client_id: ClientId::parse(text("aud")?).ok()?,
        subject: Subject::parse(text("sub")?).ok()?,
    })
}

/// Where signing out leads.
#[derive(Debug)]
pub enum SignOutOutcome {
    /// To the question page.
    Ask(PageStep),
    /// Back to the client, at a URI that it registered, with only `state`.
    Return(String),
    /// To the signed-out page.
    SignedOut(SignedOut),
    /// To the account page: the person stays.
    Stay,
    /// The request cannot be followed, and nothing was ended.
    Refused(String),
    /// The page is too old or was made for another session.
    StepExpired,
}

/// What the signed-out page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedOut {
    /// The session ended.
    Everywhere,
    /// Only this program was left.
    Left {
        /// Its name.
        name: String,
    },
    /// Nobody was signed in.
    NobodyWas {
        /// The program that asked and its registered URI: a link, where nothing vouches for who asks.
        back: Option<(String, String)>,
    },
}

/// Where signing out leads, with the cookies it changes.
#[derive(Debug)]
pub struct SignOutRouted {
    /// Where to.
    pub outcome: SignOutOutcome,
    /// What changes in the browser.
    pub cookies: CookieChanges,
}

/// What the question page shows.
#[derive(Debug)]
pub struct SignOutView {
    /// Who is signed in.
    pub signed_in: SignedIn,
    /// What that person is called.
    pub person: String,
    /// Where signing out ends, if the program asked for that.
    pub back: Option<String>,
    /// The program that asked.
    pub client: Option<Arc<Client>>,
    /// The token of the form.
    pub step: String,
}

/// What a person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOutAnswer {
    /// Sign out everywhere.
    Logout,
    /// Leave the program that asked.
    Leave,
    /// Stay signed in.
    Stay,
}

/// What the form's token says: who asked, and where it ends.
#[derive(Clone, Default, Serialize, Deserialize)]
struct LogoutPrompt {
    client: Option<ClientId>,
    back: Option<String>,
}

/// A client that asks, with nothing wrong about its request.
struct Asking {
    client: Arc<Client>,
    /// Where signing out ends.
    back: Option<String>,
    /// Whether an id_token says who asks, and not only a name that anybody may write.
    vouched: bool,
}

impl Asking {
    /// What the question's form will say.
    fn asked(self) -> LogoutPrompt {
        LogoutPrompt {
            client: Some(self.client.id.clone()),
            back: self.back,
        }
    }
}

/// Where somebody goes who is not signed in. "if it is not supplied, post-logout redirection MUST NOT
/// be performed by the OP unless the OP has other means of confirming the legitimacy" (RP-Initiated
/// Logout §3): without an id_token there is only the person, who may follow a link.
fn nobody_was(asking: Option<Asking>) -> SignOutOutcome {
    let back = match asking {
        Some(Asking {
            back: Some(uri),
            vouched: true,
            ..
        }) => return SignOutOutcome::Return(uri),
        Some(Asking {
            back: Some(uri),
            client,
            ..
        }) => Some((client.name().to_owned(), uri)),
        _ => None,
    };
    SignOutOutcome::SignedOut(SignedOut::NobodyWas { back })
}

impl From<SignOutOutcome> for SignOutRouted {
    fn from(outcome: SignOutOutcome) -> Self {
        Self {
            outcome,
            cookies: CookieChanges::default(),
        }
    }
}

impl Flows {
    /// Answers a logout request, GET or POST.
    pub async fn end_session(
        &self,
        request: &EndSessionRequest,
        browser: &Browser,
    ) -> Result<SignOutRouted, Fault> {
        let asking = self.who_asks(request).await?;
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(nobody_was(asking).into());
        };
        let asked = asking.map(Asking::asked).unwrap_or_default();
        let token = step::for_session(
            &self.keys(),
            FlowStep::SignOut,
            signed_in.session.id,
            &asked,
        )?;
        Ok(SignOutOutcome::Ask(PageStep {
            flow_step: FlowStep::SignOut,
            token,
            as_other: false,
        })
        .into())
    }

    /// The client that asks, if all that the request says of it is right. Otherwise it counts as
    /// nobody's: "any operations requiring the information that failed to correctly validate MUST be
    /// aborted and the information that failed to validate MUST NOT be used" (RP-Initiated Logout §4).
    /// Signing out requires none of it, so the person is asked all the same.
    async fn who_asks(&self, request: &EndSessionRequest) -> Result<Option<Asking>, Fault> {
        let hint = request.id_token_hint.as_deref();
        let hinted = hint.map(|hint| read_hint(&self.keys(), &self.policy().issuer, hint));
        let named = request.client_id.as_deref().map(ClientId::parse);
        let id = match (hinted, named) {
            // "When both client_id and id_token_hint are present, the OP MUST verify that the Client
            // Identifier matches the one used when issuing the ID Token" (§2)
            (Some(Some(hint)), Some(Ok(named))) if hint.client_id == named => named,
            (Some(Some(hint)), None) => hint.client_id,
            (None, Some(Ok(named))) => named,
            _ => return Ok(None),
        };
        let Some(client) = self.find_client(&id).await? else {
            return Ok(None);
        };
        let uri = request.post_logout_redirect_uri.as_deref();
        // "the OP MUST NOT perform post-logout redirection if the post_logout_redirect_uri value
        // supplied does not exactly match one of the previously registered" (§3)
        if uri.is_some_and(|uri| !client.has_post_logout_redirect(uri)) {
            return Ok(None);
        }
        Ok(Some(Asking {
            back: uri
                .filter(|_| !client.is_suspended())
                .map(|uri| with_state(uri, request.state.as_deref())),
            vouched: hint.is_some(),
            client,
        }))
    }

    /// A question page without a request, from the account pages.
    pub async fn ask_sign_out(&self, browser: &Browser) -> Result<SignOutRouted, Fault> {
        self.end_session(&EndSessionRequest::default(), browser)
            .await
    }

    /// The question page that a step token opens; `None` if it is too old or for another session.
    pub async fn sign_out_page(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Option<SignOutView>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(None);
        };
        let Some((client, back)) = self.asked_in(token, &signed_in.session).await? else {
            return Ok(None);
        };
        let person = self.name_of(&signed_in.user).await?;
        Ok(Some(SignOutView {
            signed_in,
            person,
            back,
            client,
            step: token.to_owned(),
        }))
    }

    /// Who asked for the page that a token opens, and where it ends; `None` if the token is not good
    /// here. The client is as it is now: nobody is led to one that was suspended in between.
    async fn asked_in(
        &self,
        token: &str,
        session: &Session,
    ) -> Result<Option<(Option<Arc<Client>>, Option<String>)>, Fault> {
        let asked = step::read_for_session::<LogoutPrompt>(
            &self.keys(),
            FlowStep::SignOut,
            session.id,
            token,
        );
        let Some(asked) = asked else { return Ok(None) };
        let client = match &asked.client {
            Some(id) => self.find_client(id).await?,
            None => None,
        };
        let stands = client.as_ref().is_some_and(|c| !c.is_suspended());
        Ok(Some((client, asked.back.filter(|_| stands))))
    }

    /// Does what a person pressed on the question page.
    pub async fn sign_out(
        &self,
        token: &str,
        answer: SignOutAnswer,
        browser: &Browser,
    ) -> Result<SignOutRouted, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(nobody_was(None).into());
        };
        let Some((client, back)) = self.asked_in(token, &signed_in.session).await? else {
            return Ok(SignOutOutcome::StepExpired.into());
        };
        let back = |page: SignedOut| match back {
            Some(uri) => SignOutOutcome::Return(uri),
            None => SignOutOutcome::SignedOut(page),
        };
        match answer {
            SignOutAnswer::Stay => Ok(SignOutOutcome::Stay.into()),
            SignOutAnswer::Logout => {
                self.end_own_session(&signed_in.session, EndReason::Logout)
                    .await?;
                let cookies = CookieChanges {
                    clear_session: true,
                    ..CookieChanges::default()
                };
                Ok(SignOutRouted {
                    outcome: back(SignedOut::Everywhere),
                    cookies,
                })
            }
            SignOutAnswer::Leave => {
                let Some(client) = client else {
                    return Ok(
                        SignOutOutcome::Refused("no program asked to be left".into()).into(),
                    );
                };
                self.leave(&signed_in.session, &client.id).await?;
                Ok(back(SignedOut::Left {
                    name: client.name().to_owned(),
                })
                .into())
            }
        }
    }

    /// Ends a session and waits until this node knows it.
    pub(crate) async fn end_own_session(
        &self,
        session: &Session,
        reason: EndReason,
    ) -> Result<bool, Fault> {
        let (id, user_id, now) = (session.id, session.user_id, self.now());
        let audit = AuditId::new(now, self.entropy());
        let written = self
            .store()
            .write(move |tx| {
                let ended = end_in(tx, id, user_id, now, reason)?;
                if ended {
                    store::audit::insert(tx, &ended_entry(user_id, reason, now), audit)?;
                }
                Ok(ended)
            })
            .await?;
        self.settled(written.position).await;
        Ok(written.value)
    }

    /// Ends what one session gave one client; the session goes on.
    async fn leave(&self, session: &Session, client_id: &ClientId) -> Result<(), Fault> {
        let (session_id, user_id, client_id, now) =
            (session.id, session.user_id, client_id.clone(), self.now());
        let written = self
            .store()
            .write(move |tx| {
                store::token_families::end_of_session_and_client(
                    tx,
                    session_id,
                    &client_id,
                    now,
                    EndReason::Logout,
                )?;
                tx.append(Event::SessionLeft {
                    session_id,
                    user_id,
                    client_id,
                });
                Ok(())
            })
            .await?;
        self.settled(written.position).await;
        Ok(())
    }
}

/// Ends a session within a transaction: one row and one event. True if it was live.
pub(crate) fn end_in(
    tx: &mut store::Transaction<'_>,
    session_id: SessionId,
    user_id: UserId,
    now: Instant,
    reason: EndReason,
) -> Result<bool, Fault> {
    let ended = store::sessions::end(tx, session_id, now, reason)?;
    if ended {
        tx.append(Event::SessionEnded {
            session_id,
            user_id,
            reason,
        });
    }
    Ok(ended)
}

/// What is noted when somebody's session was ended by themselves.
pub(crate) fn ended_entry(user_id: UserId, reason: EndReason, now: Instant) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: Actor::User,
        action: "session.ended",
        user_id: Some(user_id),
        client_id: None,
        detail: json!({ "reason": reason.word() }),
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    use protocol::response_mode::{AuthorizationResponse, ResponseMode};
    let parameters = state
        .map(|s| ("state".to_owned(), s.to_owned()))
        .into_iter()
        .collect();
    AuthorizationResponse {
        redirect_uri: uri.to_owned(),
        mode: ResponseMode::Query,
        parameters,
    }
    .location()
}
