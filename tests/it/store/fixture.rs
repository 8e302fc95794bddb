//! People, clients and what they give each other, as rows to begin a test with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::authentication::Authentication;
use domain::client::{Client, ClientSecret};
use domain::consent::{DecisionKind, Receipt, ReceiptContent};
use domain::event::LoggedEvent;
use domain::grant::{Grant, GrantedScopes, PurposeVersion};
use domain::log_history::LogCursor;
use domain::mini_program::MiniProgramState;
use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::participant::Participant;
use domain::refresh_retry::RefreshToken;
use domain::session::Session;
use domain::token_family::{Authorized, CodeOrigin, Origin, TokenFamily};
use domain::token_handle::{OnBehalfOf, TokenHandle};
use domain::user::User;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::SeededEntropy;
use foundation::id::{
    ClientId, CredentialId, FamilyId, GrantId, HistoryId, Position, ReceiptId, SessionId, UserId,
};
use protocol::claim::ClaimsRequest;
use protocol::client_metadata::{ClientMetadata, parse_metadata};
use protocol::dpop::KeyThumbprint;
use protocol::scope::{ScopeName, ScopeSet};
use serde_json::json;
use store::{Store, Transaction};

pub(super) const NOW: Instant = Instant::from_millis(1_795_205_032_000);

static SEED: AtomicU64 = AtomicU64::new(1);

/// Bytes that are new each time.
pub(super) fn entropy() -> SeededEntropy {
    SeededEntropy::new(SEED.fetch_add(1, Ordering::SeqCst))
}

/// A digest that is new each time.
pub(super) fn digest() -> TokenDigest {
    TokenDigest::of(&format!("digest {}", SEED.fetch_add(1, Ordering::SeqCst)))
}

pub(super) fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).expect("scopes")
}

/// The cursor of who has read a log up to a position.
pub(super) fn read_to(store: &Store, position: Position) -> LogCursor {
    let look = |db: &mut _| store::histories::look(db, position);
    let view = store.read_blocking(look).expect("the log is read");
    view.at(position)
}

pub(super) fn user() -> User {
    let id = UserId::new(NOW, &entropy());
    User {
        id,
        username: format!("user-{id}"),
        password_hash: Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned()),
        language: None,
        disabled_at: None,
        created_at: NOW,
    }
}

pub(super) fn metadata(name: &str) -> ClientMetadata {
    parse_metadata(&json!({
        "redirect_uris": ["https://shop.example/cb"],
        "client_name": name,
        "grant_types": ["authorization_code", "refresh_token"],
    }))
    .expect("metadata")
}

pub(super) fn client() -> Client {
    let secret = ClientSecret {
        id: CredentialId::new(NOW, &entropy()),
        digest: digest(),
        created_at: NOW,
    };
    Client {
        id: ClientId::random(&entropy()),
        metadata: metadata("Shop"),
        state: MiniProgramState::Released,
        publisher: None,
        secrets: vec![secret],
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn session(user: &User) -> Session {
    Session {
        id: SessionId::new(NOW, &entropy()),
        user_id: user.id,
        authentication: Authentication::by_password(NOW),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + Span::days(30),
        user_agent: "Mozilla/5.0".to_owned(),
        ended: None,
    }
}

pub(super) fn granted(names: &str) -> GrantedScopes {
    let mut granted = GrantedScopes::default();
    for name in names.split(' ') {
        let name = ScopeName::parse(name).expect("a scope");
        granted.allow(name, PurposeVersion("p1".to_owned()), NOW);
    }
    granted
}

pub(super) fn grant(user: &User, client: &Client) -> Grant {
    Grant {
        id: GrantId::new(NOW, &entropy()),
        user_id: user.id,
        client_id: client.id.clone(),
        scopes: granted("openid profile"),
        created_at: NOW,
        updated_at: NOW,
        last_used_at: NOW,
        ended_at: None,
    }
}

pub(super) fn family(grant: &Grant, session: &Session, offline: bool) -> TokenFamily {
    TokenFamily {
        id: FamilyId::new(NOW, &entropy()),
        grant_id: grant.id,
        user_id: grant.user_id,
        client_id: grant.client_id.clone(),
        session_id: (!offline).then_some(session.id),
        origin: Origin::Code(CodeOrigin {
            redirect_uri: "https://shop.example/cb".to_owned(),
            redirect_uri_given: true,
            code_challenge: None,
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
            dpop_jkt: Some(KeyThumbprint::new([9; 32])),
        }),
        authorized: Authorized {
            scope: scopes("openid profile"),
            authentication: Authentication::by_password(NOW),
            session_id: session.id,
            claims: ClaimsRequest::default(),
            resource: vec!["https://orders.example/".to_owned()],
        },
        created_at: NOW,
        expires_at: NOW + Span::days(365),
        ended: None,
    }
}

/// A code of a family.
pub(super) fn code(family: &TokenFamily, digest: TokenDigest) -> OneTimeCredential {
    OneTimeCredential {
        digest,
        kind: OneTimeKind::AuthorizationCode,
        parent: OneTimeParent::Family(family.id),
        expires_at: NOW + Span::seconds(60),
        used_at: None,
    }
}

/// A client that gets tokens in a session now.
pub(super) fn participant(session: &Session, client: &Client) -> Participant {
    Participant {
        session_id: session.id,
        client_id: client.id.clone(),
        sid: format!("sid of {}", client.id),
        first_at: NOW,
        last_at: NOW,
        over_at: None,
    }
}

pub(super) fn refresh_token(family: &TokenFamily) -> RefreshToken {
    RefreshToken {
        digest: digest(),
        family_id: family.id,
        number: 1,
        issued_at: NOW,
        expires_at: NOW + Span::days(30),
        superseded: None,
        proof_key: None,
    }
}

pub(super) fn receipt(home: &Household) -> Receipt {
    let openid = ScopeName::parse("openid").expect("a scope");
    Receipt {
        id: ReceiptId::new(NOW, &entropy()),
        user_id: home.user.id,
        client_id: home.client.id.clone(),
        grant_id: Some(home.grant.id),
        decided_at: NOW,
        content: ReceiptContent {
            client_name: "Shop".to_owned(),
            publisher: Some(("Shops & Sons".to_owned(), true)),
            allowed: scopes("openid"),
            refused: scopes("email"),
            purposes: BTreeMap::from([(openid, "to know you".to_owned())]),
            kind: DecisionKind::Consented,
        },
    }
}

/// One person who has signed in and authorized one client.
pub(super) struct Household {
    pub(super) user: User,
    pub(super) client: Client,
    pub(super) session: Session,
    pub(super) cookie: TokenDigest,
    pub(super) grant: Grant,
    pub(super) family: TokenFamily,
    pub(super) code: TokenDigest,
}

impl Household {
    pub(super) fn new(store: &Store) -> Self {
        Self::with(store, false)
    }

    /// Whose family does not hang on the session.
    pub(super) fn offline(store: &Store) -> Self {
        Self::with(store, true)
    }

    fn with(store: &Store, offline: bool) -> Self {
        let (user, client) = (user(), client());
        let (session, grant) = (session(&user), grant(&user, &client));
        let family = family(&grant, &session, offline);
        let household = Self {
            user,
            client,
            session,
            cookie: digest(),
            grant,
            family,
            code: digest(),
        };
        write(store, {
            let (user, client) = (household.user.clone(), household.client.clone());
            let (session, cookie) = (household.session.clone(), household.cookie);
            let (grant, family) = (household.grant.clone(), household.family.clone());
            let code = self::code(&household.family, household.code);
            move |tx| {
                store::users::insert(tx, &user)?;
                store::clients::insert(tx, &client)?;
                store::sessions::insert(tx, &session, cookie)?;
                store::grants::insert(tx, &grant)?;
                let begins = store::events::end(tx)?;
                store::token_families::insert(tx, &family, begins)?;
                store::one_time_credentials::insert(tx, &code)
            }
        });
        household
    }

    /// The handle of an access token that was issued at a position.
    pub(super) fn handle(&self, position: Position) -> TokenHandle {
        TokenHandle {
            client_id: self.client.id.clone(),
            on_behalf_of: Some(OnBehalfOf {
                user_id: self.user.id,
                grant_id: self.grant.id,
                session_id: self.family.session_id,
                family_id: Some(self.family.id),
            }),
            number: 1,
            history: HistoryId::BEFORE,
            position,
            opens_userinfo: true,
        }
    }
}

/// Writes, and expects that it works.
pub(super) fn write<T: Send + 'static>(
    store: &Store,
    f: impl FnOnce(&mut Transaction<'_>) -> Result<T, foundation::fault::Fault> + Send + 'static,
) -> T {
    let written = store.write_blocking(f);
    written
        .unwrap_or_else(|fault| panic!("{}", fault.chain()))
        .value
}

/// What the log says after a position.
pub(super) fn logged(store: &Store, after: Position) -> Vec<LoggedEvent> {
    let after = read_to(store, after);
    let page = store.tail().and_then(|mut log| log.poll(&after, 1000));
    page.unwrap_or_else(|fault| panic!("{}", fault.chain()))
        .events
}

/// Reads, and expects that it works.
pub(super) fn read<T>(
    store: &Store,
    f: impl FnOnce(&mut store::Connection) -> Result<T, foundation::fault::Fault>,
) -> T {
    let read = store.read_blocking(f);
    read.unwrap_or_else(|fault| panic!("{}", fault.chain()))
}
