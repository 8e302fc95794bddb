//! A client with its backend: asks for tokens, uses them, checks them, gives them back.

use std::sync::atomic::{AtomicU64, Ordering};

use flow::administer::clients::Allowed;
use serde_json::{Value, json};

use super::World;
use super::browser::form_body;
use super::jwt::{self, ClientKey};
use super::possession::ProofKey;
use super::reply::Reply;
use super::request::{Request, VERIFIER};

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Something that no other request has.
fn fresh(what: &str) -> String {
    format!("{what}-{}", NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// How a client proves who it is.
#[derive(Clone)]
pub(crate) enum Proof {
    None,
    Basic,
    Post,
    Assertion(ClientKey),
}

/// A client.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) world: World,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) proof: Proof,
    pub(crate) redirect_uri: String,
    /// What its usual request asks for.
    pub(crate) scope: String,
    /// The key that it proves, where it proves one (RFC 9449).
    pub(crate) key: Option<ProofKey>,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) scope: String,
}

impl Tokens {
    /// Reads a successful answer.
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let json = reply.json();
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            access: text("access_token").expect("an access token"),
            refresh: text("refresh_token"),
            id_token: text("id_token"),
            scope: text("scope").unwrap_or_default(),
        }
    }

    /// The refresh token, which must be there.
    pub(crate) fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("a refresh token")
    }

    /// The claims of the id_token, which must be there.
    pub(crate) fn claims(&self) -> Value {
        jwt::payload(self.id_token.as_deref().expect("an id_token"))
    }
}

/// Names in tests are what they are.
const ON_PURPOSE: Allowed = Allowed {
    again: true,
    lookalike: true,
};

fn overlaid(mut usual: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        usual[name] = value.clone();
    }
    usual
}

impl Program {
    pub(super) fn mini_program(
        world: &World,
        publisher: &str,
        name: &str,
        scope: &str,
        more: Value,
    ) -> Self {
        let origin = format!("https://{name}.example");
        let usual = json!({
            "client_name": name, "publisher": publisher, "state": "released", "scope": scope,
            "entry_uri": format!("{origin}/open"), "origins": [origin],
            "redirect_uris": [format!("{origin}/callback")],
            "post_logout_redirect_uris": [format!("{origin}/bye")],
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let (metadata, key) = with_key(overlaid(usual, &more));
        let registered = world.operator(
            world
                .administration()
                .add_mini_program(&metadata, ON_PURPOSE),
        );
        Self::registered(world, &registered.response(), key)
    }

    pub(super) fn client(world: &World, more: Value) -> Self {
        let usual = json!({
            "client_name": "shop", "redirect_uris": ["https://shop.example/callback"],
            "post_logout_redirect_uris": ["https://shop.example/bye"],
            "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile",
        });
        let (metadata, key) = with_key(overlaid(usual, &more));
        let registered = world.operator(world.administration().add_client(&metadata));
        Self::registered(world, &registered.response(), key)
    }

    /// A resource server of this name, registered as `https://<name>.example/api`.
    pub(crate) fn resource_server(world: &World, name: &str) -> Self {
        let metadata = json!({
            "client_name": name, "grant_types": ["client_credentials"], "redirect_uris": [],
            "portico:resource": format!("https://{name}.example/api"),
        });
        Self::client(world, metadata)
    }

    fn registered(world: &World, response: &Value, key: Option<ClientKey>) -> Self {
        let text = |name: &str| response[name].as_str().unwrap_or_default().to_owned();
        Self {
            world: world.clone(),
            id: text("client_id"),
            secret: text("client_secret"),
            proof: match (text("token_endpoint_auth_method").as_str(), key) {
                ("none", _) => Proof::None,
                ("client_secret_post", _) => Proof::Post,
                ("private_key_jwt", Some(key)) => Proof::Assertion(key),
                _ => Proof::Basic,
            },
            redirect_uri: response["redirect_uris"][0]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            scope: text("scope"),
            key: None,
        }
    }

    /// The same program, sent to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self {
            world: node.clone(),
            ..self.clone()
        }
    }

    /// The same program, asking for this.
    pub(crate) fn asking(&self, scope: &str) -> Self {
        Self {
            scope: scope.to_owned(),
            ..self.clone()
        }
    }

    /// The same program, proving possession of a key in what it sends.
    pub(crate) fn proving(&self, key: &ProofKey) -> Self {
        Self {
            key: Some(key.clone()),
            ..self.clone()
        }
    }

    /// Its usual authorization request.
    pub(crate) fn request(&self) -> Request {
        Request::usual(self, fresh("state"), fresh("nonce"))
    }

    /// A request to an endpoint of clients, with its proof of who it is.
    pub(crate) fn posts(&self, path: &str, form: &[(&str, String)]) -> Reply {
        self.world.send(self.post(path, form))
    }

    /// The same, before it is sent.
    pub(crate) fn post(&self, path: &str, form: &[(&str, String)]) -> reqwest::RequestBuilder {
        let mut fields: Vec<(String, String)> = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let mut request = self.world.http("POST", path);
        let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        match &self.proof {
            Proof::None => add("client_id", &self.id),
            Proof::Basic => request = request.basic_auth(&self.id, Some(&self.secret)),
            Proof::Post => {
                add("client_id", &self.id);
                add("client_secret", &self.secret);
            }
            Proof::Assertion(key) => {
                add("client_assertion_type", jwt::ASSERTION_TYPE);
                add("client_assertion", &self.assertion(key, json!({})));
            }
        }
        form_body(request, &fields)
    }

    /// An assertion of this client, with these claims over the usual ones.
    pub(crate) fn assertion(&self, key: &ClientKey, more: Value) -> String {
        let now = self.world.now().seconds();
        let usual = json!({
            "iss": self.id, "sub": self.id, "aud": self.world.issuer(),
            "iat": now, "exp": now + 60, "jti": fresh("assertion"),
        });
        key.sign("ES256", &overlaid(usual, &more))
    }

    /// A token request.
    pub(crate) fn token(&self, form: &[(&str, String)]) -> Reply {
        let reply = match &self.key {
            None => self.posts("/token", form),
            Some(key) => key.sends(&self.world, ("POST", "/token"), None, |proof| {
                self.post("/token", form).header("dpop", proof)
            }),
        };
        // "in any response containing tokens" (RFC 6749 §5.1), and in errors as well.
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
        reply
    }

    /// Redeems a code, as the usual request needs it.
    pub(crate) fn redeems(&self, code: &str) -> Reply {
        self.redeems_with(code, &[])
    }

    /// The same, with other values; empty ones are left out.
    pub(crate) fn redeems_with(&self, code: &str, changed: &[(&str, &str)]) -> Reply {
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("code_verifier", VERIFIER.to_owned()),
        ];
        for (name, value) in changed {
            form.retain(|(n, _)| n != name);
            form.push((name, (*value).to_owned()));
        }
        form.retain(|(_, value)| !value.is_empty());
        self.token(&form)
    }

    /// Refreshes.
    pub(crate) fn refreshes(&self, refresh_token: &str) -> Reply {
        self.refreshes_with(refresh_token, &[])
    }

    /// The same, with more parameters.
    pub(crate) fn refreshes_with(&self, refresh_token: &str, more: &[(&str, &str)]) -> Reply {
        let mut form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh_token.to_owned()),
        ];
        form.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self.token(&form)
    }

    /// Gets a token for itself.
    pub(crate) fn client_credentials(&self, more: &[(&str, &str)]) -> Reply {
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        form.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self.token(&form)
    }

    /// Introspects a token.
    pub(crate) fn introspects(&self, token: &str) -> Reply {
        self.posts("/introspect", &[("token", token.to_owned())])
    }

    /// Whether introspection calls a token active; anything but an answer fails the test.
    pub(crate) fn finds_active(&self, token: &str) -> bool {
        let reply = self.introspects(token);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let json = reply.json();
        let active = json["active"].as_bool().expect("active is always there");
        // "If the token is … not active … the authorization server MUST return an introspection
        // response with the "active" field set to "false"" and nothing else (RFC 7662 §2.2).
        assert!(active || json == json!({ "active": false }), "{json}");
        active
    }

    /// The scope of an active token as introspection tells it, sorted as it comes.
    pub(crate) fn scope_now(&self, token: &str) -> String {
        self.introspects(token).text("scope")
    }

    /// Gives a token back.
    pub(crate) fn revokes(&self, token: &str) -> Reply {
        self.posts("/revoke", &[("token", token.to_owned())])
    }

    /// Asks userinfo.
    pub(crate) fn userinfo(&self, access_token: &str) -> Reply {
        let request = || self.world.http("GET", "/userinfo");
        let Some(key) = &self.key else {
            return self.world.send(request().bearer_auth(access_token));
        };
        let target = ("GET", "/userinfo");
        key.sends(&self.world, target, Some(access_token), |proof| {
            let authorization = format!("DPoP {access_token}");
            let request = request().header("authorization", authorization);
            request.header("dpop", proof)
        })
    }

    /// What it registered, as the operator reads it.
    pub(crate) fn registration(&self) -> Value {
        let client = self
            .world
            .operator(self.world.administration().show_client(&self.id));
        flow::administer::clients::information(&client)
    }

    /// Its makers give the operator another manifest.
    pub(crate) fn changes(&self, more: &Value) {
        let manifest = overlaid(self.registration(), more);
        let acts = self.world.administration();
        let plan = acts.plan_mini_program_update(&self.id, &manifest, true);
        let plan = self.world.operator(plan);
        self.world.operator(acts.update_client(plan));
    }

    /// The operator suspends it.
    pub(crate) fn is_suspended(&self) {
        self.world
            .operator(self.world.administration().suspend(&self.id));
    }

    /// The operator releases it again.
    pub(crate) fn is_released(&self) {
        self.world
            .operator(self.world.administration().release(&self.id));
    }
}

/// Gives a client that signs assertions a key, unless it brings its own.
fn with_key(mut metadata: Value) -> (Value, Option<ClientKey>) {
    if metadata["token_endpoint_auth_method"] != "private_key_jwt" {
        return (metadata, None);
    }
    let key = ClientKey::new("key-1");
    if metadata.get("jwks").is_none() {
        metadata["jwks"] = json!({ "keys": [key.public()] });
    }
    (metadata, Some(key))
}
