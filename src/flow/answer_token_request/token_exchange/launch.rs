//! A launch: what a program may have in a host's session, and what is written for it.
//!
//! It is looked at twice where something is written: before, and in the transaction, which holds the
//! session so that nobody ends it in between. So whoever hears of a session's end can name all who took
//! part in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::client::Client;
use domain::consent::{Decision, Question};
use domain::consent_sheet::SheetRequest;
use domain::grant::Grant;
use domain::launch::{LaunchConsent, LaunchScope, launchable};
use domain::lifetimes::Lifetimes;
use domain::session::Session;
use domain::token_handle::OnBehalfOf;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, FamilyId, GrantId, SessionId, UserId, WebSessionId};
use foundation::secret::{SecretKind, SecretText};
use keys::key_ring::KeyRing;
use protocol::client_metadata::LaunchType;
use protocol::code_grant::PkceRule;
use protocol::dpop::KeyThumbprint;
use protocol::oauth_error::{OAuthError, invalid_request, invalid_scope};
use protocol::pkce::CodeChallenge;
use protocol::scope::ScopeSet;
use protocol::scope_catalog::ScopeCatalog;
use protocol::token_exchange::{InteractionMode, token_type};
use protocol::token_response::{ExchangeAnswer, TokenResponse};
use store::launches::LaunchStanding;

use super::ask::{NewSheet, SheetIds};
use super::refusals::{not_available, unusable};
use crate::host_token::HostTokenProblem;
use crate::launch_consent::refused_or_put_off;
use crate::participant::{is_noted, take_part};
use crate::settle_grant::DecidedGrant;
use crate::token_authorization::{Binding, IssuanceContext, ResourceOwner, TokenAuthorization};

mod hand_over;

/// What the host asked for.
pub(super) struct LaunchWish {
    pub(super) launch_type: LaunchType,
    pub(super) scope: Option<ScopeSet>,
    pub(super) again: bool,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: Option<CodeChallenge>,
    pub(super) expires_in: Option<Span>,
    pub(super) dpop_jkt: Option<KeyThumbprint>,
    pub(super) ui_locales: Vec<String>,
    pub(super) interaction_mode: InteractionMode,
}

/// What it is judged by.
pub(super) struct LaunchRules {
    pub(super) issuer: Arc<str>,
    pub(super) catalog: Arc<ScopeCatalog>,
    pub(super) lifetimes: Lifetimes,
}

/// Made before the transaction, so that nothing inside it asks for randomness; and only for one, because most
/// launches write nothing.
pub(super) struct LaunchIds {
    grant: GrantId,
    family: FamilyId,
    web_session: WebSessionId,
    audit: AuditId,
    secret: (SecretText, TokenDigest),
    sheet: SheetIds,
}

/// A launch on its way.
pub(super) struct Launch {
    context: IssuanceContext,
    user: UserId,
    session: SessionId,
    wish: LaunchWish,
    program: Arc<Client>,
    rules: LaunchRules,
}

/// What a look at a launch finds.
pub(super) enum LaunchLook {
    /// It may be.
    Ready(ReadyLaunch),
    /// Something of these scopes was never decided.
    Undecided(ScopeSet),
    /// It may not be.
    Refused(OAuthError),
}

/// A launch that may be.
pub(super) struct ReadyLaunch {
    standing: LaunchStanding,
    scope: LaunchScope,
}

/// What came of writing it.
pub(super) enum WrittenLaunch {
    /// A token is to be signed.
    Token(Box<TokenAuthorization>),
    /// The code or ticket.
    HandedOver(Box<TokenResponse>),
    /// It may not be any more.
    Refused(OAuthError),
}

impl Launch {
    pub(super) fn new(
        context: IssuanceContext,
        (user, session): (UserId, SessionId),
        wish: LaunchWish,
        program: Arc<Client>,
        rules: LaunchRules,
    ) -> Self {
        Self {
            context,
            user,
            session,
            wish,
            program,
            rules,
        }
    }

    /// What is drawn for writing it.
    pub(super) fn draw(&self, entropy: &dyn Entropy) -> LaunchIds {
        let now = self.context.now;
        let secret = match self.wish.launch_type {
            LaunchType::Ticket => SecretKind::WebTicket,
            LaunchType::Code | LaunchType::Token => SecretKind::LaunchCode,
        };
        LaunchIds {
            grant: GrantId::new(now, entropy),
            family: FamilyId::new(now, entropy),
            web_session: WebSessionId::new(now, entropy),
            audit: AuditId::new(now, entropy),
            secret: secret.issue(entropy),
            sheet: SheetIds::new(now, entropy),
        }
    }

    /// Looks whether it may be. Nobody learns anything of a program that is not available to this person.
    pub(super) fn look(&self, db: &mut store::Connection) -> Result<LaunchLook, Fault> {
        let (program, now) = (&self.program, self.context.now);
        let refused = |error| Ok(LaunchLook::Refused(error));
        let Some(standing) = store::launches::standing(db, self.session, &program.id, now)? else {
            return refused(unusable(HostTokenProblem::Ended));
        };
        // A token that would be over within this second is none.
        if standing.expires_at.seconds() <= now.seconds() {
            return refused(unusable(HostTokenProblem::Ended));
        }
        let launch_type = self.wish.launch_type;
        if let Err(why) = launchable(program, &standing.username, launch_type) {
            return refused(not_available(why.words()));
        }
        let named = self.wish.scope.clone();
        let scope = match LaunchScope::of(program, launch_type, named, &self.rules.catalog) {
            Ok(scope) => scope,
            Err(beyond) => {
                let description = format!("{beyond} is not in the program's manifest");
                return refused(invalid_scope(description));
            }
        };
        if let Err(error) = self.judge_ties() {
            return refused(error);
        }
        let question = self.question(db, &scope, &standing)?;
        Ok(match scope.named().filter(|_| !question.is_empty()) {
            Some(named) => LaunchLook::Undecided(named.clone()),
            None => LaunchLook::Ready(ReadyLaunch { standing, scope }),
        })
    }

    /// What is to be asked. What was refused is read only if something is not allowed.
    fn question(
        &self,
        db: &mut store::Connection,
        scope: &LaunchScope,
        standing: &LaunchStanding,
    ) -> Result<Question, Fault> {
        let program = &self.program;
        let mut consent = LaunchConsent {
            program,
            grant: standing.grant.as_ref().map(|grant| &grant.scopes),
            refusals: &[],
            again: self.wish.again,
            catalog: &self.rules.catalog,
            memory: self.rules.lifetimes.refusal,
            now: self.context.now,
        };
        let question = scope.question(&consent);
        if question.is_empty() {
            return Ok(question);
        }
        let refusals = refused_or_put_off(db, (self.user, self.session), &program.id)?;
        consent.refusals = &refusals;
        Ok(scope.question(&consent))
    }

    /// What ties it to whoever it is for. A code goes through a page, so it is worth nothing without the
    /// verifier, which only the backend has; and the backend knows its own sign-in by the nonce. A ticket
    /// is worth nothing without the verifier of the host.
    fn judge_ties(&self) -> Result<(), OAuthError> {
        let missing = |name| Err(invalid_request(format!("{name} is missing")));
        let wish = &self.wish;
        match wish.launch_type {
            // A program that always proves a key takes no token without one (RFC 9449 §5.2); with a code
            // its backend proves it.
            LaunchType::Token
                if self.program.metadata.dpop_bound_access_tokens && wish.dpop_jkt.is_none() =>
            {
                missing("dpop_jkt")
            }
            LaunchType::Token => Ok(()),
            LaunchType::Code if wish.nonce.is_none() => missing("nonce"),
            LaunchType::Code
                if wish.code_challenge.is_none()
                    && self.program.pkce_rule() == PkceRule::Required =>
            {
                missing("code_challenge")
            }
            LaunchType::Code => Ok(()),
            // A cookie is bound to no key, and the codes that come of it say themselves what they are bound to.
            LaunchType::Ticket if wish.dpop_jkt.is_some() => {
                Err(invalid_request("dpop_jkt is not for web tickets"))
            }
            LaunchType::Ticket if wish.code_challenge.is_none() => missing("code_challenge"),
            LaunchType::Ticket => Ok(()),
        }
    }

    /// The token of a launch that leaves nothing to write.
    pub(super) fn settled(&self, ready: &ReadyLaunch) -> Option<TokenAuthorization> {
        let standing = &ready.standing;
        let (grant, now) = (standing.grant.as_ref()?, self.context.now);
        let participant = standing.participant.as_ref()?;
        let is_settled = self.wish.launch_type == LaunchType::Token
            && is_noted(participant, now)
            && standing.last_seen_at >= now.floor_to_minute()
            && !ready.scope.widens(Some(&grant.scopes));
        let authorization = is_settled.then(|| {
            let granted = grant.scopes.names();
            self.authorization(ready, (grant.id, &granted), Some(&participant.sid))
        });
        authorization.map(|authorization| self.answered(authorization))
    }

    /// Writes what it leaves behind: the use of the session, the grant, the participant, the code or ticket.
    pub(super) fn write(
        &self,
        tx: &mut store::Transaction<'_>,
        keys: &KeyRing,
        drawn: LaunchIds,
    ) -> Result<WrittenLaunch, Fault> {
        // The person first, as everybody takes them, then the session.
        store::users::lock(tx, self.user)?;
        if !store::sessions::lock(tx, self.session)? {
            let error = unusable(HostTokenProblem::Ended);
            return Ok(WrittenLaunch::Refused(error));
        }
        let ready = match self.look(tx)? {
            LaunchLook::Ready(ready) => ready,
            LaunchLook::Refused(error) => return Ok(WrittenLaunch::Refused(error)),
            LaunchLook::Undecided(scope) => {
                let refused = self.sheet(scope).refuse(tx, drawn.sheet, self.context.now);
                return refused.map(WrittenLaunch::Refused);
            }
        };
        self.touch(tx, &ready.standing)?;
        let (program, now) = (&self.program, self.context.now);
        let silent = ready.scope.silent();
        let nothing = Decision::default();
        let allow = |before: Option<&Grant>| nothing.apply(before, program, silent, now);
        let change = DecidedGrant::find(tx, program, self.user, allow)?;
        let grant = change.write(tx, program, self.user, drawn.grant, now)?;
        let granted = grant.scopes.names();
        let known = ready.standing.participant.as_ref();
        let mut authorization = self.authorization(&ready, (grant.id, &granted), None);
        take_part(tx, keys, &mut authorization, known, drawn.audit)?;
        let authorization = self.answered(authorization);
        match self.wish.launch_type {
            LaunchType::Token => Ok(WrittenLaunch::Token(Box::new(authorization))),
            LaunchType::Code => self.code(tx, drawn, authorization),
            LaunchType::Ticket => self.ticket(tx, drawn, authorization),
        }
    }

    /// What the person has to be asked first.
    fn sheet(&self, scope: ScopeSet) -> NewSheet<'_> {
        NewSheet {
            issuer: &self.rules.issuer,
            host: &self.context.requester,
            session: self.session,
            program: &self.program,
            request: SheetRequest {
                scope,
                again: self.wish.again,
                ui_locales: self.wish.ui_locales.clone(),
                mode: self.wish.interaction_mode,
            },
        }
    }

    /// A launch is a use of the host's session.
    fn touch(
        &self,
        tx: &mut store::Transaction<'_>,
        standing: &LaunchStanding,
    ) -> Result<(), Fault> {
        let (now, lifetimes) = (self.context.now, &self.rules.lifetimes);
        let minute = now.floor_to_minute();
        if standing.last_seen_at >= minute {
            return Ok(());
        }
        let (lifetime, idle) = (lifetimes.session, lifetimes.session_idle);
        let end = Session::end_of_life(standing.created_at, now, lifetime, idle);
        store::sessions::touch(tx, self.session, minute, end)
    }

    /// What the program may have. It is never longer than the session.
    fn authorization(
        &self,
        ready: &ReadyLaunch,
        (grant_id, granted): (GrantId, &ScopeSet),
        sid: Option<&String>,
    ) -> TokenAuthorization {
        let standing = &ready.standing;
        let scope = ready.scope.given(&self.program, granted);
        let person = ResourceOwner {
            handle: OnBehalfOf {
                user_id: self.user,
                grant_id,
                session_id: Some(self.session),
                family_id: None,
            },
            authorized_in: self.session,
            authentication: standing.authentication.clone(),
            sid: sid.cloned(),
            nonce: None,
            named: BTreeMap::new(),
            authorized_scope: scope.clone(),
            grant_scope: granted.clone(),
        };
        TokenAuthorization {
            recipient: Arc::clone(&self.program),
            resource_owner: Some(person),
            actor: Some(self.context.requester.id.clone()),
            // The proof of this request proves the host; what comes of it is the page's.
            binding: self.wish.dpop_jkt.map_or(Binding::Bearer, Binding::DPoP),
            until: self.until(standing),
            ..TokenAuthorization::of_requester(&self.context, scope, Vec::new())
        }
    }

    fn until(&self, standing: &LaunchStanding) -> Instant {
        let longest = Lifetimes::MAX_LAUNCH;
        let span = self.wish.expires_in.unwrap_or(longest).min(longest);
        standing.expires_at.min(self.context.now + span)
    }

    /// The same, with what the answer says besides.
    fn answered(&self, authorization: TokenAuthorization) -> TokenAuthorization {
        let sid = authorization.resource_owner.as_ref();
        let sid = sid.and_then(|person| person.sid.clone());
        let manifest = self.program.mini_program();
        let answer = ExchangeAnswer {
            issued_token_type: token_type(self.wish.launch_type).to_owned(),
            sid: sid.unwrap_or_default(),
            entry_uri: manifest.map_or_else(String::new, |m| m.entry_uri.clone()),
            origins: manifest.map_or_else(Vec::new, |m| m.origins.clone()),
        };
        TokenAuthorization {
            exchanged: Some(Box::new(answer)),
            ..authorization
        }
    }
}
