//! A host: the super app's own client, and the people in it, for whom it launches programs.

use serde_json::json;

use super::World;
use super::jwt;
use super::person::Person;
use super::program::{Program, Tokens};
use super::reply::Reply;
use super::request::VERIFIER;

/// The grant of a launch.
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of a host's token, and of a launch token.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The type of a launch code.
pub(crate) const LAUNCH_CODE: &str = "urn:portico:params:oauth:token-type:launch-code";

/// The super app.
pub(crate) fn host(w: &World) -> Program {
    host_with(w, json!({}))
}

/// The same, with other metadata.
pub(crate) fn host_with(w: &World, more: serde_json::Value) -> Program {
    let mut metadata = json!({
        "client_name": "Nova", "portico:host": true, "scope": "openid profile portico:launch",
        "redirect_uris": ["https://nova.example/callback"], "client_uri": "https://nova.example/",
        "interaction_return_uri": "https://nova.example/back",
        "grant_types": ["authorization_code", "refresh_token", EXCHANGE],
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    w.client(metadata)
}

/// A program that is launched with whatever there is.
pub(crate) fn program(w: &World, name: &str, scope: &str) -> Program {
    let both = json!({ "launch_types": ["code", "token"] });
    w.mini_program_with(name, scope, both)
}

/// A person who is signed in to the super app.
#[derive(Clone)]
pub(crate) struct Launcher {
    pub(crate) host: Program,
    pub(crate) tokens: Tokens,
}

impl Launcher {
    /// Somebody signs in to it.
    pub(crate) fn of(host: &Program, person: &Person) -> Self {
        Self {
            host: host.clone(),
            tokens: person.uses(host),
        }
    }

    /// The same with newer tokens.
    pub(crate) fn refreshed(&self) -> Self {
        let tokens = Tokens::of(&self.host.refreshes(self.tokens.refresh()));
        Self {
            tokens: Tokens {
                refresh: tokens.refresh.or_else(|| self.tokens.refresh.clone()),
                access: tokens.access,
                id_token: tokens.id_token,
                scope: tokens.scope,
            },
            ..self.clone()
        }
    }

    /// The same, sent to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self {
            host: self.host.at(node),
            ..self.clone()
        }
    }

    /// Exchanges the token of the super app; empty values are left out.
    pub(crate) fn exchanges(&self, program: &Program, changed: &[(&str, &str)]) -> Reply {
        let mut form = vec![
            ("grant_type", EXCHANGE.to_owned()),
            ("subject_token", self.tokens.access.clone()),
            ("subject_token_type", ACCESS_TOKEN.to_owned()),
            ("audience", program.id.clone()),
        ];
        for (name, value) in changed {
            form.retain(|(n, _)| n != name);
            form.push((name, (*value).to_owned()));
        }
        form.retain(|(_, value)| !value.is_empty());
        self.host.token(&form)
    }

    /// Asks for a token for the program's page.
    pub(crate) fn token(&self, program: &Program, more: &[(&str, &str)]) -> Reply {
        let asked = [("requested_token_type", ACCESS_TOKEN)];
        self.exchanges(program, &[&asked, more].concat())
    }

    /// Asks for a code for its backend, with the challenge and nonce that the backend made.
    pub(crate) fn code(&self, program: &Program, more: &[(&str, &str)]) -> Reply {
        let challenge = jwt::s256(VERIFIER);
        let asked = [
            ("requested_token_type", LAUNCH_CODE),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("nonce", "of the backend"),
        ];
        self.exchanges(program, &[&asked, more].concat())
    }

    /// Calls one of our own endpoints with its token, and the proof of its key if it has one.
    pub(crate) fn calls(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        self.calls_if_changed(method, path, form, "")
    }

    /// The same, by one who has the answer with this tag.
    pub(crate) fn calls_if_changed(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
        etag: &str,
    ) -> Reply {
        let token = &self.tokens.access;
        let fields: Vec<_> = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let request = || {
            let request = self.host.world.http(method, path);
            let request = match etag {
                "" => request,
                etag => request.header("if-none-match", etag),
            };
            match method {
                "POST" => super::browser::form_body(request, &fields),
                _ => request,
            }
        };
        let Some(key) = &self.host.key else {
            return self.host.world.send(request().bearer_auth(token));
        };
        let target = (method, path.split('?').next().unwrap_or_default());
        key.sends(&self.host.world, target, Some(token), |proof| {
            let request = request().header("authorization", format!("DPoP {token}"));
            request.header("dpop", proof)
        })
    }

    /// A token for the program's page, which must be given.
    pub(crate) fn launches(&self, program: &Program) -> String {
        self.token(program, &[]).text("access_token")
    }

    /// A code for the program's backend, which must be given.
    pub(crate) fn hands_over(&self, program: &Program) -> String {
        self.code(program, &[]).text("access_token")
    }
}
