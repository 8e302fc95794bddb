//! The sealed handle: what an access token belongs to, inside its `jti`, readable by every node
//! and by nobody else.
//!
//! ```text
//! jti   = base64url( version ‖ key hint (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16) )
//! plain = flags ‖ number (8) ‖ history (8) ‖ position (8) ‖ [user (16) ‖ grant (16) ‖ session (16) ‖ family (16)] ‖ client_id
//! ```
//! A missing session or family is 16 zero bytes: the length tells nothing about the token of a
//! person but its client. Version 1, of the first release, has no history. The hint finds the key; the key's whole id is authenticated.

use domain::shared_secret::SharedSecret;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::base64url;
use foundation::digest::sha256;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{
    ClientId, FamilyId, GrantId, HistoryId, Position, SecretId, SessionId, UserId,
};

use crate::aead::AeadKey;
use crate::master_key::MasterKey;
use crate::shared_secret;

/// The version that is sealed now.
const VERSION: u8 = 2;
/// The version of the first release.
const WITHOUT_HISTORY: u8 = 1;
/// Bytes of the key hint.
const HINT: usize = 4;
/// The longest sealed handle that is looked at, in characters.
const MAX_SEALED: usize = 400;
/// What a handle is sealed as.
const HANDLE_SEAL: &[u8] = b"portico token handle";
/// What a whole access token is sealed as.
const TOKEN_SEAL: &[u8] = b"portico opaque access token";

const PERSON: u8 = 1;
const SESSION: u8 = 2;
const FAMILY: u8 = 4;
const USERINFO: u8 = 8;

/// A secret for sealing handles, and tokens that are one, ready for use.
pub(crate) struct HandleKey {
    hint: [u8; HINT],
    associated: Vec<u8>,
    associated_without_history: Vec<u8>,
    associated_of_tokens: Vec<u8>,
    key: AeadKey,
}

/// A `jti` before it is opened.
struct Sealed {
    version: u8,
    hint: [u8; HINT],
    bytes: Vec<u8>,
}

impl HandleKey {
    pub(crate) fn open(secret: &SharedSecret, master: &MasterKey) -> Result<Self, Fault> {
        let key = AeadKey::new(shared_secret::open(secret, master)?)
            .ok_or_else(|| Fault::broken(format!("shared secret {}", secret.id)))?;
        Ok(Self {
            hint: hint(secret.id),
            associated: associated(HANDLE_SEAL, secret.id, VERSION),
            associated_without_history: associated(HANDLE_SEAL, secret.id, WITHOUT_HISTORY),
            associated_of_tokens: associated(TOKEN_SEAL, secret.id, VERSION),
            key,
        })
    }

    /// The `jti`.
    pub(crate) fn seal(&self, handle: &TokenHandle, entropy: &dyn Entropy) -> String {
        let sealed = self.key.seal(&self.associated, &encode(handle), entropy);
        base64url::encode(&[&[VERSION], &self.hint[..], &sealed].concat())
    }

    /// A handle and what goes with it, sealed as a token: a `jti` does not pass for one.
    pub(crate) fn seal_with(
        &self,
        handle: &TokenHandle,
        more: &[u8],
        entropy: &dyn Entropy,
    ) -> String {
        let handle = encode(handle);
        // A handle has less than 200 bytes: 89, and its client's id of 64 at most.
        let plain = [&[handle.len() as u8], handle.as_slice(), more].concat();
        let sealed = self.key.seal(&self.associated_of_tokens, &plain, entropy);
        base64url::encode(&[&[VERSION], &self.hint[..], &sealed].concat())
    }
}

/// Opens what [`HandleKey::seal_with`] made, with whichever key it was.
pub(crate) fn open_with<'a>(
    keys: impl Iterator<Item = &'a HandleKey>,
    token: &str,
) -> Option<(TokenHandle, Vec<u8>)> {
    let sealed = take_apart(token)?;
    if sealed.version != VERSION {
        return None;
    }
    let mut fitting = keys.filter(|key| key.hint == sealed.hint);
    let mut plain =
        fitting.find_map(|key| key.key.open(&key.associated_of_tokens, &sealed.bytes))?;
    let length = usize::from(*plain.first()?);
    if plain.len() < 1 + length {
        return None;
    }
    let more = plain.split_off(1 + length);
    Some((decode(VERSION, &plain[1..])?, more))
}

/// Opens a `jti` with whichever key sealed it.
pub(crate) fn open<'a>(
    keys: impl Iterator<Item = &'a HandleKey>,
    jti: &str,
) -> Option<TokenHandle> {
    let sealed = take_apart(jti).filter(|_| jti.len() <= MAX_SEALED)?;
    let open = |key: &HandleKey| {
        let associated = match sealed.version {
            WITHOUT_HISTORY => &key.associated_without_history,
            _ => &key.associated,
        };
        key.key.open(associated, &sealed.bytes)
    };
    let mut fitting = keys.filter(|key| key.hint == sealed.hint);
    decode(sealed.version, &fitting.find_map(open)?)
}

/// Whether a `jti`, or a token that is sealed whole, names one of these keys.
pub(crate) fn is_known<'a>(mut keys: impl Iterator<Item = &'a HandleKey>, jti: &str) -> bool {
    take_apart(jti).is_some_and(|sealed| keys.any(|key| key.hint == sealed.hint))
}

fn take_apart(jti: &str) -> Option<Sealed> {
    let mut bytes = base64url::decode(jti)?;
    if bytes.len() < 1 + HINT || !matches!(bytes[0], VERSION | WITHOUT_HISTORY) {
        return None;
    }
    let sealed = bytes.split_off(1 + HINT);
    Some(Sealed {
        version: bytes[0],
        hint: bytes[1..].try_into().ok()?,
        bytes: sealed,
    })
}

fn hint(id: SecretId) -> [u8; HINT] {
    let [a, b, c, d, ..] = sha256(id.as_bytes());
    [a, b, c, d]
}

fn associated(what: &[u8], id: SecretId, version: u8) -> Vec<u8> {
    [what, &[version], id.as_bytes()].concat()
}

fn encode(handle: &TokenHandle) -> Vec<u8> {
    let client_id = handle.client_id.as_str().as_bytes();
    let mut plain = Vec::with_capacity(1 + 24 + 64 + client_id.len());
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
    plain.extend(handle.history.0.to_be_bytes());
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

fn decode(version: u8, plain: &[u8]) -> Option<TokenHandle> {
    let (&[flags], rest) = plain.split_first_chunk::<1>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (history, rest) = match version {
        WITHOUT_HISTORY => (HistoryId::BEFORE, rest),
        _ => {
            let (history, rest) = rest.split_first_chunk::<8>()?;
            (HistoryId(i64::from_be_bytes(*history)), rest)
        }
    };
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
        history,
        position: Position(i64::from_be_bytes(*position)),
        opens_userinfo: flags & USERINFO != 0,
    })
}

#[cfg(test)]
mod tests {
    use domain::shared_secret::SecretPurpose;
    use foundation::clock::Instant;
    use foundation::entropy::SeededEntropy;

    use super::*;

    /// A `jti` as the first release sealed it.
    fn seal_without_history(key: &HandleKey, handle: &TokenHandle) -> String {
        let mut plain = encode(handle);
        plain.drain(1 + 8..1 + 8 + 8);
        let associated = &key.associated_without_history;
        let sealed = key.key.seal(associated, &plain, &SeededEntropy::new(3));
        base64url::encode(&[&[WITHOUT_HISTORY], &key.hint[..], &sealed].concat())
    }

    #[test]
    fn a_handle_of_the_first_release_still_opens_and_is_of_no_history() {
        let entropy = SeededEntropy::new(1);
        let now = Instant::from_seconds(1_800_000_000);
        let master = MasterKey::parse(&"A".repeat(43)).expect("a key");
        let secret = shared_secret::generate(SecretPurpose::Handle, &master, now, &entropy);
        let key = HandleKey::open(&secret, &master).expect("it opens");
        let handle = TokenHandle {
            client_id: ClientId::parse("market").expect("an id"),
            on_behalf_of: Some(OnBehalfOf {
                user_id: UserId::new(now, &entropy),
                grant_id: GrantId::new(now, &entropy),
                session_id: Some(SessionId::new(now, &entropy)),
                family_id: None,
            }),
            number: 5,
            history: HistoryId(77),
            position: Position(12),
            opens_userinfo: true,
        };
        let old = open([&key].into_iter(), &seal_without_history(&key, &handle));
        assert_eq!(
            old,
            Some(TokenHandle {
                history: HistoryId::BEFORE,
                ..handle.clone()
            })
        );
        // One version does not pass for the other.
        let jti = key.seal(&handle, &entropy);
        let mut bytes = base64url::decode(&jti).expect("ours");
        bytes[0] = WITHOUT_HISTORY;
        assert_eq!(open([&key].into_iter(), &base64url::encode(&bytes)), None);
    }
}
