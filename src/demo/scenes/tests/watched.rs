//! Nova and Market as the recorder sees them: what they send in a journey, and what is shown of it.

use std::sync::Arc;

use foundation::base64url;
use foundation::clock::{Instant, ManualClock, Span};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::{Answered, Asked, Notice, Party, Scenes};

/// The recorder, its clock, and who speaks.
pub(super) struct Watched {
    pub(super) scenes: Scenes,
    pub(super) clock: Arc<ManualClock>,
    pub(super) nova: Party,
    pub(super) market: Party,
}

/// A recorder that knows both.
pub(super) fn watched() -> Watched {
    let clock = Arc::new(ManualClock::at(Instant::from_seconds(1_800_000_000)));
    let party = |slug, name, is_host| Party {
        slug,
        name,
        client_id: format!("id-of-{slug}"),
        is_host,
    };
    let watched = Watched {
        scenes: Scenes::new(clock.clone()),
        clock,
        nova: party("nova", "Nova", true),
        market: party("market", "Market", false),
    };
    for party in [&watched.nova, &watched.market] {
        watched.scenes.introduce(&party.client_id, party.name);
    }
    watched
}

/// An event of a stream.
pub(super) fn event<'a>(name: &'a str, data: &'a Value) -> Notice<'a> {
    Notice::Event { name, data }
}

/// A JWT that says these claims; its signature is one of the secrets.
pub(super) fn jwt(claims: &Value) -> String {
    let piece = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let head = json!({ "alg": "RS256", "kid": "key-1", "typ": "at+jwt" });
    format!("{}.{}.c2lnbmF0dXJl", piece(&head), piece(claims))
}

impl Watched {
    pub(super) fn posts(
        &self,
        who: &Party,
        path: &str,
        form: &[(&str, &str)],
        answer: (u16, Value),
    ) {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(form);
        let request = http::Request::post(format!("http://portico.test{path}"))
            .body(text.finish().into_bytes())
            .expect("a request");
        self.send(who, request, answer);
    }

    pub(super) fn gets(&self, who: &Party, path: &str, token: Option<&str>, answer: (u16, Value)) {
        let mut request = http::Request::get(format!("http://portico.test{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(who, request.body(Vec::new()).expect("a request"), answer);
    }

    fn send(&self, who: &Party, request: openidconnect::HttpRequest, (status, body): (u16, Value)) {
        let (asked, began) = (Asked::of(&request), self.scenes.now());
        self.clock.advance(Span::millis(3));
        let body = body.to_string();
        let answer = Answered {
            status,
            body: body.as_bytes(),
        };
        self.scenes.record(who, &asked, began, Some(&answer));
    }

    /// A person signs in at Nova in the stay `sid`.
    pub(super) fn signs_in(&self, sid: &str) {
        let id_token = jwt(&json!({
            "iss": "http://portico.test", "sub": format!("ada in {sid}"), "aud": "id-of-nova", "sid": sid,
            "nonce": "nonce-1", "exp": 1_800_000_600, "iat": 1_800_000_000,
        }));
        self.posts(
            &self.nova,
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_secret", "secret-of-nova"),
                ("code", "code-of-the-sign-in"),
                ("code_verifier", "verifier-1"),
            ],
            (200, json!({
                "access_token": format!("opaque-access-of-nova {sid}"), "refresh_token": format!("refresh-of-nova {sid}"),
                "id_token": id_token, "expires_in": 600, "scope": "openid profile",
            })),
        );
    }

    /// Nova launches Market in it, and Market's backend redeems the code.
    pub(super) fn launches(&self, sid: &str) {
        let (code, market_sid) = (
            format!("code-of-the-launch {sid}"),
            format!("{sid} at market"),
        );
        self.posts(
            &self.nova,
            "/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("client_secret", "secret-of-nova"),
                ("subject_token", &format!("opaque-access-of-nova {sid}")),
                ("audience", "id-of-market"),
                ("nonce", "nonce-1"),
                ("code_challenge", "challenge-1"),
            ],
            (200, json!({ "access_token": code, "token_type": "N_A", "scope": "openid", "sid": market_sid })),
        );
        let access = jwt(&json!({
            "iss": "http://portico.test", "sub": "ada-at-market", "jti": "sealed-handle", "sid": market_sid,
            "cnf": { "jkt": "sealed-handle" }, "act": { "sub": "id-of-nova" },
        }));
        let id_token =
            jwt(&json!({ "sub": "ada-at-market", "sid": market_sid, "nonce": "nonce-1" }));
        self.posts(
            &self.market,
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_secret", "secret-of-market"),
                ("code", &code),
                ("code_verifier", "verifier-1"),
            ],
            (
                200,
                json!({
                    "access_token": access, "refresh_token": format!("refresh-of-market {sid}"),
                    "id_token": id_token, "token_type": "Bearer",
                }),
            ),
        );
        let userinfo = json!({ "sub": "ada-at-market", "name": "Ada Lindqvist", "phone_number": "+46705550142" });
        self.gets(&self.market, "/userinfo", Some(&access), (200, userinfo));
        self.posts(
            &self.market,
            "/token",
            &[("grant_type", "refresh_token"), ("refresh_token", &format!("refresh-of-market {sid}"))],
            (200, json!({ "access_token": format!("access-of-market {sid}"), "refresh_token": format!("refresh-of-later {sid}") })),
        );
        self.posts(
            &self.market,
            "/introspect",
            &[("token", &format!("access-of-market {sid}"))],
            (200, json!({ "active": true, "sub": "ada-at-market", "scope": "openid", "sid": market_sid })),
        );
    }

    pub(super) fn seen(&self, sid: &str) -> String {
        serde_json::to_string(&self.list(sid)).expect("JSON")
    }

    pub(super) fn list(&self, sid: &str) -> Vec<Value> {
        let seen = self.scenes.after(sid, 0);
        let seen = seen
            .iter()
            .map(|exchange| serde_json::to_value(exchange.as_ref()));
        seen.map(|value| value.expect("JSON")).collect()
    }

    pub(super) fn sentences(&self, sid: &str) -> Vec<String> {
        let list = self.list(sid).into_iter();
        list.map(|exchange| exchange["says"].as_str().expect("a sentence").to_owned())
            .collect()
    }
}
