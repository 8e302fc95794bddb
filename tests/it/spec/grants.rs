//! A grant whose recipient is not its requester: one file, which is this one, and one row. A host asks
//! for tokens for a mini-program, in a session of a person that has used the program before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::token_handle::OnBehalfOf;
use flow::administer::audit::{AuditQuery, ShownEntry};
use flow::answer::Answer;
use flow::answer_token_request::{
    BUILT_IN, GrantCall, GrantCallers, GrantHandler, GrantMakings, GrantTable, GrantTypeRow,
    Redeemed, Redeeming,
};
use flow::participant::take_part;
use flow::token_authorization::{IssuanceContext, ResourceOwner, TokenAuthorization};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, SessionId};
use keys::key_ring::{KeyRing, Keys};
use protocol::oauth_error::{OAuthError, invalid_request, invalid_target};
use protocol::scope::ScopeSet;
use protocol::token_request::TokenRequest;
use serde_json::{Value, json};
use store::Store;

use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::{World, jwt, on_postgres, on_sqlite};

/// The name of the grant.
const ERRAND: &str = "urn:example:grant-type:errand";

/// Its row, below those that there are.
const WITH_ERRANDS: GrantTable = GrantTable(&[
    BUILT_IN.0[0],
    BUILT_IN.0[1],
    BUILT_IN.0[2],
    GrantTypeRow {
        grant_type: ERRAND,
        callers: GrantCallers::Confidential,
        make: Errand::make,
    },
]);

struct Errand {
    store: Store,
    keys: Arc<Keys>,
    entropy: SharedEntropy,
}

/// What is asked for: for whom, in which session.
struct Asked {
    recipient: ClientId,
    session: SessionId,
    scope: Option<ScopeSet>,
}

impl Asked {
    fn read(request: &TokenRequest<'_>) -> Result<Self, OAuthError> {
        let unknown = |_| invalid_target("there is no such program");
        let no_session = |_| invalid_request("it is not a session");
        Ok(Self {
            recipient: ClientId::parse(request.required("audience")?).map_err(unknown)?,
            session: request.required("session")?.parse().map_err(no_session)?,
            scope: request.scope()?,
        })
    }

    fn authorize(
        self,
        tx: &mut store::Transaction<'_>,
        keys: &KeyRing,
        context: &IssuanceContext,
        audit: AuditId,
    ) -> Result<Answer<TokenAuthorization>, Fault> {
        let refused = |why| {
            Ok(Answer::Refused(
                invalid_target("not available").because(why),
            ))
        };
        let Some(recipient) = store::clients::find(tx, &self.recipient)? else {
            return refused("there is no such program");
        };
        let session = store::sessions::find(tx, self.session)?;
        let Some(session) = session.filter(|session| session.ended.is_none()) else {
            return refused("the session has ended");
        };
        let Some(grant) = store::grants::live(tx, session.user_id, &recipient.id)? else {
            return refused("the person never allowed it anything");
        };
        let allowed = grant.scopes.names();
        let scope = match self.scope {
            Some(asked) => asked.intersection(&allowed),
            None => allowed.clone(),
        };
        let person = ResourceOwner {
            handle: OnBehalfOf {
                user_id: session.user_id,
                grant_id: grant.id,
                session_id: Some(session.id),
                family_id: None,
            },
            authorized_in: session.id,
            authentication: session.authentication,
            sid: None,
            nonce: None,
            named: BTreeMap::new(),
            authorized_scope: scope.clone(),
            grant_scope: allowed,
        };
        let mut authorization = TokenAuthorization {
            recipient: Arc::new(recipient),
            resource_owner: Some(person),
            actor: Some(context.requester.id.clone()),
            until: session.expires_at,
            ..TokenAuthorization::of_requester(context, scope, Vec::new())
        };
        take_part(tx, keys, &mut authorization, None, audit)?;
        Ok(Answer::Given(authorization))
    }
}

impl Errand {
    fn make(makings: &GrantMakings<'_>) -> Box<dyn GrantHandler> {
        Box::new(Self {
            store: makings.parts.store.clone(),
            keys: Arc::clone(&makings.parts.keys),
            entropy: Arc::clone(&makings.parts.entropy),
        })
    }
}

impl GrantHandler for Errand {
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a> {
        Box::pin(async {
            let asked = match Asked::read(&call.request) {
                Ok(asked) => asked,
                Err(error) => return Ok(Answer::Refused(error)),
            };
            let (context, keys) = (call.context.clone(), self.keys.current());
            let audit = AuditId::new(context.now, self.entropy.as_ref());
            let written = self
                .store
                .write(move |tx| asked.authorize(tx, &keys, &context, audit));
            Ok(written.await?.value.map(Redeemed::Authorized))
        })
    }
}

/// Makes two tests of each function, one per database, in a world that has errands.
macro_rules! in_worlds_with_errands {
    ($(fn $name:ident($world:ident: &World) $body:block)*) => {$(
        fn $name($world: &World) $body

        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                on_sqlite(|database| World::granting(database, WITH_ERRANDS), super::$name);
            }

            #[test]
            fn postgres() {
                on_postgres(|database| World::granting(database, WITH_ERRANDS), super::$name);
            }
        }
    )*};
}

fn a_host(w: &World) -> Program {
    w.client(json!({
        "portico:host": true, "client_name": "Nova",
        "grant_types": ["authorization_code", "refresh_token", ERRAND],
    }))
}

/// A program that wants its tokens signed otherwise than the host does.
fn a_market(w: &World) -> Program {
    w.mini_program_with(
        "market",
        "openid profile.basic",
        json!({
            "id_token_signed_response_alg": "PS256", "access_token_signed_response_alg": "RS256",
        }),
    )
}

fn sends(host: &Program, session: &str, program: &Program, more: &[(&str, &str)]) -> Tokens {
    Tokens::of(&asks(host, session, program, more))
}

fn asks(
    host: &Program,
    session: &str,
    program: &Program,
    more: &[(&str, &str)],
) -> crate::world::reply::Reply {
    let mut form = vec![
        ("grant_type", ERRAND.to_owned()),
        ("session", session.to_owned()),
        ("audience", program.id.clone()),
    ];
    form.extend(
        more.iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    host.token(&form)
}

/// Ada has used the program at home; then she signs in on her phone, into the host.
fn on_her_phone(w: &World, program: &Program, host: &Program) -> (Tokens, Person, String) {
    let at_home = w.person("ada");
    let of_before = at_home.uses(program);
    let known = at_home.sessions();
    let phone = at_home.with_another_browser();
    phone.uses(host);
    let sessions = phone.sessions().into_iter();
    let session = sessions
        .filter(|id| !known.contains(id))
        .collect::<Vec<_>>();
    (of_before, phone, session[0].clone())
}

in_worlds_with_errands! {
    fn tokens_are_signed_and_named_for_their_recipient(w: &World) {
        let (host, market) = (a_host(w), a_market(w));
        let (of_before, _, session) = on_her_phone(w, &market, &host);
        let tokens = sends(&host, &session, &market, &[]);

        let id_token = tokens.id_token.as_deref().expect("an id_token");
        assert_eq!(jwt::header(id_token)["alg"], "PS256");
        assert_eq!(jwt::header(&tokens.access)["alg"], "RS256");
        let (access, before) = (jwt::payload(&tokens.access), jwt::payload(&of_before.access));
        for same in ["sub", "aud", "client_id", "iss"] {
            assert_eq!(access[same], before[same], "{same}");
        }
        assert_eq!(access["client_id"], market.id);
        assert_eq!(access["scope"], "openid profile.basic", "the default is the recipient's");
        assert_eq!(access["act"], json!({ "sub": host.id }));
        assert_eq!(before.get("act"), None);
        let claims = tokens.claims();
        assert_eq!((&claims["sub"], &claims["aud"]), (&access["sub"], &json!(market.id)));
        assert_ne!(claims["sid"], of_before.claims()["sid"], "it is another session");
        assert_eq!(tokens.refresh, None);
    }

    fn a_token_is_the_business_of_its_recipient(w: &World) {
        let (host, market) = (a_host(w), a_market(w));
        let (of_before, phone, session) = on_her_phone(w, &market, &host);
        let tokens = sends(&host, &session, &market, &[("scope", "profile.basic openid")]);
        let told = market.introspects(&tokens.access).json();
        assert_eq!((&told["active"], &told["act"]), (&json!(true), &json!({ "sub": host.id })));
        assert!(!host.finds_active(&tokens.access));
        let shared = market.userinfo(&tokens.access).json();
        assert_eq!(shared["sub"], told["sub"]);
        assert!(shared["name"].is_string(), "{shared}");
        phone.signs_out();
        assert!(!market.finds_active(&tokens.access), "it dies with its session");
        assert!(market.finds_active(&of_before.access));
        let late = asks(&host, &session, &market, &[]);
        assert_eq!(late.error(), "400 invalid_target");
    }

    fn the_audit_names_both_and_whoever_takes_part_is_the_recipient(w: &World) {
        let (host, market) = (a_host(w), a_market(w));
        let (_, _, session) = on_her_phone(w, &market, &host);
        sends(&host, &session, &market, &[]);
        sends(&host, &session, &market, &[]);
        let (_, programs) = w.operator(w.administration().show_session(&session));
        let programs: BTreeSet<_> = programs.iter().map(|p| p.client_id.to_string()).collect();
        assert_eq!(programs, [host.id.clone(), market.id.clone()].into());
        let about = AuditQuery {
            client: Some(market.id.clone()),
            action: Some("session.joined".to_owned()),
            limit: 100,
            ..AuditQuery::default()
        };
        let page = w.operator(w.administration().audit(about));
        let joined: Vec<Value> = page.rows.iter().map(ShownEntry::to_json).collect();
        assert_eq!(joined.len(), 2, "once in a session: {joined:?}");
        let (on_phone, at_home): (Vec<&Value>, Vec<&Value>) =
            joined.iter().partition(|entry| entry["detail"]["session"] == session);
        let on_phone = on_phone[0];
        assert_eq!((&on_phone["actor"], &on_phone["identity"]), (&json!("client"), &json!(host.id)));
        assert_eq!((&on_phone["client"], &on_phone["user"]), (&json!(market.id), &json!("ada")));
        assert_eq!(on_phone["from"], json!({ "address": "127.0.0.1" }));
        assert_eq!(at_home[0]["identity"], json!(market.id), "there it asked for itself");
    }

    fn phases_are_the_same_for_every_grant(w: &World) {
        let (host, market) = (a_host(w), a_market(w));
        let (_, _, session) = on_her_phone(w, &market, &host);
        assert_eq!(asks(&market, &session, &market, &[]).error(), "400 unauthorized_client");
        let taxi = w.mini_program("taxi", "openid");
        assert_eq!(asks(&host, &session, &taxi, &[]).error(), "400 invalid_target");
        let narrow = sends(&host, &session, &market, &[("scope", "profile.basic phone.verified")]);
        assert_eq!(narrow.scope, "profile.basic");
        market.is_suspended();
        assert_eq!(asks(&host, &session, &market, &[]).error(), "400 invalid_target");
        let supported = w.get("/.well-known/openid-configuration").json();
        let supported = supported["grant_types_supported"].as_array().expect("a list").clone();
        assert_eq!(supported.last(), Some(&json!(ERRAND)));
    }
}

#[test]
fn without_its_row_there_is_no_such_grant() {
    on_sqlite(World::new, |w| {
        let metadata = json!({
            "redirect_uris": ["https://nova.example/cb"], "grant_types": ["authorization_code", ERRAND],
        });
        let said = w.refuses(w.administration().add_client(&metadata));
        assert_eq!(said, format!("grant_types: {ERRAND} is not supported"));
        let shop = w.client(json!({}));
        let form = [("grant_type", ERRAND.to_owned())];
        assert_eq!(shop.token(&form).error(), "400 unsupported_grant_type");
    });
}
