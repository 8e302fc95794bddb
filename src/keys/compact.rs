//! The compact serialisation of a JWS (RFC 7515 §7.1), read strictly: one value has one spelling.
//!
//! Taking apart only; which key and algorithm may verify it is for the callers to decide.

use foundation::base64url;
use josekit::jws::JwsVerifier;
use protocol::client_metadata::SignatureAlgorithm;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::jwt_problem::JwtProblem;
use crate::strict_json;

/// The longest JWT that is read, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// A JWS whose signature nobody has looked at yet.
pub(crate) struct UnverifiedJws<'a> {
    header: Map<String, Value>,
    parts: CompactParts<'a>,
}

/// The same without what its header says.
pub(crate) struct CompactParts<'a> {
    signing_input: &'a [u8],
    header: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> CompactParts<'a> {
    /// Takes it apart.
    pub(crate) fn of(compact: &'a str) -> Result<Self, JwtProblem> {
        if compact.len() > MAX_LENGTH {
            return Err(JwtProblem::Malformed);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(JwtProblem::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwtProblem::Malformed)?;
        // Further dots are not in the alphabet of base64url; here they are refused before any key
        // is looked for.
        if payload.contains('.') {
            return Err(JwtProblem::Malformed);
        }
        let signature = base64url::decode(signature).ok_or(JwtProblem::Malformed)?;
        Ok(Self {
            signing_input: signing_input.as_bytes(),
            header,
            payload,
            signature,
        })
    }

    /// The header as it was sent.
    pub(crate) const fn header(&self) -> &'a str {
        self.header
    }

    /// Whether this key made the signature.
    pub(crate) fn is_signed_by(&self, verifier: &dyn JwsVerifier) -> bool {
        verifier.verify(self.signing_input, &self.signature).is_ok()
    }

    /// The claims. Call it after [`CompactParts::is_signed_by`] said yes.
    pub(crate) fn claims(&self) -> Result<Value, JwtProblem> {
        self.payload()
            .and_then(|bytes| strict_json::object(&bytes))
            .map(Value::Object)
            .ok_or(JwtProblem::Malformed)
    }

    /// The claims of a token of our own, whose members are known: none of those may be there twice.
    pub(crate) fn claims_as<T: DeserializeOwned>(&self) -> Result<T, JwtProblem> {
        // A type would be read from a list of its members as well.
        self.payload()
            .filter(|bytes| bytes.first() == Some(&b'{'))
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(JwtProblem::Malformed)
    }

    fn payload(&self) -> Option<Vec<u8>> {
        base64url::decode(self.payload)
    }
}

impl<'a> UnverifiedJws<'a> {
    /// Takes it apart.
    pub(crate) fn parse(compact: &'a str) -> Result<Self, JwtProblem> {
        Self::of(CompactParts::of(compact)?)
    }

    /// Reads the header.
    pub(crate) fn of(parts: CompactParts<'a>) -> Result<Self, JwtProblem> {
        let header = base64url::decode(parts.header)
            .and_then(|bytes| strict_json::object(&bytes))
            .ok_or(JwtProblem::Malformed)?;
        // "If any of the listed extension Header Parameters are not understood and supported by
        // the recipient, then the JWS is invalid" (RFC 7515 §4.1.11). We support none.
        if header.contains_key("crit") {
            return Err(JwtProblem::Malformed);
        }
        Ok(Self { header, parts })
    }

    /// The rest of it.
    pub(crate) const fn parts(&self) -> &CompactParts<'a> {
        &self.parts
    }

    /// The rest of it alone.
    pub(crate) fn into_parts(self) -> CompactParts<'a> {
        self.parts
    }

    /// The header's members.
    pub(crate) fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// A header member that must be text where it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, JwtProblem> {
        match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwtProblem::Malformed),
        }
    }

    /// The `alg`, if it is one that we know. `none` and the HMAC family are not.
    pub(crate) fn algorithm(&self) -> Result<SignatureAlgorithm, JwtProblem> {
        let name = self.text("alg")?.ok_or(JwtProblem::Malformed)?;
        SignatureAlgorithm::parse(name).ok_or(JwtProblem::Algorithm)
    }
}
