//! Access tokens whose signature was checked before, by their whole text: a second look costs no
//! signature check. What a token may still do is never remembered here.

use std::sync::{Arc, OnceLock};

use domain::token_handle::TokenHandle;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use protocol::access_token::AccessTokenClaims;
use quick_cache::sync::Cache;

/// How many tokens are kept: about two KiB each.
const TOKENS: usize = 20_000;

/// A token that this server signed.
#[derive(Debug, PartialEq)]
pub struct VerifiedToken<T = AccessTokenClaims> {
    /// What it belongs to.
    pub handle: TokenHandle,
    /// The digest of its `jti`.
    pub jti: TokenDigest,
    /// What it says.
    pub claims: T,
    /// When it ends by itself.
    pub expires_at: Instant,
    /// What the client that it was issued to and is meant for is told about it, while nothing of it
    /// was taken back: kept from the first time that it is asked for.
    pub told_to_its_client: OnceLock<Box<str>>,
}

/// Tokens that were verified before.
#[derive(Debug)]
pub struct VerifiedTokens<T = AccessTokenClaims>(Cache<Box<str>, Arc<VerifiedToken<T>>>);

impl<T> Default for VerifiedTokens<T> {
    fn default() -> Self {
        Self::bounded(TOKENS)
    }
}

impl<T> VerifiedTokens<T> {
    /// With a bound of its own. A token is at most 8 KiB long, so this bounds the memory, too.
    pub fn bounded(tokens: usize) -> Self {
        Self(Cache::new(tokens))
    }

    /// A token that was verified before, expired or not. It is the whole text that is compared, so
    /// a changed token is another one; who asks tries both spellings of an ES256 signature.
    pub fn get(&self, token: &str) -> Option<Arc<VerifiedToken<T>>> {
        self.0.get(token)
    }

    /// Keeps a token that was just verified.
    pub fn fill(&self, token: &str, verified: Arc<VerifiedToken<T>>) {
        self.0.insert(token.into(), verified);
    }

    /// Forgets everything: a key was revoked. Call it once the new keys are in place, and again a
    /// moment later, because a check that had begun with the old ones may end after the first call.
    pub fn clear(&self) {
        self.0.clear();
    }

    /// How many tokens are kept, for the metrics.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use foundation::id::{ClientId, HistoryId, Position};

    use super::*;

    fn token(number: u64) -> Arc<VerifiedToken<u64>> {
        Arc::new(VerifiedToken {
            handle: TokenHandle {
                client_id: ClientId::parse("market").expect("an id"),
                on_behalf_of: None,
                number,
                history: HistoryId::BEFORE,
                position: Position(1),
                opens_userinfo: false,
            },
            jti: TokenDigest::of("jti"),
            claims: number,
            expires_at: Instant::from_millis(0),
            told_to_its_client: OnceLock::new(),
        })
    }

    #[test]
    fn only_the_very_same_token_is_found() {
        let tokens = VerifiedTokens::default();
        tokens.fill("a.b.c", token(1));
        assert_eq!(tokens.get("a.b.c"), Some(token(1)));
        assert_eq!(tokens.get("a.b.C"), None);
        tokens.clear();
        assert!(tokens.is_empty());
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let tokens = VerifiedTokens::bounded(100);
        for number in 0..1000 {
            tokens.fill(&number.to_string(), token(number));
        }
        assert!((1..=100).contains(&tokens.len()), "{}", tokens.len());
    }
}
