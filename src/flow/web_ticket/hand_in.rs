//! The one transaction in which a web ticket is handed in. A refusal uses the ticket up and commits.

use std::sync::Arc;

use domain::client::Client;
use domain::launch::launchable;
use domain::lifetimes::Lifetimes;
use domain::one_time_credential::OneTimeKind;
use domain::web_session::{JarCookie, WebSession, WebSessionPlace, surplus};
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId, UserId, WebSessionId};
use protocol::client_metadata::LaunchType;
use protocol::pkce::CodeVerifier;

use crate::browser::{Browser, SignedIn, person_of, signed_in, touch};

/// What the transaction needs, all of it made or read before it begins.
pub(super) struct HandIn {
    pub(super) digest: TokenDigest,
    pub(super) session: SessionId,
    pub(super) verifier: Option<CodeVerifier>,
    pub(super) place: Option<WebSessionPlace>,
    pub(super) host: Arc<Client>,
    pub(super) program: Arc<Client>,
    pub(super) browser: Browser,
    pub(super) cookie: TokenDigest,
    pub(super) lifetimes: Lifetimes,
    pub(super) now: Instant,
}

/// What came of it.
pub(super) enum HandedIn {
    /// The program is opened.
    Opened {
        /// Where.
        place: WebSessionPlace,
        /// The programs whose cookies go.
        gone: Vec<ClientId>,
    },
    /// It is worth nothing; why is for the log.
    Refused(&'static str),
    /// Somebody else is signed in in this browser.
    SomebodyElse,
}

/// What stands in a jar.
struct Jar {
    cookies: Vec<(JarCookie, Option<WebSessionId>)>,
}

impl HandIn {
    pub(super) fn write(self, tx: &mut store::Transaction<'_>) -> Result<HandedIn, Fault> {
        let refused = |cause| Ok(HandedIn::Refused(cause));
        let now = self.now;
        // The person first, as everybody takes them, then the session: nobody ends it in between.
        let Some(owner) = store::sessions::find(tx, self.session)? else {
            return refused("the session is over");
        };
        store::users::lock(tx, owner.user_id)?;
        let goes_on = store::sessions::lock(tx, self.session)?;
        let found = store::one_time_credentials::find_web_ticket(tx, self.digest)?;
        let Some((ticket, web_session)) = found else {
            return refused("it is gone");
        };
        // Two have it, and nobody knows which of them came first.
        if ticket.used_at.is_some() {
            store::web_sessions::remove(tx, web_session.id)?;
            return refused("it was handed in before");
        }
        let kind = OneTimeKind::WebTicket;
        if !store::one_time_credentials::use_up(tx, kind, self.digest, now)? {
            return refused("it has run out");
        }
        let person = person_of(tx, self.session, self.browser.address, now)?;
        let Some(person) = person.filter(|_| goes_on) else {
            return refused("the session is over");
        };
        let place = match self.judge(tx, &web_session, &person)? {
            Ok(place) => place,
            Err(cause) => return refused(cause),
        };
        let Some(jar) = self.jar(tx, person.user.id)? else {
            return Ok(HandedIn::SomebodyElse);
        };
        let gone = jar.make_room(tx, &self.program.id)?;
        if !store::web_sessions::open(tx, web_session.id, self.cookie, now)? {
            return Err(Fault::broken(
                "a ticket was used up, and what it opens is open",
            ));
        }
        touch(tx, &person.session, &self.lifetimes, now)?;
        Ok(HandedIn::Opened { place, gone })
    }

    /// Whether it counts here and now: who handed it in, and whether the launch would still be.
    fn judge(
        &self,
        tx: &mut store::Transaction<'_>,
        web_session: &WebSession,
        person: &SignedIn,
    ) -> Result<Result<WebSessionPlace, &'static str>, Fault> {
        let Some(place) = self.place else {
            return Ok(Err(
                "neither the first load of a window nor a frame of its host",
            ));
        };
        let challenge = &web_session.code_challenge;
        let verifier = self.verifier.as_ref();
        if !verifier.is_some_and(|verifier| challenge.is_of(verifier)) {
            return Ok(Err("the code_verifier is missing or another one"));
        }
        if !self.host.is_host() || self.host.is_suspended() {
            return Ok(Err("its host is none any more, or suspended"));
        }
        if let Err(why) = launchable(&self.program, &person.user.username, LaunchType::Ticket) {
            return Ok(Err(why.words()));
        }
        let (session, program) = (self.session, &self.program.id);
        let standing = store::launches::standing(tx, session, program, self.now)?;
        let stay = standing.and_then(|standing| standing.participant);
        Ok(match stay.is_some_and(|stay| stay.sid == web_session.sid) {
            true => Ok(place),
            false => Err("the person has left the program"),
        })
    }

    /// What of us is in the jar; `None` if somebody else is signed in there.
    fn jar(&self, tx: &mut store::Transaction<'_>, user: UserId) -> Result<Option<Jar>, Fault> {
        let (address, now) = (self.browser.address, self.now);
        let by_session = signed_in(tx, self.browser.session_digest(), address, now)?;
        if by_session.is_some_and(|other| other.user.id != user) {
            return Ok(None);
        }
        let mut cookies = Vec::new();
        for cookie in &self.browser.web_sessions {
            let found = match cookie.digest() {
                Some(digest) => store::web_sessions::find_by_cookie(tx, digest)?,
                None => None,
            };
            let found = found.filter(|found| found.program == cookie.program);
            let person = match &found {
                Some(found) => person_of(tx, found.session, address, now)?,
                None => None,
            };
            if person.as_ref().is_some_and(|other| other.user.id != user) {
                return Ok(None);
            }
            let opened = found.filter(|_| person.is_some());
            let in_jar = JarCookie {
                opened_at: opened.as_ref().and_then(|opened| opened.opened_at),
                program: cookie.program.clone(),
            };
            cookies.push((in_jar, opened.map(|opened| opened.id)));
        }
        Ok(Some(Jar { cookies }))
    }
}

impl Jar {
    /// Ends what the new cookie takes the place of, and what is too much; gives the programs whose cookies
    /// go.
    fn make_room(
        self,
        tx: &mut store::Transaction<'_>,
        coming: &ClientId,
    ) -> Result<Vec<ClientId>, Fault> {
        let cookies = self.cookies.iter().map(|(cookie, _)| cookie.clone());
        let gone = surplus(cookies.collect(), coming);
        for (cookie, id) in &self.cookies {
            let goes = cookie.program == *coming || gone.contains(&cookie.program);
            if let Some(id) = id.filter(|_| goes) {
                store::web_sessions::remove(tx, id)?;
            }
        }
        Ok(gone)
    }
}
