//! The compact serialisation of a JWS (RFC 7515 §7.1), read strictly: one value has one spelling.
//!
//! Taking apart only; which key and algorithm may verify it is for the callers to decide.

use foundation::base64url;
use josekit::jws::JwsVerifier;
use protocol::client_metadata::SignatureAlgorithm;
use serde_json::{Map, Value};

use crate::jwt_problem::JwtProblem;
use crate::strict_json;

/// The longest JWT that is read, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// A JWS whose signature nobody has looked at yet.
pub(crate) struct UnverifiedJws<'a> {
    header: Map<String, Value>,
    signing_input: &'a [u8],
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Takes it apart.
    pub(crate) fn parse(compact: &'a str) -> Result<Self, JwtProblem> {
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
        let header = base64url::decode(header)
            .and_then(|bytes| strict_json::object(&bytes))
            .ok_or(JwtProblem::Malformed)?;
        // "If any of the listed extension Header Parameters are not understood and supported by
        // the recipient, then the JWS is invalid" (RFC 7515 §4.1.11). We support none.
        if header.contains_key("crit") {
            return Err(JwtProblem::Malformed);
        }
        let signature = base64url::decode(signature).ok_or(JwtProblem::Malformed)?;
        Ok(Self {
            header,
            signing_input: signing_input.as_bytes(),
            payload,
            signature,
        })
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

    /// Whether this key made the signature.
    pub(crate) fn is_signed_by(&self, verifier: &dyn JwsVerifier) -> bool {
        verifier.verify(self.signing_input, &self.signature).is_ok()
    }

    /// The claims. Call it after [`UnverifiedJws::is_signed_by`] said yes.
    pub(crate) fn claims(&self) -> Result<Value, JwtProblem> {
        base64url::decode(self.payload)
            .and_then(|bytes| strict_json::object(&bytes))
            .map(Value::Object)
            .ok_or(JwtProblem::Malformed)
    }
}
