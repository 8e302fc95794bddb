//! What a node can sign, verify, seal and derive at one moment: an immutable snapshot of the
//! signing keys and shared secrets, opened and ready.
//!
//! Reading the rows, and reading them again after `KeysChanged`, is done by `flow` and `job`;
//! which key is active is decided before it comes here.

mod issued;
mod signer;

use std::sync::{Arc, PoisonError, RwLock};

use domain::shared_secret::{SecretPurpose, SharedSecret};
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use domain::subject::Sector;
use domain::token_handle::TokenHandle;
use foundation::base64url;
use foundation::digest::constant_time_eq;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, SessionId, Subject, UserId};
use protocol::access_token::AccessTokenClaims;
use protocol::client_metadata::SignatureAlgorithm;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aead::AeadKey;
use crate::jwk_set::JwkSet;
use crate::jwt_problem::JwtProblem;
use crate::mac::MacKey;
use crate::master_key::MasterKey;
use crate::opaque_token;
use crate::seal::{self, HandleKey};
use crate::shared_secret;
use crate::signing_key;
use issued::IssuedBy;
use signer::ActiveSigner;

/// The longest step token that is looked at, in characters.
const MAX_STEP: usize = 8 * 1024;
/// The `typ` of id_tokens, and of nothing else that is signed here.
const ID_TOKEN: &[&str] = &["JWT"];
/// What a sealed step is sealed as.
const STEP_SEAL: &[u8] = b"portico sealed step";
/// Bytes of a step token's code.
const CODE: usize = 32;

/// The secrets of one purpose: the newest seals and signs, all open and verify.
struct Versions<T> {
    newest: T,
    older: Vec<T>,
}

impl<T> Versions<T> {
    fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

/// A snapshot of keys and secrets.
pub struct KeyRing {
    signers: Vec<ActiveSigner>,
    published: Vec<IssuedBy>,
    retired: Vec<IssuedBy>,
    jwk_set: JwkSet,
    handle: Versions<HandleKey>,
    step: Versions<MacKey>,
    pairwise: Versions<MacKey>,
    set_aside: Vec<Fault>,
}

impl KeyRing {
    /// Opens what the store holds. A `retired` key reads hints and does nothing else; a `revoked`
    /// one is left out: what it signed is worth nothing any more. A row that does not open, because it
    /// is damaged or somebody else's, is set aside; of what is in use there must be one that does.
    ///
    /// # Errors
    /// No active key of a kind, or no secret of a purpose, opens under this master key and is what its
    /// row says.
    pub fn open(
        mut keys: Vec<SigningKey>,
        mut secrets: Vec<SharedSecret>,
        master: &MasterKey,
    ) -> Result<Self, Fault> {
        keys.retain(|key| key.state != KeyState::Revoked);
        keys.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.id.cmp(&b.id)));
        secrets.sort_by(|a, b| {
            b.created_at
                .cmp(&a.created_at)
                .then_with(|| b.id.cmp(&a.id))
        });

        let (mut signers, mut published, mut public) = (Vec::new(), Vec::new(), Vec::new());
        let (mut retired, mut set_aside) = (Vec::new(), Vec::new());
        for key in &keys {
            let (opened, verifies) = match signing_key::open(key, master)
                .and_then(|opened| IssuedBy::new(key, &opened).map(|verifies| (opened, verifies)))
            {
                Ok(opened) => opened,
                Err(fault) if is_replaced(key, &keys, master) => {
                    set_aside.push(fault);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            if !key.is_published() {
                retired.push(verifies);
                continue;
            }
            if key.state == KeyState::Active {
                signers.extend(ActiveSigner::all_of(key, &opened.private)?);
            }
            published.push(verifies);
            public.push(opened.public);
        }
        let mac = |secret: &SharedSecret| Ok(MacKey::new(&shared_secret::open(secret, master)?));
        let handle = |secret: &SharedSecret| HandleKey::open(secret, master);
        Ok(Self {
            signers,
            published,
            retired,
            jwk_set: JwkSet::of(public.iter()),
            handle: of_purpose(&secrets, SecretPurpose::Handle, handle, &mut set_aside)?,
            step: of_purpose(&secrets, SecretPurpose::Step, mac, &mut set_aside)?,
            pairwise: of_purpose(&secrets, SecretPurpose::Pairwise, mac, &mut set_aside)?,
            set_aside,
        })
    }

    /// What could not be opened, and is not in use.
    pub fn set_aside(&self) -> &[Fault] {
        &self.set_aside
    }

    /// Signs claims: a compact JWS with `alg`, `kid` and this `typ` in its header.
    ///
    /// # Errors
    /// No active key signs with this algorithm, or the claims cannot be written as JSON.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, Fault> {
        let signer = self
            .signers
            .iter()
            .find(|signer| signer.algorithm() == algorithm);
        let signer = signer.ok_or_else(|| {
            let kind = KeyKind::for_algorithm(algorithm).map_or("possible", KeyKind::word);
            Fault::broken(format!(
                "signing with {} (no active {kind} key)",
                algorithm.as_str()
            ))
        })?;
        signer.sign(typ, claims)
    }

    /// The claims of a JWT that this server signed, with a key that is published, and whose `typ`
    /// is one of those expected. Times are not looked at.
    ///
    /// # Errors
    /// Why it is not accepted. [`JwtProblem::UnknownKey`] may mean that keys have changed since
    /// this snapshot was made.
    pub fn verify(&self, compact: &str, expected_typ: &[&str]) -> Result<Value, JwtProblem> {
        issued::verify(&self.published, compact, expected_typ)?.claims()
    }

    /// The same where the members are known, read into their type. Others pass: what we signed may
    /// have come from a newer version.
    ///
    /// # Errors
    /// As [`KeyRing::verify`].
    pub fn verify_as<T: DeserializeOwned>(
        &self,
        compact: &str,
        expected_typ: &[&str],
    ) -> Result<T, JwtProblem> {
        issued::verify(&self.published, compact, expected_typ)?.claims_as()
    }

    /// The claims of an id_token that comes back as `id_token_hint`, expired or not. A person stays
    /// signed in for longer than a key is published, so a key that retired is as good here as one
    /// that is published. A hint proves nothing and opens nothing.
    ///
    /// # Errors
    /// As [`KeyRing::verify`].
    pub fn verify_hint(&self, compact: &str) -> Result<Value, JwtProblem> {
        match self.verify(compact, ID_TOKEN) {
            Err(JwtProblem::UnknownKey) => {
                issued::verify(&self.retired, compact, ID_TOKEN)?.claims()
            }
            known => known,
        }
    }

    /// The JSON of the published JWK Set: keys that sign, will sign, or have signed lately.
    pub fn jwk_set(&self) -> &[u8] {
        self.jwk_set.body()
    }

    /// The entity tag of [`KeyRing::jwk_set`], with its quotes.
    pub fn jwk_set_etag(&self) -> &str {
        self.jwk_set.etag()
    }

    /// Seals a handle into a `jti`.
    pub fn seal_handle(&self, handle: &TokenHandle, entropy: &dyn Entropy) -> String {
        self.handle.newest.seal(handle, entropy)
    }

    /// Opens a `jti`; `None` for anything that [`KeyRing::seal_handle`] did not make with a secret
    /// of this ring.
    pub fn open_handle(&self, jti: &str) -> Option<TokenHandle> {
        seal::open(self.handle.all(), jti)
    }

    /// Whether a `jti` names a secret of this ring. If not, secrets may have changed since this
    /// snapshot was made.
    pub fn knows_secret_of(&self, jti: &str) -> bool {
        seal::is_known(self.handle.all(), jti)
    }

    /// Seals a whole access token, so that only introspection says what is in it.
    ///
    /// # Errors
    /// The claims cannot be written as JSON.
    pub fn seal_token(
        &self,
        handle: &TokenHandle,
        claims: &AccessTokenClaims,
        entropy: &dyn Entropy,
    ) -> Result<String, Fault> {
        opaque_token::seal(&self.handle.newest, (handle, claims), entropy)
    }

    /// What is in a token that [`KeyRing::seal_token`] made for this issuer. Times are not looked at.
    ///
    /// # Errors
    /// Why there is nothing. [`JwtProblem::UnknownKey`] may mean that secrets have changed since this
    /// snapshot was made.
    pub fn open_token(
        &self,
        token: &str,
        issuer: &str,
    ) -> Result<(TokenHandle, AccessTokenClaims), JwtProblem> {
        let sealed = opaque_token::sealed_part(token).ok_or(JwtProblem::Malformed)?;
        match opaque_token::open(self.handle.all(), token, issuer) {
            Some(opened) => Ok(opened),
            None if self.knows_secret_of(sealed) => Err(JwtProblem::Malformed),
            None => Err(JwtProblem::UnknownKey),
        }
    }

    /// Signs a payload for one step of a browser flow. The label says which step, and for whom; it
    /// is not part of the token, so it must be known where the token comes back.
    pub fn sign_step(&self, label: &str, payload: &[u8]) -> String {
        let code = step_code(&self.step.newest, label, payload);
        base64url::encode(&[payload, &code].concat())
    }

    /// The payload of a token that [`KeyRing::sign_step`] made for the same label, with any secret
    /// that has not been removed. The payload is readable by whoever holds the token.
    pub fn verify_step(&self, label: &str, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_STEP {
            return None;
        }
        let mut payload = base64url::decode(token)?;
        let code = payload.split_off(payload.len().checked_sub(CODE)?);
        let matches = |key: &MacKey| constant_time_eq(&step_code(key, label, &payload), &code);
        self.step.all().any(matches).then_some(payload)
    }

    /// Seals a payload for one step of a browser flow: as [`KeyRing::sign_step`], but nobody can read
    /// it, and the label is what it is sealed under. Each label has a key of its own, so one that is
    /// bound to a browser is used no more often than that browser asks.
    pub fn seal_step(&self, label: &str, payload: &[u8], entropy: &dyn Entropy) -> String {
        base64url::encode(&step_seal(&self.step.newest, label).seal(STEP_SEAL, payload, entropy))
    }

    /// The payload of a token that [`KeyRing::seal_step`] made for the same label, with any secret
    /// that has not been removed.
    pub fn open_step(&self, label: &str, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_STEP {
            return None;
        }
        let sealed = base64url::decode(token)?;
        let open = |key: &MacKey| step_seal(key, label).open(STEP_SEAL, &sealed);
        self.step.all().find_map(open)
    }

    /// 256 bits that nobody else can know, and that are the same for the same use and parts: what a page
    /// gives once more when its form comes once more.
    pub fn bits_of_step(&self, label: &str, parts: &[&[u8]]) -> [u8; CODE] {
        let mut all: Vec<&[u8]> = vec![b"portico bits of a step", label.as_bytes()];
        all.extend_from_slice(parts);
        self.step.newest.code(&all)
    }

    /// The identifier of a user within a sector (OpenID Connect Core §8.1): 28 characters. Equal
    /// inputs give equal outputs as long as no newer secret was added; the store keeps what was
    /// given out, so that adding one changes nobody's identifier.
    pub fn pairwise(&self, sector: &Sector, user_id: UserId) -> Subject {
        let code = self.pairwise.newest.code(&[
            b"portico subject",
            sector.key().as_bytes(),
            user_id.as_bytes(),
        ]);
        Subject::derived(&code)
    }

    /// The `sid` by which one client knows a session (OpenID Connect Back-Channel Logout §2.1): 43
    /// characters, another one for each client.
    pub fn session_sid(&self, client_id: &ClientId, session_id: SessionId) -> String {
        let parts: [&[u8]; 3] = [
            b"portico sid",
            client_id.as_str().as_bytes(),
            session_id.as_bytes(),
        ];
        base64url::encode(&self.pairwise.newest.code(&parts))
    }

    /// The `sid` of a client that comes again after its stay in a session was over: another one for each
    /// stay, which has an id of its own.
    pub fn session_sid_again(
        &self,
        client_id: &ClientId,
        session_id: SessionId,
        stay: AuditId,
    ) -> String {
        let parts: [&[u8]; 4] = [
            b"portico sid",
            client_id.as_str().as_bytes(),
            session_id.as_bytes(),
            stay.as_bytes(),
        ];
        base64url::encode(&self.pairwise.newest.code(&parts))
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(…)")
    }
}

/// Whether nothing is missing without a key that does not open: it does not sign, or another of its
/// kind does.
fn is_replaced(key: &SigningKey, keys: &[SigningKey], master: &MasterKey) -> bool {
    let signs = |other: &SigningKey| {
        other.kind == key.kind
            && other.state == KeyState::Active
            && signing_key::opens(other, master)
    };
    key.state != KeyState::Active || keys.iter().any(signs)
}

/// The secrets of one purpose that open, from a list that has the newest first.
fn of_purpose<T>(
    secrets: &[SharedSecret],
    purpose: SecretPurpose,
    open: impl Fn(&SharedSecret) -> Result<T, Fault>,
    set_aside: &mut Vec<Fault>,
) -> Result<Versions<T>, Fault> {
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for secret in secrets.iter().filter(|secret| secret.purpose == purpose) {
        match open(secret) {
            Ok(secret) => opened.push(secret),
            Err(fault) => closed.push(fault),
        }
    }
    let mut opened = opened.into_iter();
    let Some(newest) = opened.next() else {
        let missing = || Fault::broken(format!("the key ring (no {} secret)", purpose.word()));
        return Err(closed.into_iter().next().unwrap_or_else(missing));
    };
    set_aside.append(&mut closed);
    Ok(Versions {
        newest,
        older: opened.collect(),
    })
}

fn step_code(key: &MacKey, label: &str, payload: &[u8]) -> [u8; CODE] {
    key.code(&[b"portico step", label.as_bytes(), payload])
}

fn step_seal(key: &MacKey, label: &str) -> AeadKey {
    AeadKey::derived(key.code(&[STEP_SEAL, label.as_bytes()]))
}

/// The latest snapshot, shared by everybody. Reading it costs a lock that is only ever held for as
/// long as a pointer takes to copy.
pub struct Keys(RwLock<Arc<KeyRing>>);

impl Keys {
    /// Starts with a snapshot.
    pub fn new(ring: KeyRing) -> Self {
        Self(RwLock::new(Arc::new(ring)))
    }

    /// The latest snapshot. Take it once per request, so that one request sees one set of keys.
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a newer snapshot in place.
    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

#[cfg(test)]
mod tests;
