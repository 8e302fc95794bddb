//! Signing out: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), the question page,
//! and ending a session.
//!
//! A hint is never proof: whoever holds an old id_token must not be able to sign a person out, so
//! a person who is signed in is always asked.

use std::sync::Arc;

use domain::client::Client;
use domain::interaction::is_same_press;
use domain::session::EndReason;
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::ClientId;
use keys::key_ring::Keys;
use protocol::logout_request::EndSessionRequest;
use protocol::mismatch::Mismatch;
use protocol::response_mode::with_query;
use store::Store;
use text::Language;

use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::client_mistakes;
use crate::find_client::ClientLookup;
use crate::id_token_hint::read_hint;
use crate::parts::Parts;
use crate::sessions::Sessions;
use crate::step::{self, FlowStep, MadeFor, PageStep, TokenUse};

/// What the token of the question page is for.
const QUESTION: TokenUse = TokenUse::Page(FlowStep::SignOut);

mod who_asks;

use who_asks::{LogoutPrompt, RequestingClient, WhoAsks, unregistered};

/// Where signing out leads.
#[derive(Debug)]
pub enum SignOutOutcome {
    /// To the question page.
    Ask(PageStep),
    /// Back to the client, at a URI that it registered, with only `state`.
    Return(String),
    /// To the signed-out page, in the language of the question before it.
    SignedOut(SignedOut, Language),
    /// To the account page: the person stays.
    Stay,
    /// The request cannot be followed, and nothing was ended.
    Refused(String),
    /// The page's address is no address of ours.
    Unreadable,
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
    /// What does not fit, for the makers of a draft.
    pub for_makers: Option<Mismatch>,
    /// The token of the form.
    pub step: String,
    /// What it is written in.
    pub language: Language,
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

/// What a question page's token says, as things stand now.
struct ReadPrompt {
    client: Option<Arc<Client>>,
    back: Option<String>,
    for_makers: Option<Mismatch>,
}

/// Where somebody goes who is not signed in. "if it is not supplied, post-logout redirection MUST NOT
/// be performed by the OP unless the OP has other means of confirming the legitimacy" (RP-Initiated
/// Logout §3): without an id_token there is only the person, who may follow a link.
fn nobody_was(asking: Option<RequestingClient>, language: Language) -> SignOutOutcome {
    let back = match asking {
        Some(RequestingClient {
            back: Some(uri),
            vouched: true,
            ..
        }) => return SignOutOutcome::Return(uri),
        Some(RequestingClient {
            back: Some(uri),
            client,
            ..
        }) => Some((client.name().to_owned(), uri)),
        _ => None,
    };
    SignOutOutcome::SignedOut(SignedOut::NobodyWas { back }, language)
}

impl From<SignOutOutcome> for SignOutRouted {
    fn from(outcome: SignOutOutcome) -> Self {
        Self {
            outcome,
            cookies: CookieChanges::default(),
        }
    }
}

/// Answers logout requests, and the question page.
#[derive(Clone)]
pub struct SignOut {
    store: Store,
    keys: Arc<Keys>,
    clients: ClientLookup,
    sessions: Sessions,
    clock: SharedClock,
    entropy: SharedEntropy,
    issuer: Arc<str>,
}

impl SignOut {
    pub(crate) fn new(parts: &Parts, clients: &ClientLookup, sessions: &Sessions) -> Self {
        Self {
            store: parts.store.clone(),
            keys: Arc::clone(&parts.keys),
            clients: clients.clone(),
            sessions: sessions.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Answers a logout request, GET or POST.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn request(
        &self,
        request: &EndSessionRequest,
        browser: &Browser,
    ) -> Result<SignOutRouted, Fault> {
        let asking = self.who_asks(request).await?;
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            let language = browser.language(&request.ui_locales, None);
            return Ok(nobody_was(asking.asking(), language).into());
        };
        let asked = LogoutPrompt {
            ui_locales: request.ui_locales.clone(),
            ..asking.asked()
        };
        self.question(asked, &signed_in)
    }

    /// To the question page, for who is signed in.
    fn question(&self, asked: LogoutPrompt, to: &SignedIn) -> Result<SignOutRouted, Fault> {
        let (keys, made_for) = (self.keys.current(), MadeFor::Session(to.session.id));
        let entropy = self.entropy.as_ref();
        let token = step::seal(&keys, entropy, QUESTION, made_for, &asked)?;
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
    async fn who_asks(&self, request: &EndSessionRequest) -> Result<WhoAsks, Fault> {
        let hint = request.id_token_hint.as_deref();
        let hinted = hint.map(|hint| read_hint(&self.keys.current(), &self.issuer, hint));
        let named = request.client_id.as_deref().map(ClientId::parse);
        let id = match (hinted, named) {
            // "When both client_id and id_token_hint are present, the OP MUST verify that the Client
            // Identifier matches the one used when issuing the ID Token" (§2)
            (Some(Some(hint)), Some(Ok(named))) if hint.client_id == named => named,
            (Some(Some(hint)), None) => hint.client_id,
            (None, Some(Ok(named))) => named,
            _ => return Ok(WhoAsks::Nobody),
        };
        let Some(client) = self.clients.find(&id).await? else {
            return Ok(WhoAsks::Nobody);
        };
        let uri = request.post_logout_redirect_uri.as_deref();
        // "the OP MUST NOT perform post-logout redirection if the post_logout_redirect_uri value
        // supplied does not exactly match one of the previously registered" (§3)
        if let Some(uri) = uri.filter(|uri| !client.has_post_logout_redirect(uri)) {
            let mismatch = unregistered(&client, uri);
            client_mistakes::log(Some(&client.id), &mismatch);
            return Ok(WhoAsks::Unregistered(client, mismatch));
        }
        Ok(WhoAsks::Client(RequestingClient {
            back: uri
                .filter(|_| !client.is_suspended())
                .map(|uri| with_state(uri, request.state.as_deref())),
            vouched: hint.is_some(),
            client,
        }))
    }

    /// A question page without a request, from the account pages.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask(&self, browser: &Browser) -> Result<SignOutRouted, Fault> {
        self.request(&EndSessionRequest::default(), browser).await
    }

    /// The question page that a step token opens, or where its reader goes instead.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Result<SignOutView, SignOutRouted>, Fault> {
        let (signed_in, prompt) = match self.asked_in(token, browser).await? {
            Ok(asked) => asked,
            Err(elsewhere) => return Ok(Err(elsewhere)),
        };
        let language = browser.language(&prompt.ui_locales, Some(&signed_in.user));
        let ReadPrompt {
            client,
            back,
            for_makers,
        } = self.as_it_is_now(prompt).await?;
        let person = self.sessions.name_of(&signed_in.user).await?;
        Ok(Ok(SignOutView {
            signed_in,
            person,
            back,
            client,
            for_makers,
            step: token.to_owned(),
            language,
        }))
    }

    /// What was asked on the page that a token opens, if it was made for who is signed in. Whoever else is
    /// here is asked anew, and who is signed out by now is told so.
    async fn asked_in(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Result<(SignedIn, LogoutPrompt), SignOutRouted>, Fault> {
        let opened = step::open::<LogoutPrompt>(&self.keys.current(), QUESTION, token);
        let Some(opened) = opened else {
            return Ok(Err(SignOutOutcome::Unreadable.into()));
        };
        let signed_in = self.sessions.signed_in(browser).await?;
        let whom = signed_in.as_ref().map(|s| MadeFor::Session(s.session.id));
        let made_for = opened.made_for();
        match (opened.counts_for(whom), signed_in) {
            (Ok(prompt), Some(signed_in)) => Ok(Ok((signed_in, prompt))),
            (Err(prompt), Some(signed_in)) => self.question(prompt, &signed_in).map(Err),
            (Ok(prompt) | Err(prompt), None) => {
                let ReadPrompt { client, back, .. } = self.as_it_is_now(prompt).await?;
                let language = browser.wishes.as_before(None);
                if self.was_signed_out(made_for).await? {
                    return Ok(Err(everywhere(back, language)));
                }
                let back = client.map(|c| c.name().to_owned()).zip(back);
                let nobody = SignedOut::NobodyWas { back };
                Ok(Err(SignOutOutcome::SignedOut(nobody, language).into()))
            }
        }
    }

    /// Whether the session that a page was made for was signed out a moment ago: who presses twice is
    /// signed out, and was before.
    async fn was_signed_out(&self, made_for: MadeFor) -> Result<bool, Fault> {
        let MadeFor::Session(id) = made_for else {
            return Ok(false);
        };
        let session = self.store.read(move |db| store::sessions::find(db, id));
        let ended = session.await?.and_then(|session| session.ended);
        let now = self.clock.now();
        Ok(ended.is_some_and(|(at, reason)| reason == EndReason::Logout && is_same_press(at, now)))
    }

    /// Who asked, and where it ends. The client is as it is now: nobody is led to one that was suspended
    /// in between.
    async fn as_it_is_now(&self, asked: LogoutPrompt) -> Result<ReadPrompt, Fault> {
        let client = match &asked.client {
            Some(id) => self.clients.find(id).await?,
            None => None,
        };
        let stands = client.as_ref().is_some_and(|c| !c.is_suspended());
        let for_makers = match &asked.unregistered {
            Some((id, received)) => {
                let draft = self.clients.find(id).await?.filter(|c| c.is_for_testers());
                draft.map(|client| unregistered(&client, received))
            }
            None => None,
        };
        Ok(ReadPrompt {
            client,
            back: asked.back.filter(|_| stands),
            for_makers,
        })
    }

    /// Does what a person pressed on the question page.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer(
        &self,
        token: &str,
        answer: SignOutAnswer,
        browser: &Browser,
    ) -> Result<SignOutRouted, Fault> {
        let (signed_in, prompt) = match self.asked_in(token, browser).await? {
            Ok(asked) => asked,
            Err(elsewhere) => return Ok(elsewhere),
        };
        let language = browser.language(&prompt.ui_locales, Some(&signed_in.user));
        let ReadPrompt { client, back, .. } = self.as_it_is_now(prompt).await?;
        match answer {
            SignOutAnswer::Stay => Ok(SignOutOutcome::Stay.into()),
            SignOutAnswer::Logout => {
                self.sessions.sign_out(&signed_in).await?;
                Ok(everywhere(back, language))
            }
            SignOutAnswer::Leave => {
                let Some(client) = client else {
                    return Ok(
                        SignOutOutcome::Refused("no program asked to be left".into()).into(),
                    );
                };
                let session = (signed_in.session.id, signed_in.user.id);
                self.sessions
                    .leave(session, &client.id, signed_in.acts())
                    .await?;
                let name = client.name().to_owned();
                Ok(signed_out(back, SignedOut::Left { name }, language).into())
            }
        }
    }
}

/// Where it ends: back at the client, or on our own page.
fn signed_out(back: Option<String>, page: SignedOut, language: Language) -> SignOutOutcome {
    let here = SignOutOutcome::SignedOut(page, language);
    back.map_or(here, SignOutOutcome::Return)
}

/// Where it ends for who is signed out now. The cookie goes.
fn everywhere(back: Option<String>, language: Language) -> SignOutRouted {
    let cookies = CookieChanges {
        clear_session: true,
        ..CookieChanges::default()
    };
    SignOutRouted {
        outcome: signed_out(back, SignedOut::Everywhere, language),
        cookies,
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let state = state.map(|state| ("state".to_owned(), state.to_owned()));
    with_query(uri, state.as_slice())
}
