//! What the server answered, read completely.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Position;

use super::html;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The path that was asked, where it is a page.
    pub(crate) path: String,
    /// The same with its query: what opens the page again.
    pub(crate) address: String,
}

impl Reply {
    pub(super) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("the server answers");
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self {
            status: response.status().as_u16(),
            headers: headers.collect(),
            path: response.url().path().to_owned(),
            address: response.url()[Position::BeforePath..].to_owned(),
            body: response
                .text()
                .await
                .expect("the answer is read completely"),
        }
    }

    /// A header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let (first, second) = (values.next(), values.next());
        assert!(second.is_none(), "{name} is there twice");
        first.map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(n, _)| n == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as JSON, its members sorted by name: their order means nothing.
    pub(crate) fn json(&self) -> Value {
        let json = serde_json::from_str(&self.body);
        sorted(json.unwrap_or_else(|e| panic!("{e}: {self:?}")))
    }

    /// A text member of the JSON body.
    pub(crate) fn text(&self, member: &str) -> String {
        match self.json().get(member).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("no {member}: {self:?}"),
        }
    }

    /// Status and JSON body, for a snapshot: `400 {"error":"invalid_grant",…}`.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status, self.json())
    }

    /// Status and error code, for a table: `400 invalid_grant`.
    pub(crate) fn error(&self) -> String {
        assert_eq!(
            self.header("cache-control"),
            Some("no-store"),
            "errors are not kept either"
        );
        format!("{} {}", self.status, self.text("error"))
    }

    /// What a page says, without markup, with single spaces.
    pub(crate) fn words(&self) -> String {
        html::words(&self.body)
    }

    /// The language that a page says it is in, and its direction: `ru ltr`.
    pub(crate) fn language(&self) -> String {
        let tags = html::tags(&self.body);
        let root = tags.iter().find(|tag| tag.name == "html");
        let root = root.unwrap_or_else(|| panic!("no page: {self:?}"));
        let get = |name| root.get(name).unwrap_or_default();
        format!("{} {}", get("lang"), get("dir"))
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
            .filter(|_| (300..400).contains(&self.status))
    }

    /// The parameters that are delivered to a client: those of the redirect's query, or of the
    /// form that a page posts to it.
    pub(crate) fn delivered(&self) -> Option<Delivered> {
        if let Some(location) = self.location() {
            let url = url::Url::parse(location).ok()?;
            let parameters = pairs(url.query_pairs());
            let to = location.split('?').next().unwrap_or_default().to_owned();
            return Some(Delivered { to, parameters });
        }
        let form = html::forms(&self.body)
            .into_iter()
            .find(|form| form.action.contains("://"))?;
        let parameters = form.inputs.into_iter().map(|i| (i.name, i.value)).collect();
        Some(Delivered {
            to: form.action,
            parameters,
        })
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn pairs<'a>(
    pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for (name, value) in pairs {
        let before = read.insert(name.clone().into_owned(), value.into_owned());
        assert!(before.is_none(), "{name} is delivered twice");
    }
    read
}

/// What reached a client through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// The address without the response's parameters.
    pub(crate) to: String,
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Delivered {
    /// A parameter; empty when it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}
