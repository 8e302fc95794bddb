//! What the real binary tells about itself, at the level that tells most: the log of a whole story
//! holds no secret of anybody, and not who a person is inside.

use std::collections::BTreeMap;
use std::sync::Arc;

use flow::administer::users::NewUser;
use foundation::clock::{Clock as _, SystemClock};
use foundation::entropy::SystemEntropy;
use foundation::secret::SecretText;
use portico::app::App;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::crash::server::Place;
use crate::database::Database;
use crate::world::browser::form_body;
use crate::world::jwt::{self, ASSERTION_TYPE, ClientKey};
use crate::world::operator;
use crate::world::{html, person};

mod lines;
mod numbers;
mod web_tickets;

const PASSWORD: &str = "open sesame, difference engine";
const WRONG_PASSWORD: &str = "open sesame, analytical engine";
const VERIFIER: &str = "a-verifier-that-nobody-else-has-and-that-is-long-enough";
const CALLBACK: &str = "https://shop.example/callback";
/// The shortest value that could be a secret.
const LONG: usize = 16;
/// So much of a secret's beginning or end is as good as the whole: the rest could be guessed.
const PART: usize = 20;

/// A browser and a backend in one, who remember every secret that they send or get.
struct Story {
    runtime: Runtime,
    http: reqwest::Client,
    base: String,
    issuer: String,
    cookies: BTreeMap<String, String>,
    /// What must not be logged, and what it is.
    secrets: BTreeMap<String, String>,
}

struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Story {
    fn new(place: &Place) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            http: http.build().expect("a client"),
            base: format!("http://{}", place.address),
            issuer: place.issuer(),
            cookies: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }
    }

    fn keeps(&mut self, what: &str, secret: &str) {
        assert!(!secret.is_empty(), "{what}");
        self.secrets.insert(secret.to_owned(), what.to_owned());
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("{}{path}", self.base))
    }

    fn sends(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let request = request.header("cookie", pairs.join("; "));
        let (status, headers, body) = self.runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            (status, headers, answer.text().await.expect("all of it"))
        });
        let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
        for cookie in headers.get_all("set-cookie").iter().map(text) {
            let pair = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
            if value.len() >= LONG {
                self.keeps(&format!("the cookie {name}"), value);
            }
        }
        let answer = Answer {
            status,
            location: headers.get("location").map(text),
            body,
        };
        self.keeps_what_it_got(&answer);
        answer
    }

    /// The secrets in an answer: what a page's form carries, what an address does, and tokens.
    fn keeps_what_it_got(&mut self, answer: &Answer) {
        if answer.body.starts_with('<') {
            for input in html::forms(&answer.body)
                .into_iter()
                .flat_map(|form| form.inputs)
            {
                if input.kind == "hidden" && input.value.len() >= LONG {
                    self.keeps(&format!("the field {}", input.name), &input.value);
                }
            }
        }
        let base = url::Url::parse(&self.issuer).expect("an address");
        let location = answer.location.as_deref().and_then(|to| base.join(to).ok());
        for (name, value) in location.iter().flat_map(url::Url::query_pairs) {
            if name != "iss" && value.len() >= LONG {
                self.keeps(&format!("{name} of an address"), &value);
            }
        }
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        for name in ["access_token", "refresh_token", "id_token", "jti", "sid"] {
            if let Some(text) = json[name].as_str() {
                self.keeps(name, text);
            }
        }
    }

    /// GET, and on to where our own redirects lead.
    fn opens(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path);
        let answer = self.sends(request);
        let on = answer.location.as_deref().and_then(|to| self.own_path(to));
        match on {
            Some(path) => self.opens(&path),
            None => answer,
        }
    }

    fn own_path(&self, location: &str) -> Option<String> {
        let path = location.strip_prefix(&self.issuer).unwrap_or(location);
        path.starts_with('/').then(|| path.to_owned())
    }

    /// Presses a button of a page, with these fields changed.
    fn presses(&mut self, page: &Answer, button: &str, typed: &[(&str, &str)]) -> Answer {
        let forms = html::forms(&page.body);
        let has_it = |form: &&html::Form| form.buttons.iter().any(|b| b.id == button);
        let form = forms.iter().find(has_it);
        let form = form.unwrap_or_else(|| panic!("no {button}: {}", html::words(&page.body)));
        let mut fields = Vec::new();
        for input in &form.inputs {
            let new = typed.iter().find(|(name, _)| *name == input.name);
            let value = new.map_or(input.value.as_str(), |(_, value)| value);
            fields.push((input.name.clone(), value.to_owned()));
        }
        for pressed in form.buttons.iter().filter(|b| b.id == button) {
            fields.push((pressed.name.clone(), pressed.value.clone()));
        }
        let request = form_body(self.request("POST", &form.action), &fields);
        let answer = self.sends(request);
        let on = answer.location.as_deref().and_then(|to| self.own_path(to));
        match on {
            Some(path) => self.opens(&path),
            None => answer,
        }
    }

    /// A request of a backend.
    fn asks(&mut self, path: &str, program: &Program, fields: &[(&str, &str)]) -> Answer {
        let mut fields: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut request = self.request("POST", path);
        match &program.key {
            None => {
                let basic = format!("{}:{}", program.id, program.secret);
                use base64::Engine as _;
                let sent = base64::engine::general_purpose::STANDARD.encode(basic);
                self.keeps("the Basic credentials", &sent);
                request = request.header("authorization", format!("Basic {sent}"));
            }
            Some(key) => {
                let assertion = program.assertion(key, &self.issuer, self.secrets.len());
                self.keeps("the assertion", &assertion);
                fields.push(("client_assertion_type".into(), ASSERTION_TYPE.into()));
                fields.push(("client_assertion".into(), assertion));
            }
        }
        self.sends(form_body(request, &fields))
    }

    /// From the sign-in to a code, over a wrong password the first time.
    fn is_sent_back_with_a_code(&mut self, program: &Program) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", program.id.as_str()),
                ("response_type", "code"),
                ("redirect_uri", CALLBACK),
                ("scope", &program.scope),
                ("state", "a-state-that-binds-a-browser"),
                ("nonce", "a-nonce-that-binds-an-id-token"),
                ("code_challenge", &jwt::s256(VERIFIER)),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let mut answer = self.opens(&format!("/authorize?{query}"));
        for password in [WRONG_PASSWORD, PASSWORD] {
            if html::words(&answer.body).contains("Password") {
                let typed = [("username", "ada"), ("password", password)];
                answer = self.presses(&answer, "sign-in", &typed);
            }
        }
        if answer.location.is_none() {
            answer = self.presses(&answer, "allow", &[]);
        }
        let location = answer.location.expect("a way back");
        let url = url::Url::parse(&location).expect("an address");
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.expect("a code").1.into_owned()
    }

    /// From a code to tokens, what they are good for, and their end.
    fn uses_a_code(&mut self, program: &Program, code: &str) {
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let tokens: Value =
            serde_json::from_str(&self.asks("/token", program, &redeem).body).expect("tokens");
        let token = |name: &str| tokens[name].as_str().expect("a token").to_owned();
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        for token in [&access, &refresh] {
            let asked = self.asks("/introspect", program, &[("token", token)]);
            assert!(asked.body.contains("\"active\":true"), "{}", asked.body);
        }
        let renew = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        assert_eq!(self.asks("/token", program, &renew).status, 200);
        let bearer = self.request("GET", "/userinfo").bearer_auth(&access);
        assert_eq!(self.sends(bearer).status, 200);
        for token in [&access, &refresh] {
            assert_eq!(
                self.asks("/revoke", program, &[("token", token)]).status,
                200
            );
        }
        // What is refused is no less secret: a code used twice, a dead token, one in an address.
        assert_eq!(self.asks("/token", program, &redeem).status, 400);
        assert_eq!(self.asks("/token", program, &renew).status, 400);
        let bearer = self.request("GET", "/userinfo").bearer_auth(&access);
        assert_eq!(self.sends(bearer).status, 401);
        let stray = format!("/userinfo?access_token={access}");
        assert_eq!(self.opens(&stray).status, 400);
        let stray = self.request("POST", &format!("/token?refresh_token={refresh}"));
        let stray = form_body(stray, &[("code_verifier".into(), VERIFIER.into())]);
        assert!(self.sends(stray).status >= 400);
    }
}

/// A registered client.
struct Program {
    id: String,
    secret: String,
    key: Option<ClientKey>,
    scope: String,
}

impl Program {
    fn assertion(&self, key: &ClientKey, issuer: &str, number: usize) -> String {
        let now = SystemClock.now().seconds();
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": issuer, "iat": now, "exp": now + 60,
            "jti": format!("assertion-of-the-story-{number}"),
        });
        key.sign("ES256", &claims)
    }
}

/// What the operator sets up, and the forms in which the internal id of the person could be written.
fn set_up(story: &mut Story, place: &Place) -> Vec<Program> {
    let app = App::open(
        &place.config(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let app = app.expect("it opens");
    let services = app.services();
    let key = ClientKey::new("key-1");
    let (programs, id) = story.runtime.block_on(async {
        let new = NewUser {
            username: "ada".to_owned(),
            password: SecretText::new(PASSWORD),
            email: None,
            phone: None,
            name: None,
            verified: false,
            profile: Some(person::profile("ada")),
        };
        services
            .administration
            .by(operator())
            .add_user(new)
            .await
            .expect("no fault")
            .expect("new");
        let mut programs = Vec::new();
        for (method, key) in [
            ("client_secret_basic", None),
            ("private_key_jwt", Some(key)),
        ] {
            let mut metadata = json!({
                "client_name": "Shop", "redirect_uris": [CALLBACK], "scope": "openid profile",
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": method, "portico:rotate_refresh_tokens": true,
            });
            if let Some(key) = &key {
                metadata["jwks"] = json!({ "keys": [key.public()] });
            }
            let added = services
                .administration
                .by(operator())
                .add_client(&metadata)
                .await;
            let added = added.expect("no fault").expect("good");
            let secret = added
                .secret
                .as_ref()
                .map(|secret| secret.expose().to_owned());
            programs.push(Program {
                id: added.client.id.to_string(),
                secret: secret.unwrap_or_default(),
                key,
                scope: "openid profile".to_owned(),
            });
        }
        let found = app
            .store()
            .read(|db| store::users::find_by_username(db, "ada"));
        (programs, found.await.expect("no fault").expect("there").id)
    });
    let hex: String = id.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    for form in [id.to_string(), hex, jwt::encoded(id.as_bytes())] {
        story.keeps("the internal id", &form);
    }
    story.keeps("the client's secret", &programs[0].secret);
    for (what, secret) in [
        ("the password", PASSWORD),
        ("a wrong password", WRONG_PASSWORD),
        ("the verifier", VERIFIER),
    ] {
        story.keeps(what, secret);
    }
    programs
}

fn a_log_holds_no_secret(database: Database) {
    let mut place = Place::new(database);
    let mut story = Story::new(&place);
    let programs = set_up(&mut story, &place);
    let password = place.database_password();
    if let Some(password) = &password {
        story.keeps("the database's password", password);
    }
    place.logs("trace");
    let server = place.start();
    for program in &programs {
        let code = story.is_sent_back_with_a_code(program);
        story.keeps("the code", &code);
        story.uses_a_code(program, &code);
    }
    for path in ["/account", "/account/sessions", "/account/history"] {
        assert_eq!(story.opens(path).status, 200);
    }
    let question = story.opens("/sign-out");
    assert_eq!(story.presses(&question, "logout", &[]).status, 200);
    assert_eq!(server.ends("TERM"), Some(0));

    assert!(story.secrets.len() > 30, "{:?}", story.secrets);
    is_not_said(&story, &place.said());
}

/// No secret of a story is in a log that says everything.
fn is_not_said(story: &Story, said: &str) {
    assert!(said.contains("TRACE"), "it was told to say everything");
    let in_form =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for (secret, what) in &story.secrets {
        let (first, last) = (secret.len().min(PART), secret.len().saturating_sub(PART));
        for part in [&secret[..first], &secret[last..], &in_form(secret)] {
            let line = said.lines().find(|line| line.contains(part));
            assert_eq!(line, None, "{what} is in the log: {part}");
        }
    }
}

#[test]
fn the_log_of_a_whole_story_holds_no_secret_on_sqlite() {
    a_log_holds_no_secret(Database::sqlite());
}

#[test]
fn the_log_of_a_whole_story_holds_no_secret_on_postgres() {
    if let Some(database) = Database::postgres() {
        a_log_holds_no_secret(database);
    }
}
