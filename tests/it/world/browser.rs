//! A browser without scripts: cookies, redirects on Portico's own site, forms.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::World;
use super::html::{self, Form};
use super::reply::Reply;

/// The most redirects in a row that a browser follows.
const MAX_REDIRECTS: usize = 10;

/// A browser. A clone is another window of it.
#[derive(Clone)]
pub(crate) struct Browser {
    world: World,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    /// What it says in `Accept-Language`.
    speaks: Option<String>,
}

impl Browser {
    /// One that has not been here before.
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            cookies: Arc::default(),
            speaks: None,
        }
    }

    /// The same browser after its languages were set.
    pub(crate) fn speaking(&self, languages: &str) -> Self {
        Self {
            speaks: Some(languages.to_owned()),
            ..self.clone()
        }
    }

    /// The same browser, sent to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self {
            world: node.clone(),
            ..self.clone()
        }
    }

    /// A copy with cookies of its own: what a thief has who copied them.
    pub(crate) fn copied(&self) -> Self {
        let cookies = self.jar().clone();
        Self {
            cookies: Arc::new(Mutex::new(cookies)),
            ..self.clone()
        }
    }

    /// Its cookies.
    pub(crate) fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of the session cookie.
    pub(crate) fn session_cookie(&self) -> Option<String> {
        self.jar().get("portico_session").cloned()
    }

    /// Opens an address.
    pub(crate) fn get(&self, path: &str) -> Reply {
        let reply = self.send(self.world.http("GET", path));
        self.followed(reply)
    }

    /// Posts a form.
    pub(crate) fn post(&self, path: &str, fields: &[(String, String)]) -> Reply {
        let request = self.world.http("POST", path);
        let reply = self.send(form_body(request, fields));
        self.followed(reply)
    }

    /// One request with the cookies, without following.
    pub(crate) fn send(&self, mut request: reqwest::RequestBuilder) -> Reply {
        let cookies: Vec<String> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(languages) = &self.speaks {
            request = request.header("accept-language", languages);
        }
        let reply = self.world.send(request);
        self.keep_cookies(&reply);
        reply
    }

    fn keep_cookies(&self, reply: &Reply) {
        let mut jar = self.jar();
        for cookie in reply.all("set-cookie") {
            let mut parts = cookie.split(';').map(str::trim);
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            if parts.any(|part| part == "Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn followed(&self, mut reply: Reply) -> Reply {
        for _ in 0..MAX_REDIRECTS {
            let Some(path) = reply.location().and_then(|l| self.world.own_path(l)) else {
                return reply;
            };
            reply = self.send(self.world.http("GET", path));
        }
        panic!("the redirects never end: {reply:?}");
    }

    /// Fills in the one form of a page and presses a button, by its id. Checkboxes stand as they
    /// are; `typed` replaces the values of fields by name.
    pub(crate) fn presses(&self, page: &Reply, button: &str, typed: &[(&str, &str)]) -> Reply {
        let (form, mut fields) = filled(page, button);
        for (name, value) in typed {
            let field = fields.iter_mut().find(|(n, _)| n == name);
            field.unwrap_or_else(|| panic!("no field {name}")).1 = (*value).to_owned();
        }
        self.post(&form.action, &fields)
    }
}

/// The form that has a button with this id, and what it would send when that is pressed.
pub(crate) fn filled(page: &Reply, button: &str) -> (Form, Vec<(String, String)>) {
    let found = html::forms(&page.body).into_iter().find_map(|form| {
        let pressed = form.buttons.iter().find(|b| b.id == button)?.clone();
        Some((form, pressed))
    });
    let Some((form, pressed)) = found else {
        panic!(
            "no button {button} on {} {}: {}",
            page.status,
            page.path,
            page.words()
        );
    };
    let sent = form
        .inputs
        .iter()
        .filter(|input| input.kind != "checkbox" || input.checked)
        .map(|input| (input.name.clone(), input.value.clone()));
    let mut fields: Vec<_> = sent.collect();
    if !pressed.name.is_empty() {
        fields.push((pressed.name, pressed.value));
    }
    (form, fields)
}

/// A request with a form as its body.
pub(crate) fn form_body(
    request: reqwest::RequestBuilder,
    fields: &[(String, String)],
) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}
