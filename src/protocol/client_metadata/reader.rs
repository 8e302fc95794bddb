//! Reading members of a JSON object with their types and bounds, and an error that names the member.

use foundation::bounded_text::BoundedText;
use serde_json::{Map, Value};

use super::MetadataError;
use crate::scope::ScopeSet;
use crate::web_uri;

/// The members of one JSON object.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a Map<String, Value>);

impl<'a> Reader<'a> {
    /// Reads an object.
    pub(super) fn of(json: &'a Value) -> Result<Self, MetadataError> {
        json.as_object()
            .map(Self)
            .ok_or_else(|| MetadataError::new("metadata", "must be a JSON object"))
    }

    /// The member; `null` is refused, because readers disagree about what it means.
    pub(super) fn member(self, name: &str) -> Result<Option<&'a Value>, MetadataError> {
        match self.0.get(name) {
            Some(Value::Null) => Err(MetadataError::new(name, "must not be null")),
            member => Ok(member),
        }
    }

    /// A non-empty string.
    pub(super) fn string(self, name: &str) -> Result<Option<&'a str>, MetadataError> {
        match self.member(name)? {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(MetadataError::new(name, "must be a non-empty string")),
        }
    }

    /// Text that is shown to people.
    pub(super) fn text<const MAX: usize>(
        self,
        name: &str,
    ) -> Result<Option<String>, MetadataError> {
        self.string(name)?
            .map(|text| shown::<MAX>(name, text))
            .transpose()
    }

    /// The address of a page: https, or http on this machine.
    pub(super) fn page(self, name: &str) -> Result<Option<String>, MetadataError> {
        let Some(text) = self.string(name)? else {
            return Ok(None);
        };
        match web_uri::check_page(text) {
            Ok(()) => Ok(Some(text.to_owned())),
            Err(error) => Err(MetadataError::new(name, error.to_string())),
        }
    }

    /// A boolean, `false` if it is missing.
    pub(super) fn flag(self, name: &str) -> Result<bool, MetadataError> {
        Ok(self.boolean(name)?.unwrap_or(false))
    }

    /// A boolean.
    pub(super) fn boolean(self, name: &str) -> Result<Option<bool>, MetadataError> {
        match self.member(name)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(MetadataError::new(name, "must be true or false")),
        }
    }

    /// A number of seconds; more than fit are as many as fit, which is longer than anything lasts.
    pub(super) fn seconds(self, name: &str) -> Result<Option<u32>, MetadataError> {
        let Some(value) = self.member(name)? else {
            return Ok(None);
        };
        match value.as_u64() {
            Some(seconds) => Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX))),
            None => Err(MetadataError::new(name, "must be a number of seconds")),
        }
    }

    /// A list of non-empty strings without holes.
    pub(super) fn strings(
        self,
        name: &str,
        max: usize,
    ) -> Result<Option<Vec<&'a str>>, MetadataError> {
        let Some(value) = self.member(name)? else {
            return Ok(None);
        };
        let wrong = |description: String| MetadataError::new(name, description);
        let items = value
            .as_array()
            .ok_or_else(|| wrong("must be an array".into()))?;
        if items.len() > max {
            return Err(wrong(format!("must have at most {max} entries")));
        }
        let text = |item: &'a Value| item.as_str().filter(|text| !text.is_empty());
        items
            .iter()
            .map(|item| text(item).ok_or_else(|| wrong("must have non-empty strings only".into())))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Origins, each once; at most twenty.
    pub(super) fn origins(self, name: &str) -> Result<Vec<String>, MetadataError> {
        let texts = self.strings(name, 20)?.unwrap_or_default();
        let mut origins = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            web_uri::check_origin(text).map_err(|error| {
                MetadataError::new(format!("{name}[{index}]"), error.to_string())
            })?;
            if !origins.iter().any(|known| known == text) {
                origins.push(text.to_owned());
            }
        }
        Ok(origins)
    }

    /// A named value.
    pub(super) fn named<T>(
        self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, MetadataError> {
        self.string(name)?
            .map(|text| offered(name, text, &parse))
            .transpose()
    }

    /// A list of named values, each once.
    pub(super) fn named_list<T: PartialEq>(
        self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, MetadataError> {
        let Some(names) = self.strings(name, 20)? else {
            return Ok(None);
        };
        let mut values = Vec::new();
        for text in names {
            let value = offered(name, text, &parse)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(Some(values))
    }

    /// A scope string.
    pub(super) fn scope(self) -> Result<Option<ScopeSet>, MetadataError> {
        let Some(text) = self.string("scope")? else {
            return Ok(None);
        };
        match ScopeSet::parse(text) {
            Ok(scope) if scope.is_empty() => Err(MetadataError::new("scope", "must not be empty")),
            Ok(scope) => Ok(Some(scope)),
            Err(error) => Err(MetadataError::new("scope", error.to_string())),
        }
    }
}

/// Checks text that is shown to people.
pub(super) fn shown<const MAX: usize>(field: &str, text: &str) -> Result<String, MetadataError> {
    BoundedText::<MAX>::parse(text)
        .map(BoundedText::into_string)
        .map_err(|error| MetadataError::new(field, error.to_string()))
}

fn offered<T>(
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, MetadataError> {
    parse(text).ok_or_else(|| MetadataError::new(field, format!("{text} is not supported")))
}
