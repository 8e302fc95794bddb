//! The sealed handle: what an access token belongs to, inside its `jti`, readable by every node
//! and by nobody else.
//!
//! ```text
//! jti   = base64url( version ‖ key hint (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16) )
//! plain = flags ‖ number (8) ‖ position (8) ‖ [user (16) ‖ grant (16) ‖ session (16) ‖ family (16)] ‖ client_id
//! ```
//! A missing session or family is 16 zero bytes: the length tells nothing about the token of a
//! person but its client. The hint finds the key; the key's whole id is authenticated.

use domain::shared_secret::SharedSecret;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::base64url;
use foundation::digest::sha256;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, Position, SecretId, SessionId, UserId};

use crate::aead::AeadKey;
use crate::master_key::MasterKey;
use crate::shared_secret;

/// The only version so far.
const VERSION: u8 = 1;
/// Bytes of the key hint.
const HINT: usize = 4;
/// The longest sealed handle that is looked at, in characters.
const MAX_SEALED: usize = 400;

const PERSON: u8 = 1;
const SESSION: u8 = 2;
const FAMILY: u8 = 4;
const USERINFO: u8 = 8;

/// A secret for sealing handles, ready for use.
pub(crate) struct HandleKey {
    hint: [u8; HINT],
    associated: Vec<u8>,
    key: AeadKey,
}

impl HandleKey {
    pub(crate) fn open(secret: &SharedSecret, master: &MasterKey) -> Result<Self, Fault> {
        let key = AeadKey::new(shared_secret::open(secret, master)?)
            .ok_or_else(|| Fault::broken(format!("shared secret {}", secret.id)))?;
        Ok(Self {
            hint: hint(secret.id),
            associated: associated(secret.id),
            key,
        })
    }

    /// The `jti`.
    pub(crate) fn seal(&self, handle: &TokenHandle, entropy: &dyn Entropy) -> String {
        let sealed = self.key.seal(&self.associated, &encode(handle), entropy);
        base64url::encode(&[&[VERSION], &self.hint[..], &sealed].concat())
    }
}

/// Opens a `jti` with whichever key sealed it.
pub(crate) fn open<'a>(
    keys: impl Iterator<Item = &'a HandleKey>,
    jti: &str,
) -> Option<TokenHandle> {
    let (hint, sealed) = take_apart(jti)?;
    let mut fitting = keys.filter(|key| key.hint == hint);
    decode(&fitting.find_map(|key| key.key.open(&key.associated, &sealed))?)
}

/// Whether a `jti` names one of these keys.
pub(crate) fn is_known<'a>(mut keys: impl Iterator<Item = &'a HandleKey>, jti: &str) -> bool {
    take_apart(jti).is_some_and(|(hint, _)| keys.any(|key| key.hint == hint))
}

fn take_apart(jti: &str) -> Option<([u8; HINT], Vec<u8>)> {
    if jti.len() > MAX_SEALED {
        return None;
    }
    let mut bytes = base64url::decode(jti)?;
    if bytes.len() < 1 + HINT || bytes[0] != VERSION {
        return None;
    }
    let sealed = bytes.split_off(1 + HINT);
    Some((bytes[1..].try_into().ok()?, sealed))
}

fn hint(id: SecretId) -> [u8; HINT] {
    let [a, b, c, d, ..] = sha256(id.as_bytes());
    [a, b, c, d]
}

fn associated(id: SecretId) -> Vec<u8> {
    [&b"portico token handle"[..], &[VERSION], id.as_bytes()].concat()
}

fn encode(handle: &TokenHandle) -> Vec<u8> {
    let client_id = handle.client_id.as_str().as_bytes();
    let mut plain = Vec::with_capacity(1 + 16 + 64 + client_id.len());
    let mut flags = if handle.opens_userinfo { USERINFO } else { 0 };
    if let Some(person) = &handle.on_behalf_of {
        flags |= PERSON;
        flags |= if person.session_id.is_some() {
            SESSION
        } else {
            0
        };
        flags |= if person.family_id.is_some() {
            FAMILY
        } else {
            0
        };
    }
    plain.push(flags);
    plain.extend(handle.number.to_be_bytes());
    plain.extend(handle.position.0.to_be_bytes());
    if let Some(person) = &handle.on_behalf_of {
        plain.extend(person.user_id.as_bytes());
        plain.extend(person.grant_id.as_bytes());
        plain.extend(
            person
                .session_id
                .as_ref()
                .map_or(&[0; 16], SessionId::as_bytes),
        );
        plain.extend(
            person
                .family_id
                .as_ref()
                .map_or(&[0; 16], FamilyId::as_bytes),
        );
    }
    plain.extend(client_id);
    plain
}

fn decode(plain: &[u8]) -> Option<TokenHandle> {
    let (&[flags], rest) = plain.split_first_chunk::<1>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (position, mut rest) = rest.split_first_chunk::<8>()?;
    let mut on_behalf_of = None;
    if flags & PERSON != 0 {
        let (ids, after) = rest.split_first_chunk::<64>()?;
        let id = |index: usize| &ids[index * 16..][..16];
        on_behalf_of = Some(OnBehalfOf {
            user_id: UserId::from_slice(id(0))?,
            grant_id: GrantId::from_slice(id(1))?,
            session_id: if flags & SESSION == 0 {
                None
            } else {
                SessionId::from_slice(id(2))
            },
            family_id: if flags & FAMILY == 0 {
                None
            } else {
                FamilyId::from_slice(id(3))
            },
        });
        rest = after;
    }
    Some(TokenHandle {
        client_id: ClientId::parse(std::str::from_utf8(rest).ok()?).ok()?,
        on_behalf_of,
        number: u64::from_be_bytes(*number),
        position: Position(i64::from_be_bytes(*position)),
        opens_userinfo: flags & USERINFO != 0,
    })
}
