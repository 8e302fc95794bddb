//! An id_token of ours that comes back as a hint: of who is expected (OpenID Connect Core §3.1.2.1), or
//! of who asks to sign out (RP-Initiated Logout §2). A hint is never proof of anything.

use foundation::id::{ClientId, Subject};
use keys::key_ring::KeyRing;

/// What an `id_token_hint` says, once its signature is found to be ours.
pub(crate) struct Hint {
    pub(crate) client_id: ClientId,
    pub(crate) subject: Subject,
}

/// Reads a hint: signed by us, for us, expired or not ("The OP SHOULD accept ID Tokens when the RP
/// identified by the ID Token's aud claim … has a current session or had a recent session at the
/// OP, even when the exp time has passed", RP-Initiated Logout §2).
pub(crate) fn read_hint(keys: &KeyRing, issuer: &str, hint: &str) -> Option<Hint> {
    let claims = keys.verify_hint(hint).ok()?;
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    if text("iss") != Some(issuer) {
        return None;
    }
    Some(Hint {
        client_id: ClientId::parse(text("aud")?).ok()?,
        subject: Subject::parse(text("sub")?).ok()?,
    })
}
