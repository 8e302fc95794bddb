//! Handing in a web ticket: a WebView or a frame of the host gets a cookie, by which one program that knows
//! nothing but redirects signs the person in, silently.
//!
//! What the cookie is good for stands in `pending_authorization/silent`; that there is a ticket at all, in
//! `answer_token_request`. `web_ticket/hand_in` is the transaction. A ticket is handed in once: whatever is
//! wrong with how that was done, it is used up.

use std::sync::Arc;

use domain::client::Client;
use domain::lifetimes::Lifetimes;
use domain::web_session::{WebSession, WebSessionPlace};
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::ClientId;
use foundation::log_pace::LogPace;
use foundation::secret::{SecretKind, SecretText};
use protocol::fetch_metadata::Navigation;
use protocol::pkce::CodeVerifier;
use store::Store;

use crate::browser::Browser;
use crate::find_client::ClientLookup;
use crate::parts::Parts;

mod hand_in;

use hand_in::{HandIn, HandedIn};

/// The target of the line of the log about a ticket that was refused: `info,web_ticket=off`.
const TARGET: &str = "web_ticket";

/// The pace of this process's log. Only whoever has a ticket is told of.
static PACE: LogPace = LogPace::new(10);

/// What comes with a ticket.
pub struct PresentedTicket<'a> {
    /// The ticket.
    pub ticket: &'a str,
    /// What its challenge was made of.
    pub code_verifier: &'a str,
    /// How the browser says that the document is opened; `None` if it does not say, or in no way that counts.
    pub navigation: Option<Navigation>,
}

/// What a browser is answered.
#[derive(Debug)]
pub enum TicketAnswer {
    /// The program is opened, with a cookie.
    Opened(OpenedProgram),
    /// The ticket is worth nothing here; who may frame the page that says so.
    Refused(Vec<String>),
    /// Somebody else is signed in here; who may frame the page that says so.
    SomebodyElse(Vec<String>),
}

/// A program that a ticket opened.
#[derive(Debug)]
pub struct OpenedProgram {
    /// Where it is opened.
    pub entry_uri: String,
    /// The program.
    pub program: ClientId,
    /// The value of its cookie.
    pub cookie: SecretText,
    /// Whether that stands in a frame of the host, so that its cookies are partitioned.
    pub place: WebSessionPlace,
    /// The programs whose cookies go, because the jar is full.
    pub gone: Vec<ClientId>,
}

/// Takes web tickets.
#[derive(Clone)]
pub struct WebTickets {
    store: Store,
    clients: ClientLookup,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl WebTickets {
    pub(crate) fn new(parts: &Parts, clients: &ClientLookup) -> Self {
        Self {
            store: parts.store.clone(),
            clients: clients.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// Takes a ticket.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hand_in(
        &self,
        presented: PresentedTicket<'_>,
        browser: &Browser,
    ) -> Result<TicketAnswer, Fault> {
        let Some(digest) = SecretKind::WebTicket.digest_of(presented.ticket) else {
            return self.refused().await;
        };
        // A passing stranger writes nothing.
        let read = self
            .store
            .read(move |db| store::one_time_credentials::find_web_ticket(db, digest));
        let Some((_, web_session)) = read.await? else {
            return self.refused().await;
        };
        let Some((host, program)) = self.clients_of(&web_session).await? else {
            return self.refused().await;
        };
        let now = self.clock.now();
        let (cookie, cookie_digest) = SecretKind::WebSessionCookie.issue(self.entropy.as_ref());
        let hand_in = HandIn {
            digest,
            session: web_session.session,
            verifier: CodeVerifier::parse(presented.code_verifier).ok(),
            place: WebSessionPlace::of(presented.navigation.as_ref(), &host),
            host,
            program: Arc::clone(&program),
            browser: browser.clone(),
            cookie: cookie_digest,
            lifetimes: self.lifetimes,
            now,
        };
        let written = self.store.write(move |tx| hand_in.write(tx)).await?;
        let entry_uri = program.mini_program().map(|program| &program.entry_uri);
        match (written.value, entry_uri) {
            (HandedIn::Opened { place, gone }, Some(entry_uri)) => {
                Ok(TicketAnswer::Opened(OpenedProgram {
                    entry_uri: entry_uri.clone(),
                    program: program.id.clone(),
                    cookie,
                    place,
                    gone,
                }))
            }
            (HandedIn::Opened { .. }, None) => Err(Fault::broken("a ticket of no mini-program")),
            (HandedIn::SomebodyElse, _) => {
                log(&program, "somebody else is signed in in this browser");
                let origins = self.clients.host_origins().await?;
                Ok(TicketAnswer::SomebodyElse(origins))
            }
            (HandedIn::Refused(cause), _) => {
                log(&program, cause);
                self.refused().await
            }
        }
    }

    async fn clients_of(
        &self,
        web_session: &WebSession,
    ) -> Result<Option<(Arc<Client>, Arc<Client>)>, Fault> {
        let host = self.clients.find(&web_session.host).await?;
        let program = self.clients.find(&web_session.program).await?;
        Ok(host.zip(program))
    }

    async fn refused(&self) -> Result<TicketAnswer, Fault> {
        Ok(TicketAnswer::Refused(self.clients.host_origins().await?))
    }
}

/// Says why a ticket was worth nothing: answers do not.
fn log(program: &Client, cause: &'static str) {
    if let Some(left_out) = PACE.admits() {
        tracing::info!(
            target: TARGET,
            client_id = program.id.as_str(),
            cause,
            left_out,
            "a web ticket was refused"
        );
    }
}
