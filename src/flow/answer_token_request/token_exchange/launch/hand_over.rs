//! What a launch hands over that works once: a code for the program's backend, or a ticket for its WebView or
//! frame.

use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::token_family::{Authorized, LaunchOrigin, Origin, TokenFamily};
use domain::web_session::WebSession;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::secret::SecretText;
use protocol::token_response::TokenResponse;

use super::super::refusals::not_available;
use super::{Launch, LaunchIds, WrittenLaunch};
use crate::token_authorization::TokenAuthorization;

/// "If the issued token is not an access token or usable as an access token, then the token_type value
/// N_A is used" (RFC 8693 §2.2.1).
const NOT_APPLICABLE: &str = "N_A";

impl Launch {
    /// Stores a code for what was authorized. Its family waits for the program's backend.
    pub(super) fn code(
        &self,
        tx: &mut store::Transaction<'_>,
        drawn: LaunchIds,
        authorization: TokenAuthorization,
    ) -> Result<WrittenLaunch, Fault> {
        let Some(person) = &authorization.resource_owner else {
            return Err(Fault::broken("a launch of nobody"));
        };
        let (lifetimes, now) = (&self.rules.lifetimes, self.context.now);
        let refreshes = self.program.gets_refresh_tokens();
        let family = TokenFamily {
            id: drawn.family,
            grant_id: person.handle.grant_id,
            user_id: person.handle.user_id,
            client_id: self.program.id.clone(),
            session_id: Some(self.session),
            origin: Origin::Launch(LaunchOrigin {
                host: self.context.requester.id.clone(),
                code_challenge: self.wish.code_challenge.clone(),
                nonce: self.wish.nonce.clone(),
                dpop_jkt: self.wish.dpop_jkt,
            }),
            authorized: Authorized {
                scope: authorization.scope.clone(),
                authentication: person.authentication.clone(),
                session_id: self.session,
                claims: Default::default(),
                resource: Vec::new(),
            },
            created_at: now,
            expires_at: TokenFamily::end_of_life(refreshes, lifetimes, now),
            ended: None,
        };
        let (session, program) = (self.session, &self.program.id);
        let Some(begins) = store::token_families::beginning(tx, session, program, now)? else {
            // The session is locked, and was just seen to stand: it is the program that is not there now.
            let error = not_available("it was suspended in the same moment");
            return Ok(WrittenLaunch::Refused(error));
        };
        store::token_families::insert(tx, &family, begins)?;
        let parent = OneTimeParent::Family(family.id);
        self.handed_over(
            tx,
            OneTimeKind::LaunchCode,
            (parent, drawn.secret),
            authorization,
        )
    }

    /// Stores a ticket. What it opens is tied to the program's stay, which has just been noted.
    pub(super) fn ticket(
        &self,
        tx: &mut store::Transaction<'_>,
        drawn: LaunchIds,
        authorization: TokenAuthorization,
    ) -> Result<WrittenLaunch, Fault> {
        let person = authorization.resource_owner.as_ref();
        let sid = person.and_then(|person| person.sid.clone());
        let (Some(sid), Some(code_challenge)) = (sid, self.wish.code_challenge.clone()) else {
            return Err(Fault::broken(
                "a ticket for no stay, or without a challenge",
            ));
        };
        let web_session = WebSession {
            id: drawn.web_session,
            session: self.session,
            host: self.context.requester.id.clone(),
            program: self.program.id.clone(),
            sid,
            code_challenge,
            created_at: self.context.now,
            opened_at: None,
        };
        store::web_sessions::insert(tx, &web_session)?;
        let parent = OneTimeParent::WebSession(web_session.id);
        self.handed_over(
            tx,
            OneTimeKind::WebTicket,
            (parent, drawn.secret),
            authorization,
        )
    }

    fn handed_over(
        &self,
        tx: &mut store::Transaction<'_>,
        kind: OneTimeKind,
        (parent, (secret, digest)): (OneTimeParent, (SecretText, TokenDigest)),
        authorization: TokenAuthorization,
    ) -> Result<WrittenLaunch, Fault> {
        let lifetime = self.rules.lifetimes.code;
        let credential = OneTimeCredential {
            digest,
            kind,
            parent,
            expires_at: self.context.now + lifetime,
            used_at: None,
        };
        store::one_time_credentials::insert(tx, &credential)?;
        Ok(WrittenLaunch::HandedOver(Box::new(TokenResponse {
            access_token: secret.expose().to_owned(),
            token_type: NOT_APPLICABLE.to_owned(),
            expires_in: lifetime.as_seconds(),
            refresh_token: None,
            id_token: None,
            scope: Some(authorization.scope).filter(|scope| !scope.is_empty()),
            exchanged: authorization.exchanged,
        })))
    }
}
