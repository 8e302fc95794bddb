//! Requests that may be cut off: a browser and a program's backend, whose every act either is
//! *acknowledged* (its HTTP answer was read completely) or leaves nobody knowing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::world::html;

/// No complete answer came, or only that the server could not: it may have happened or not.
#[derive(Debug)]
pub(super) enum Lost {
    /// The connection broke.
    Cut(String),
    /// 503: "If the store fails, the answer is a 503, never a yes".
    Busy,
}

pub(super) type Acknowledged<T> = Result<T, Lost>;

/// Where redirects of ours may lead on to; more are a loop.
const MAX_REDIRECTS: usize = 8;
/// After this an answer is as good as cut off.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
    cookies: Vec<String>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The value of an input of the page's form.
    fn field(&self, name: &str) -> String {
        let inputs = html::forms(&self.body).into_iter().flat_map(|f| f.inputs);
        let found = inputs.filter(|i| i.name == name).map(|i| i.value).next();
        found.unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// Whether the page has a checkbox for a scope.
    fn offers(&self, scope: &str) -> bool {
        let mut inputs = html::forms(&self.body).into_iter().flat_map(|f| f.inputs);
        inputs.any(|i| i.name == "scope" && i.value == scope)
    }
}

/// One server as one client sees it. New for each of its lives: no connection outlives it.
pub(super) struct Http {
    client: reqwest::Client,
    base: String,
    issuer: String,
}

impl Http {
    pub(super) fn new(address: SocketAddr, issuer: String) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .expect("a client");
        Self {
            client,
            base: format!("http://{address}"),
            issuer,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Acknowledged<Answer> {
        let cut = |error: reqwest::Error| Lost::Cut(format!("{error:?}"));
        let response = request.send().await.map_err(cut)?;
        let headers = response.headers();
        let texts = |name: &str| -> Vec<String> {
            let all = headers.get_all(name).iter();
            all.map(|v| v.to_str().expect("text").to_owned()).collect()
        };
        let status = response.status().as_u16();
        let (location, cookies) = (texts("location").pop(), texts("set-cookie"));
        let body = response.text().await.map_err(cut)?;
        if status == 503 {
            return Err(Lost::Busy);
        }
        Ok(Answer {
            status,
            location,
            body,
            cookies,
        })
    }

    /// A request of a program's backend, with its secret.
    pub(super) async fn backend(
        &self,
        path: &str,
        (id, secret): (&str, &str),
        fields: &[(&str, &str)],
    ) -> Acknowledged<Answer> {
        let request = self.client.post(format!("{}{path}", self.base));
        let authenticated = [("client_id", id), ("client_secret", secret)];
        self.send(form(request, fields.iter().chain(&authenticated)))
            .await
    }

    fn own_path<'a>(&self, location: &'a str) -> Option<&'a str> {
        let path = location.strip_prefix(&self.issuer).unwrap_or(location);
        path.starts_with('/').then_some(path)
    }
}

fn form<'a>(
    request: reqwest::RequestBuilder,
    fields: impl Iterator<Item = &'a (&'a str, &'a str)>,
) -> reqwest::RequestBuilder {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        body.append_pair(name, value);
    }
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish())
}

/// What opening a program came to.
#[derive(Debug)]
pub(super) enum Opened {
    /// The answer was remembered: the code came without a page.
    AtOnce(String),
    /// The sheet was shown.
    Sheet(Sheet),
}

/// A sheet that waits for its answer.
#[derive(Debug)]
pub(super) struct Sheet {
    step: String,
    pub(super) offers_phone: bool,
}

/// A person's browser.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Whether it has the cookie of a session.
    pub(super) fn has_session(&self) -> bool {
        self.cookies.contains_key("portico_session")
    }

    async fn once(
        &mut self,
        http: &Http,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> Acknowledged<Answer> {
        let url = format!("{}{path}", http.base);
        let request = match fields {
            Some(fields) => form(http.client.post(url), fields.iter()),
            None => http.client.get(url),
        };
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let answer = http
            .send(request.header("cookie", pairs.join("; ")))
            .await?;
        for cookie in &answer.cookies {
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    /// Asks for a page, and follows redirects that stay with us.
    async fn get(&mut self, http: &Http, path: &str) -> Acknowledged<Answer> {
        let mut answer = self.once(http, path, None).await?;
        for _ in 0..MAX_REDIRECTS {
            let Some(to) = answer.location.as_deref().and_then(|l| http.own_path(l)) else {
                return Ok(answer);
            };
            answer = self.once(http, to, None).await?;
        }
        panic!("the redirects never end: {answer:?}");
    }

    /// Signs in. After this the browser has a session, or nobody knows.
    pub(super) async fn sign_in(
        &mut self,
        http: &Http,
        username: &str,
        password: &str,
    ) -> Acknowledged<()> {
        let page = self.get(http, "/sign-in").await?;
        let step = page.field("step");
        let typed = [
            ("step", step.as_str()),
            ("username", username),
            ("password", password),
        ];
        let answer = self.once(http, "/sign-in", Some(&typed)).await?;
        assert_eq!(answer.location.as_deref(), Some("/account"), "{answer:?}");
        Ok(())
    }

    /// Whether the session of this browser stands. The browser itself forgets nothing.
    pub(super) async fn is_signed_in(&self, http: &Http) -> Acknowledged<bool> {
        let answer = self.clone().once(http, "/account", None).await?;
        match answer.status {
            200 => Ok(true),
            303 => Ok(false),
            _ => panic!("{answer:?}"),
        }
    }

    /// Sends an authorization request.
    pub(super) async fn open(&mut self, http: &Http, request: &str) -> Acknowledged<Opened> {
        let answer = self.get(http, request).await?;
        if answer.status == 303 {
            return Ok(Opened::AtOnce(code_of(&answer)));
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(Opened::Sheet(Sheet {
            step: answer.field("step"),
            offers_phone: answer.offers("phone.verified"),
        }))
    }

    /// Presses Allow, with or without the phone; gives the code.
    pub(super) async fn allow(
        &mut self,
        http: &Http,
        sheet: Sheet,
        phone: bool,
    ) -> Acknowledged<String> {
        let mut fields = vec![
            ("step", sheet.step.as_str()),
            ("decision", "allow"),
            ("scope", "profile.basic"),
        ];
        if phone && sheet.offers_phone {
            fields.push(("scope", "phone.verified"));
        }
        let answer = self.once(http, "/consent", Some(&fields)).await?;
        Ok(code_of(&answer))
    }

    /// Presses a button of the account page: `revoke` or `take_back`.
    pub(super) async fn change(
        &mut self,
        http: &Http,
        button: &str,
        value: &str,
    ) -> Acknowledged<()> {
        let page = self.get(http, "/account").await?;
        let csrf = page.field("csrf");
        let fields = [("csrf", csrf.as_str()), (button, value)];
        let answer = self.once(http, "/account", Some(&fields)).await?;
        let done = format!("/account?done={button}");
        assert!(
            answer
                .location
                .as_deref()
                .is_some_and(|l| l.starts_with(&done)),
            "{answer:?}"
        );
        Ok(())
    }

    /// Signs out everywhere.
    pub(super) async fn sign_out(&mut self, http: &Http) -> Acknowledged<()> {
        let page = self.get(http, "/sign-out").await?;
        let step = page.field("step");
        let fields = [("step", step.as_str()), ("decision", "logout")];
        let answer = self.once(http, "/sign-out", Some(&fields)).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(())
    }
}

fn code_of(answer: &Answer) -> String {
    let location = answer.location.as_deref().unwrap_or_default();
    let url = url::Url::parse(location).unwrap_or_else(|e| panic!("{e}: {answer:?}"));
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("no code: {answer:?}"))
        .1
        .into_owned()
}
