//! A tiny Portico for tests: discovery, an authorization endpoint that asks nobody, tokens,
//! introspection, userinfo. What it answers is set by the test; what it is asked is checked.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use foundation::base64url;
use foundation::clock::{Clock as _, SystemClock};
use foundation::digest::sha256;
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreGenderClaim, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AdditionalClaims, IdTokenClaims, JsonWebKeyId, PrivateSigningKey as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// What the mock answers at the moment.
pub(crate) struct Mood {
    /// What the person grants, besides `openid`.
    pub(crate) scopes: Vec<&'static str>,
    /// The `error` of the next authorization response.
    pub(crate) refuse: Option<&'static str>,
    /// The `iss` of authorization responses, where it is not the issuer.
    pub(crate) wrong_iss: Option<&'static str>,
    /// The `nonce` of id_tokens, where it is not the request's.
    pub(crate) wrong_nonce: bool,
    /// The number of the signing key; the JWKS has only this one.
    pub(crate) key: u8,
    /// Whether the session lives.
    pub(crate) alive: bool,
    /// The first access token, by number, that has not run out.
    pub(crate) first_active: u32,
    /// The released programs: their slugs and names.
    pub(crate) programs: Vec<(&'static str, &'static str)>,
    /// The `sid` of id_tokens.
    pub(crate) sid: &'static str,
    /// What the event stream says next, as it is sent; it ends after that.
    pub(crate) events: String,
    /// From where it was asked to go on, the last time.
    pub(crate) last_event_id: Option<String>,
    issued: u32,
    codes: HashMap<String, Value>,
    /// The parameters of the last authorization request.
    pub(crate) asked: HashMap<String, String>,
    /// How often introspection was asked.
    pub(crate) introspections: u32,
}

impl Mood {
    fn is_active(&self, token: &str) -> bool {
        let number = token.strip_prefix("access-");
        let number = number.and_then(|n| n.parse::<u32>().ok());
        self.alive && number.is_some_and(|n| n >= self.first_active)
    }
}

/// A running mock.
pub(crate) struct MockPortico {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: Url,
    mood: Arc<Mutex<Mood>>,
    server: ServerHandle,
}

struct Served {
    issuer: String,
    mood: Arc<Mutex<Mood>>,
}

/// The claim that the `openidconnect` crate does not name.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Sid {
    sid: String,
}

impl AdditionalClaims for Sid {}

type ClaimsWithSid = IdTokenClaims<Sid, CoreGenderClaim>;
type IdToken = openidconnect::IdToken<
    Sid,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

const SUBJECT: &str = "ada-at-this-program";
/// `client:secret` (RFC 7617 §2).
const BASIC: &str = "Basic Y2xpZW50OnNlY3JldA==";

impl MockPortico {
    /// Starts one on a free port. The person grants everything that Market asks for.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let issuer = format!("http://portico.superapp.localhost:{}", address.port());
        let mood = Arc::new(Mutex::new(Mood {
            scopes: vec!["profile.basic", "phone.verified"],
            refuse: None,
            wrong_iss: None,
            wrong_nonce: false,
            key: 1,
            alive: true,
            first_active: 1,
            programs: vec![("market", "Market"), ("taxi", "Taxi")],
            sid: "sid-1",
            events: String::new(),
            last_event_id: None,
            issued: 0,
            codes: HashMap::new(),
            asked: HashMap::new(),
            introspections: 0,
        }));
        let served = web::Data::new(Served {
            issuer: issuer.clone(),
            mood: Arc::clone(&mood),
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(served.clone())
                .route(
                    "/.well-known/openid-configuration",
                    web::get().to(discovery),
                )
                .route(
                    "/.well-known/portico-configuration",
                    web::get().to(configuration),
                )
                .route("/jwks", web::get().to(jwks))
                .route("/authorize", web::get().to(authorize))
                .route("/token", web::post().to(token))
                .route("/introspect", web::post().to(introspect))
                .route("/userinfo", web::get().to(userinfo))
                .route("/mini-programs", web::get().to(mini_programs))
                .route("/session-events", web::get().to(session_events))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("a listener")
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let issuer = Url::parse(&issuer).expect("a url");
        Self {
            address,
            issuer,
            mood,
            server: handle,
        }
    }

    /// What it answers, to look at or to change.
    pub(crate) fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood
            .lock()
            .expect("no test panics while it holds this")
    }

    /// A logout token for `client` as Portico makes them, but for what `change` changes.
    pub(crate) fn logout_token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let now = SystemClock.now().seconds();
        let key = self.mood().key;
        let issuer = self.issuer.origin().ascii_serialization();
        let mut header =
            json!({ "alg": "EdDSA", "typ": "logout+jwt", "kid": format!("key-{key}") });
        let mut claims = json!({
            "iss": issuer, "aud": "client", "iat": now, "exp": now + 120, "jti": "j",
            "sub": SUBJECT, "sid": self.mood().sid,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        change(&mut header, &mut claims);
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = signing_key(key).sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes());
        format!(
            "{signed}.{}",
            base64url::encode(&signature.expect("signed"))
        )
    }

    /// Stops answering.
    pub(crate) async fn stop(&self) {
        self.server.stop(false).await;
    }
}

impl Served {
    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood
            .lock()
            .expect("no test panics while it holds this")
    }
}

async fn discovery(served: web::Data<Served>) -> HttpResponse {
    let at = &served.issuer;
    HttpResponse::Ok().json(json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "userinfo_endpoint": format!("{at}/userinfo"),
        "introspection_endpoint": format!("{at}/introspect"),
        "end_session_endpoint": format!("{at}/logout"),
        "jwks_uri": format!("{at}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

async fn jwks(served: web::Data<Served>) -> HttpResponse {
    let key = signing_key(served.mood().key).as_verification_key();
    HttpResponse::Ok().json(CoreJsonWebKeySet::new(vec![key]))
}

/// An Ed25519 key whose seed is one number, over and over.
fn signing_key(number: u8) -> CoreEdDsaPrivateSigningKey {
    // The ASN.1 that precedes the seed in PKCS #8 (RFC 8410 §7).
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend([number; 32]);
    let base64 = base64url::encode(&der).replace('-', "+").replace('_', "/");
    let label = "PRIVATE KEY";
    let pem = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    let kid = JsonWebKeyId::new(format!("key-{number}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(kid)).expect("a key")
}

async fn configuration(served: web::Data<Served>) -> HttpResponse {
    let at = &served.issuer;
    HttpResponse::Ok().json(json!({
        "account_uri": format!("{at}/account"),
        "session_events_endpoint": format!("{at}/session-events"),
        "mini_programs_endpoint": format!("{at}/mini-programs"),
        "bridge_uri": format!("{at}/static/bridge/portico.js?v=1"),
        "bridge_integrity": "sha384-x",
    }))
}

/// Says what there is to say, and ends.
async fn session_events(served: web::Data<Served>, request: HttpRequest) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    assert_eq!(
        header("authorization").as_deref(),
        Some("Bearer for-events")
    );
    let mut mood = served.mood();
    mood.last_event_id = header("last-event-id");
    let said = std::mem::take(&mut mood.events);
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .body(format!("retry: 20\n\n{said}"))
}

/// One program a page, as a home screen gets them.
async fn mini_programs(
    served: web::Data<Served>,
    request: HttpRequest,
    query: web::Query<HashMap<String, String>>,
) -> HttpResponse {
    let mood = served.mood();
    let bearer = request.headers().get("authorization");
    let token = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if !token.is_some_and(|token| mood.is_active(token)) {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_token"}));
    }
    let number: usize = query
        .get("after")
        .map_or(0, |after| after.parse().expect("a number"));
    let Some((slug, name)) = mood.programs.get(number) else {
        return HttpResponse::Ok().json(json!({"mini_programs": []}));
    };
    let at = format!("http://{slug}.localhost:8080");
    HttpResponse::Ok().json(json!({
        "mini_programs": [{
            "client_id": format!("id-of-{slug}"), "client_name": name, "entry_uri": format!("{at}/open"),
            "origins": [at], "scope": "openid profile.basic phone.verified", "launch_types": ["code"],
            "state": "released", "publisher": {"name": "Makers", "verified": false},
        }],
        "next": (number + 1).to_string(),
    }))
}

async fn authorize(
    served: web::Data<Served>,
    query: web::Query<HashMap<String, String>>,
) -> HttpResponse {
    let mut mood = served.mood();
    let asked = query.into_inner();
    let mut back = Url::parse(&asked["redirect_uri"]).expect("a redirect_uri");
    let iss = mood.wrong_iss.unwrap_or(&served.issuer).to_owned();
    back.query_pairs_mut()
        .append_pair("state", &asked["state"])
        .append_pair("iss", &iss);
    match mood.refuse.take() {
        Some(error) => {
            back.query_pairs_mut().append_pair("error", error);
        }
        None => {
            let code = format!("code-{}", mood.codes.len());
            let kept = json!({
                "nonce": asked["nonce"], "challenge": asked["code_challenge"], "uri": asked["redirect_uri"],
            });
            mood.codes.insert(code.clone(), kept);
            back.query_pairs_mut().append_pair("code", &code);
        }
    }
    assert_eq!(asked["code_challenge_method"], "S256");
    mood.asked = asked;
    HttpResponse::Found()
        .insert_header(("location", back.as_str()))
        .finish()
}

async fn token(
    served: web::Data<Served>,
    request: HttpRequest,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    let mut mood = served.mood();
    if !authenticated(&request) {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    }
    let refused = || HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    let nonce = match form["grant_type"].as_str() {
        "client_credentials" if form["scope"] == "portico:events" => {
            return HttpResponse::Ok().json(json!({
                "access_token": "for-events", "token_type": "Bearer", "expires_in": 600,
            }));
        }
        "authorization_code" => {
            let Some(kept) = mood.codes.remove(&form["code"]) else {
                return refused();
            };
            let challenge = base64url::encode(&sha256(form["code_verifier"].as_bytes()));
            if kept["challenge"] != challenge || kept["uri"] != form["redirect_uri"] {
                return refused();
            }
            kept["nonce"].as_str().map(str::to_owned)
        }
        "refresh_token" if mood.alive && form["refresh_token"] == "refresh" => None,
        _ => return refused(),
    };
    mood.issued += 1;
    let access_token = format!("access-{}", mood.issued);
    let mut answer = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": 600,
        "refresh_token": "refresh", "scope": scope(&mood),
    });
    if let Some(nonce) = nonce {
        let nonce = if mood.wrong_nonce {
            "another".to_owned()
        } else {
            nonce
        };
        answer["id_token"] = json!(id_token(&served.issuer, &mood, &access_token, nonce));
    }
    HttpResponse::Ok().json(answer)
}

fn id_token(issuer: &str, mood: &Mood, access_token: &str, nonce: String) -> String {
    let now = SystemClock.now().seconds();
    let claims: ClaimsWithSid = serde_json::from_value(json!({
        "iss": issuer, "sub": SUBJECT, "aud": "client", "nonce": nonce, "iat": now, "exp": now + 600,
        "sid": mood.sid,
    }))
    .expect("claims");
    let key = signing_key(mood.key);
    let access_token = AccessToken::new(access_token.to_owned());
    IdToken::new(
        claims,
        &key,
        CoreJwsSigningAlgorithm::EdDsa,
        Some(&access_token),
        None,
    )
    .expect("signed")
    .to_string()
}

async fn introspect(
    served: web::Data<Served>,
    request: HttpRequest,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    let mut mood = served.mood();
    mood.introspections += 1;
    if !authenticated(&request) {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    }
    HttpResponse::Ok().json(if mood.is_active(&form["token"]) {
        json!({"active": true, "sub": SUBJECT, "scope": scope(&mood)})
    } else {
        json!({"active": false})
    })
}

async fn userinfo(served: web::Data<Served>) -> HttpResponse {
    let mood = served.mood();
    let ada = crate::people::people().remove(0).profile;
    let mut claims = json!({"sub": SUBJECT});
    for scope in &mood.scopes {
        let names: &[&str] = match *scope {
            "profile.basic" => &["name", "nickname"],
            "phone.verified" => &["phone_number"],
            "kyc.status" => &["kyc"],
            other => &[other],
        };
        for name in names {
            claims[name] = ada[name].clone();
        }
    }
    HttpResponse::Ok().json(claims)
}

fn authenticated(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("authorization")
        .is_some_and(|value| value == BASIC)
}

fn scope(mood: &Mood) -> String {
    format!("openid {}", mood.scopes.join(" "))
}
