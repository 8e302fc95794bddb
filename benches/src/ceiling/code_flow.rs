//! The ceiling of the code flow: the statements and transactions that Portico executes for it, in
//! the same order, through the same driver, pool and writer, with two ES256 signatures.
//!
//! The statements are those of the store's own functions, so that they cannot drift apart; the
//! rows of clients are missing because Portico has clients in memory.

use std::sync::Arc;

use actix_web::error::{ErrorBadRequest, ErrorInternalServerError};
use actix_web::http::header::{COOKIE, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::audit::{ActedBy, AuditEntry};
use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::participant::Participant;
use domain::refresh_retry::RefreshToken;
use domain::session::Session;
use domain::subject::Sector;
use domain::token_family::{Authorized, CodeOrigin, Origin, TokenFamily};
use domain::user::User;
use foundation::clock::{Clock, Instant, Span, SystemClock};
use foundation::entropy::SystemEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, FamilyId};
use foundation::secret::SecretKind;
use protocol::claim::ClaimsRequest;
use protocol::pkce::CodeChallenge;
use protocol::scope::ScopeSet;
use store::token_families::KnownParticipant;
use store::{Connection, Store, Transaction};

use super::{Work, json};
use crate::Outcome;
use crate::population::SCOPES;

/// How long a code may be redeemed, and a family lives: any time that does not run out here.
const CODE: Span = Span::minutes(1);
const REFRESH: Span = Span::days(30);

/// Where codes are given out and taken back.
pub(super) struct Desk {
    pub(super) store: Store,
    scope: ScopeSet,
    challenge: Option<CodeChallenge>,
}

impl Desk {
    pub(super) fn open(url: &str, connections: u32) -> Outcome<Self> {
        Ok(Self {
            store: crate::seed::open(url, connections)?,
            scope: ScopeSet::parse(SCOPES)?,
            challenge: CodeChallenge::parse(Some(crate::requests::CHALLENGE), Some("S256"))?,
        })
    }

    fn origin(&self) -> Origin {
        Origin::Code(CodeOrigin {
            redirect_uri: REDIRECT_URI.to_owned(),
            redirect_uri_given: true,
            code_challenge: self.challenge.clone(),
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
            dpop_jkt: None,
        })
    }

    fn authorized(&self, session: &Session) -> Authorized {
        Authorized {
            scope: self.scope.clone(),
            authentication: session.authentication.clone(),
            session_id: session.id,
            claims: ClaimsRequest::default(),
            resource: Vec::new(),
        }
    }
}

/// Where the response goes. Longer than a program's own by nothing that matters.
const REDIRECT_URI: &str = "https://program-1000.example/callback";

/// Who is signed in, what they allowed and refused; then a new family with its code.
pub(super) async fn authorize(
    desk: Data<Desk>,
    request: HttpRequest,
) -> Result<HttpResponse, actix_web::Error> {
    let (now, desk) = (SystemClock.now(), desk.into_inner());
    let (cookie, client_id) = asked(&request).ok_or_else(|| ErrorBadRequest("cookie or client"))?;
    let digest = SecretKind::SessionCookie.digest_of(&cookie);
    let digest = digest.ok_or_else(|| ErrorBadRequest("cookie"))?;
    let client = client_id.clone();
    let (session, user) = desk
        .store
        .read(move |db| who(db, digest, &client))
        .await
        .map_err(ErrorInternalServerError)?;
    let (code, code_digest) = SecretKind::AuthorizationCode.issue(&SystemEntropy);
    let at_desk = Arc::clone(&desk);
    let written = desk.store.write(move |tx| {
        let family = family(&at_desk, tx, &session, &user, client_id, now)?;
        let begins = store::events::end(tx)?;
        store::token_families::insert(tx, &family, begins)?;
        let code = OneTimeCredential {
            digest: code_digest,
            kind: OneTimeKind::AuthorizationCode,
            parent: OneTimeParent::Family(family.id),
            expires_at: now + CODE,
            used_at: None,
        };
        store::one_time_credentials::insert(tx, &code)
    });
    written.await.map_err(ErrorInternalServerError)?;
    let to = format!("{REDIRECT_URI}?code={}&state=af0ifjsldkj", code.expose());
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, to))
        .finish())
}

/// What stands in the request, found without reading the rest of it.
fn asked(request: &HttpRequest) -> Option<(String, ClientId)> {
    let header = request.headers().get(COOKIE)?.to_str().ok()?;
    let (_, cookie) = header.split_once('=')?;
    let (_, rest) = request.query_string().split_once("client_id=")?;
    let client_id = rest.split('&').next()?;
    Some((cookie.to_owned(), ClientId::parse(client_id).ok()?))
}

fn who(
    db: &mut Connection,
    cookie: foundation::digest::TokenDigest,
    client_id: &ClientId,
) -> Result<(Session, User), Fault> {
    let found = store::sessions::find_by_cookie(db, cookie)?;
    let (session, user) = found.ok_or_else(|| Fault::broken("a session of the population"))?;
    store::grants::live(db, user.id, client_id)?;
    store::refusals::of(db, user.id, client_id)?;
    Ok((session, user))
}

fn family(
    desk: &Desk,
    tx: &mut Transaction<'_>,
    session: &Session,
    user: &User,
    client_id: ClientId,
    now: Instant,
) -> Result<TokenFamily, Fault> {
    let grant = store::grants::live(tx, user.id, &client_id)?;
    let grant = grant.ok_or_else(|| Fault::broken("a grant of the population"))?;
    store::subjects::find(tx, user.id, &Sector::Client(client_id.clone()).key())?;
    let minute = now.floor_to_minute();
    if session.last_seen_at < minute {
        store::sessions::touch(tx, session.id, minute, now + REFRESH)?;
    }
    if grant.last_used_at < minute {
        store::grants::touch(tx, grant.id, minute)?;
    }
    Ok(TokenFamily {
        id: FamilyId::new(now, &SystemEntropy),
        grant_id: grant.id,
        user_id: user.id,
        client_id,
        session_id: Some(session.id),
        origin: desk.origin(),
        authorized: desk.authorized(session),
        created_at: now,
        expires_at: now + REFRESH,
        ended: None,
    })
}

/// The family of the code with its parents, its redemption, its first refresh token; then two
/// signatures.
pub(super) async fn token(
    desk: Data<Desk>,
    work: Data<Work>,
    body: Bytes,
) -> Result<HttpResponse, actix_web::Error> {
    let now = SystemClock.now();
    let code = code_of(&body).ok_or_else(|| ErrorBadRequest("code"))?;
    let digest = SecretKind::AuthorizationCode.digest_of(code);
    let digest = digest.ok_or_else(|| ErrorBadRequest("code"))?;
    let (refresh, refresh_digest) = SecretKind::RefreshToken.issue(&SystemEntropy);
    let written = desk.store.write(move |tx| {
        let kind = OneTimeKind::AuthorizationCode;
        let found = store::one_time_credentials::find_with_family(tx, kind, digest)?;
        let (_, family) = found.ok_or_else(|| Fault::broken("a code of this ceiling"))?;
        let standing = store::token_families::standing(tx, &family, now)?;
        store::one_time_credentials::use_up(tx, kind, digest, now)?;
        note(
            tx,
            &family,
            standing.and_then(|standing| standing.participant),
            now,
        )?;
        let first = RefreshToken {
            digest: refresh_digest,
            family_id: family.id,
            number: 1,
            issued_at: now,
            expires_at: now + REFRESH,
            superseded: None,
            proof_key: None,
        };
        store::refresh_tokens::insert(tx, &first)
    });
    written.await.map_err(ErrorInternalServerError)?;
    let (access, id) = (work.sign()?, work.sign()?);
    let message = work.filling();
    Ok(json(format!(
        "{{\"access_token\":\"{message}.{access}\",\"token_type\":\"Bearer\",\"expires_in\":600,\
         \"scope\":\"{SCOPES}\",\"refresh_token\":\"{}\",\"id_token\":\"{message}.{id}\"}}",
        refresh.expose(),
    )))
}

/// Notes the participant as often as Portico does.
fn note(
    tx: &mut Transaction<'_>,
    family: &TokenFamily,
    known: Option<KnownParticipant>,
    now: Instant,
) -> Result<(), Fault> {
    let (session_id, client_id) = (family.authorized.session_id, family.client_id.clone());
    if let Some(known) = known {
        if now.since(known.last_at) >= Span::minutes(1) {
            store::participants::touch(tx, session_id, &client_id, now)?;
        }
        return Ok(());
    }
    let participant = Participant {
        session_id,
        client_id,
        // As long as a derived one.
        sid: "0123456789012345678901234567890123456789012".to_owned(),
        first_at: now,
        last_at: now,
        over_at: None,
    };
    if !store::participants::note(tx, &participant, "")?.is_first {
        return Ok(());
    }
    let by = ActedBy::client(family.client_id.clone(), None);
    let entry = AuditEntry::new(now, by, "session.joined")
        .of_user(family.user_id)
        .of_client(&participant.client_id)
        .with(serde_json::json!({ "session": participant.session_id }));
    store::audit::insert(tx, &entry, AuditId::new(now, &SystemEntropy))
}

fn code_of(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("code=")?;
    rest.split('&').next()
}
