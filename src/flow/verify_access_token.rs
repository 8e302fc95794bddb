//! Our own access tokens when they come back: is it one, and what may it do now?
//! Introspection, userinfo and revocation all ask here, so that they cannot disagree.
//!
//! Whom the token is meant for, and who may ask about it, is decided by those who ask.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use domain::token_handle::TokenHandle;
use foundation::base64url;
use foundation::clock::{Instant, SharedClock};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::KeyId;
use keys::es256;
use keys::jwt_problem::JwtProblem;
use keys::key_ring::{KeyRing, Keys};
use live::ended::Verdict;
use live::history::Belonging;
use live::verified_tokens::VerifiedToken;
use protocol::access_token::{ACCESS_TOKEN_TYPE, AccessTokenClaims};
use protocol::client_metadata::AccessTokenFormat;
use protocol::scope::ScopeSet;
use store::Store;
use store::liveness::Liveness;

use crate::memory::Memory;
use crate::parts::Parts;
use crate::refresh_keys::KeyRefresh;
use crate::renew_history::LogHistory;

/// Bytes of the longest token that is looked at; ours are far shorter.
const MAX_TOKEN: usize = 8192;

/// What an access token may do now.
#[derive(Debug, PartialEq)]
pub(crate) enum TokenStatus<'a> {
    /// Nothing: something that it belongs to has ended.
    Dead,
    /// What is left of its scope in the grant as it is now.
    Alive(Cow<'a, ScopeSet>),
}

/// What a look at a token with one set of keys says.
enum Verification {
    /// It is ours.
    Ours(Arc<VerifiedToken>),
    /// It is not.
    Foreign,
    /// It names a key or a secret that this node does not know.
    UnknownKey,
}

/// Looks at access tokens that come back.
#[derive(Clone)]
pub(crate) struct AccessTokenVerifier {
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    key_refresh: KeyRefresh,
    log_history: LogHistory,
    clock: SharedClock,
    issuer: Arc<str>,
}

impl AccessTokenVerifier {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        key_refresh: &KeyRefresh,
        log_history: &LogHistory,
    ) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            key_refresh: key_refresh.clone(),
            log_history: log_history.clone(),
            clock: Arc::clone(&parts.clock),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// The token, if we signed it as an access token and it has not expired. One that was seen
    /// before is found by its text, without a signature check.
    pub(crate) async fn verify(&self, token: &str) -> Result<Option<Arc<VerifiedToken>>, Fault> {
        let verified = self.recognize(token).await?;
        Ok(verified.filter(|verified| !self.has_expired(verified)))
    }

    /// Whether a token has ended by itself.
    pub(crate) fn has_expired(&self, token: &VerifiedToken) -> bool {
        self.clock.now() >= token.expires_at
    }

    /// The token, if we signed it as an access token, expired or not.
    pub(crate) async fn recognize(&self, token: &str) -> Result<Option<Arc<VerifiedToken>>, Fault> {
        // A refresh token, a code or a stranger's token costs nothing.
        let Some(format) = format_of(token) else {
            return Ok(None);
        };
        match self.memory.is_fresh() {
            true => match self.seen(token) {
                Some(verified) => Ok(Some(verified)),
                None => Box::pin(self.verify_unseen(token)).await,
            },
            false => Box::pin(self.verify_in_doubt(format, token)).await,
        }
    }

    /// A token that was verified before, with either of its two signatures: it is kept once.
    fn seen(&self, token: &str) -> Option<Arc<VerifiedToken>> {
        let seen = &self.memory.live.verified_tokens;
        seen.get(token).or_else(|| seen.get(&es256::twin(token)?))
    }

    async fn verify_unseen(&self, token: &str) -> Result<Option<Arc<VerifiedToken>>, Fault> {
        let issuer = &self.issuer;
        let mut keys = self.keys.current();
        let mut looked = look(&keys, issuer, token);
        // Another node may have signed with a key that appeared a moment ago.
        if matches!(looked, Verification::UnknownKey) && self.key_refresh.refresh().await? {
            keys = self.keys.current();
            looked = look(&keys, issuer, token);
        }
        let Verification::Ours(verified) = looked else {
            return Ok(None);
        };
        self.memory
            .live
            .verified_tokens
            .fill(token, Arc::clone(&verified));
        // Keys that were replaced while this went on may have been revoked, and what was found with
        // them must not stay. Replaced later, they are followed by a clearing of their own.
        if !Arc::ptr_eq(&keys, &self.keys.current()) {
            self.memory.live.verified_tokens.clear();
        }
        Ok(Some(verified))
    }

    /// The same where this node's memory is too old to be trusted.
    async fn verify_in_doubt(
        &self,
        format: AccessTokenFormat,
        token: &str,
    ) -> Result<Option<Arc<VerifiedToken>>, Fault> {
        let is_good = match format {
            AccessTokenFormat::Jwt => self.is_key_published(token).await?,
            // No secret is revoked: what is sealed stays ours.
            AccessTokenFormat::Opaque => true,
        };
        match is_good {
            true => self.verify_unseen(token).await,
            false => Ok(None),
        }
    }

    /// Whether the store still publishes the key that a token names: asked when this node's memory
    /// is too old to know of a key that was revoked.
    async fn is_key_published(&self, token: &str) -> Result<bool, Fault> {
        let Some(named) = key_named_by(token) else {
            return Ok(false);
        };
        let published = self.store.read(store::signing_keys::all).await?;
        Ok(published.iter().any(|key| key.id == named))
    }

    /// What a verified token may do now. Memory answers while this node is fresh; the store does
    /// otherwise, and if it cannot there is no answer at all.
    pub(crate) async fn status<'a>(
        &self,
        token: &'a VerifiedToken,
    ) -> Result<TokenStatus<'a>, Fault> {
        // Before, so that what memory says is at least as new; whether that still holds is asked after
        // it, so that a pause in between, or a memory that was emptied in it, counts.
        let look = self.memory.look();
        let scope = scope_of(token);
        let live = &self.memory.live;
        match live.history.belonging_of(token.handle.history) {
            Belonging::Ours if token.handle.position <= live.freshness.position() => {}
            Belonging::Dead => return Ok(TokenStatus::Dead),
            // It may be later than this memory, or lost.
            Belonging::Ours => return Box::pin(self.status_in_doubt(token, scope)).await,
            Belonging::Unknown => {
                // Bounded, because a token of a lost history can be shown as often as its holder likes.
                let Some(_place) = live.history.may_ask() else {
                    let cause = "too many ask it about other histories";
                    return Err(Fault::unavailable("the store", cause));
                };
                return Box::pin(self.status_in_doubt(token, scope)).await;
            }
        }
        match live.ended.judge(&token.handle, token.jti) {
            Verdict::Dead => return Ok(TokenStatus::Dead),
            Verdict::Alive { narrowed_to }
                if look.is_some_and(|look| self.memory.still_holds(&look)) =>
            {
                return Ok(TokenStatus::Alive(narrow(scope, narrowed_to.as_deref())));
            }
            Verdict::Alive { .. } | Verdict::Unknown => {}
        }
        Box::pin(self.stored_status(token, scope)).await
    }

    /// The status of a token whose history, or whose place in it, this node's memory has not: the
    /// database knows which log it is, and how far that goes.
    async fn status_in_doubt<'a>(
        &self,
        token: &VerifiedToken,
        scope: Cow<'a, ScopeSet>,
    ) -> Result<TokenStatus<'a>, Fault> {
        let history = &self.memory.live.history;
        let handle = &token.handle;
        let number = handle.position;
        let look = move |db: &mut _| store::histories::look(db, number);
        let view = self.store.read(look).await?;
        if !view.history.is_of(handle.history) {
            history.note_strange(handle.history);
            return Ok(TokenStatus::Dead);
        }
        // Nobody can have issued it: what it rests on was lost.
        if number > view.end {
            self.log_history.renew_for_token(view.history).await?;
            return Ok(TokenStatus::Dead);
        }
        self.stored_status(token, scope).await
    }

    async fn stored_status<'a>(
        &self,
        token: &VerifiedToken,
        scope: Cow<'a, ScopeSet>,
    ) -> Result<TokenStatus<'a>, Fault> {
        let read = self.memory.seen_lately(|| {
            let (handle, jti) = (token.handle.clone(), token.jti);
            self.store
                .read(move |db| store::liveness::of_handle(db, &handle, jti))
        });
        Ok(match read.await? {
            Liveness::Dead => TokenStatus::Dead,
            Liveness::Alive { grant_scope } => {
                TokenStatus::Alive(narrow(scope, grant_scope.as_ref()))
            }
        })
    }
}

/// What a token is, by its shape; `None` for what none of ours has.
fn format_of(token: &str) -> Option<AccessTokenFormat> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    if keys::opaque_token::is_one(token) {
        return Some(AccessTokenFormat::Opaque);
    }
    let dots = memchr::memchr_iter(b'.', token.as_bytes()).count();
    (dots == 2).then_some(AccessTokenFormat::Jwt)
}

fn look(keys: &KeyRing, issuer: &str, token: &str) -> Verification {
    let opened = match format_of(token) {
        Some(AccessTokenFormat::Jwt) => open_jwt(keys, token),
        Some(AccessTokenFormat::Opaque) => keys.open_token(token, issuer),
        None => Err(JwtProblem::Malformed),
    };
    let (handle, claims) = match opened {
        Ok(opened) => opened,
        Err(JwtProblem::UnknownKey) => return Verification::UnknownKey,
        Err(_) => return Verification::Foreign,
    };
    if claims.iss != issuer || claims.client_id != handle.client_id {
        return Verification::Foreign;
    }
    Verification::Ours(Arc::new(VerifiedToken {
        handle,
        jti: TokenDigest::of(&claims.jti),
        expires_at: Instant::from_seconds(claims.exp),
        claims,
        told_to_its_client: OnceLock::new(),
    }))
}

fn open_jwt(keys: &KeyRing, token: &str) -> Result<(TokenHandle, AccessTokenClaims), JwtProblem> {
    let claims = keys.verify_as::<AccessTokenClaims>(token, &[ACCESS_TOKEN_TYPE])?;
    match keys.open_handle(&claims.jti) {
        Some(handle) => Ok((handle, claims)),
        None if keys.knows_secret_of(&claims.jti) => Err(JwtProblem::Malformed),
        // The signature is ours, so the secret that sealed the handle is ours as well.
        None => Err(JwtProblem::UnknownKey),
    }
}

/// The `kid` in a token's header, before anything is verified.
fn key_named_by(token: &str) -> Option<KeyId> {
    let (header, _) = token.split_once('.')?;
    let header: serde_json::Value = serde_json::from_slice(&base64url::decode(header)?).ok()?;
    KeyId::parse(header.get("kid")?.as_str()?).ok()
}

fn scope_of(token: &VerifiedToken) -> Cow<'_, ScopeSet> {
    token
        .claims
        .scope
        .as_ref()
        .map_or_else(|| Cow::Owned(ScopeSet::default()), Cow::Borrowed)
}

/// "scope = token ∩ grant as it is now": what is not narrowed is not copied.
fn narrow<'a>(scope: Cow<'a, ScopeSet>, grant: Option<&ScopeSet>) -> Cow<'a, ScopeSet> {
    match grant {
        Some(grant) if !scope.is_subset(grant) => Cow::Owned(scope.intersection(grant)),
        _ => scope,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).expect("scopes")
    }

    #[test]
    fn a_token_may_do_what_is_both_in_it_and_in_the_grant() {
        let token = set("openid profile.basic");
        let left = |grant: Option<&str>| {
            let grant = grant.map(set);
            narrow(Cow::Borrowed(&token), grant.as_ref()).to_string()
        };
        assert_eq!(left(None), "openid profile.basic");
        assert_eq!(
            left(Some("openid profile.basic phone.verified")),
            "openid profile.basic"
        );
        assert_eq!(left(Some("openid phone.verified")), "openid");
        assert_eq!(left(Some("")), "");
    }

    #[test]
    fn a_key_is_named_by_a_jwt_header_and_nothing_else() {
        let header = base64url::encode(br#"{"alg":"ES256","kid":"k1"}"#);
        let named = |token: &str| key_named_by(token).map(|kid| kid.as_str().to_owned());
        assert_eq!(named(&format!("{header}.e30.s")).as_deref(), Some("k1"));
        let without = base64url::encode(br#"{"alg":"ES256"}"#);
        for foreign in [
            "",
            "a.b.c",
            &header,
            &format!("{header}=.e30.s"),
            &format!("{without}.e30.s"),
        ] {
            assert_eq!(named(foreign), None, "{foreign}");
        }
    }
}
