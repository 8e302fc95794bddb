//! Refresh tokens: how one rotates, when a retry is honest, and what a reuse means.

use std::collections::BTreeSet;

use foundation::clock::Instant;
use foundation::digest::{TokenDigest, sha256_of_parts};
use foundation::id::FamilyId;
use protocol::dpop::KeyThumbprint;
use protocol::scope::ScopeSet;

/// A refresh token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The digest of the token.
    pub digest: TokenDigest,
    /// The family it belongs to.
    pub family_id: FamilyId,
    /// Its number in the family's rotation, from 1. Rotation is decided by numbers, never by
    /// seconds.
    pub number: i64,
    /// When it was given out.
    pub issued_at: Instant,
    /// When it ends unless used.
    pub expires_at: Instant,
    /// Set when a successor was given out.
    pub superseded: Option<Superseded>,
    /// The key that whoever uses it has to prove, where it is a public client's (RFC 9449 §5). Such a
    /// token stays as it is: "Refresh tokens for public clients MUST be sender-constrained or use refresh
    /// token rotation" (RFC 9700 §2.2.2).
    pub proof_key: Option<KeyThumbprint>,
}

/// What a rotated token remembers for an honest retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// When the successor was given out.
    pub at: Instant,
    /// What was asked for: the digest of scope, resource and proof key.
    pub request: TokenDigest,
    /// The answer, sealed under a key derived from the presented token; erased after the window.
    pub sealed_answer: Option<Vec<u8>>,
    /// The successor.
    pub successor: TokenDigest,
}

/// What to do with a presented refresh token that belongs to a live family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is the family's current one.
    Current,
    /// An honest retry: give the same answer again.
    Retry {
        /// The sealed answer.
        sealed_answer: Vec<u8>,
    },
    /// It was used before, by someone else or too late: the family ends.
    Reuse,
    /// It ran out.
    Expired,
}

/// The digest of what a refresh request asks for: an honest retry asks for the same, however it is
/// written. `scope` is the whole scope that is asked for (RFC 6749 §6: "if omitted is treated as equal
/// to the scope originally granted by the resource owner"); the order of resources does not count.
pub fn request_digest(
    scope: &ScopeSet,
    resource: &[String],
    proof_key: Option<KeyThumbprint>,
) -> TokenDigest {
    let scope = scope.to_string();
    let resource: BTreeSet<&[u8]> = resource.iter().map(|r| r.as_bytes()).collect();
    let proof_key = proof_key.as_ref().map(KeyThumbprint::as_bytes);
    let mut parts = vec![scope.as_bytes(), proof_key.map_or(&[], |key| &key[..])];
    parts.extend(resource);
    let digest = sha256_of_parts(&parts);
    TokenDigest::of(&foundation::base64url::encode(&digest))
}

/// Judges a presented token. `successor_used` says whether the successor was itself used.
pub fn judge(
    token: &RefreshToken,
    request: TokenDigest,
    successor_used: bool,
    window: foundation::clock::Span,
    now: Instant,
) -> Presented {
    let Some(superseded) = &token.superseded else {
        return if now < token.expires_at {
            Presented::Current
        } else {
            Presented::Expired
        };
    };
    let in_window = now < superseded.at + window;
    match &superseded.sealed_answer {
        Some(answer) if in_window && !successor_used && superseded.request.matches(&request) => {
            Presented::Retry {
                sealed_answer: answer.clone(),
            }
        }
        _ => Presented::Reuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foundation::clock::Span;
    use foundation::entropy::SeededEntropy;

    fn digest_of(scope: &str, resource: &[&str]) -> TokenDigest {
        let resource: Vec<String> = resource.iter().map(ToString::to_string).collect();
        request_digest(&ScopeSet::parse(scope).expect("scopes"), &resource, None)
    }

    #[test]
    fn what_is_asked_for_counts_and_not_how_it_is_written() {
        let one = digest_of("openid profile", &["urn:a", "urn:b"]);
        assert_eq!(
            one,
            digest_of("profile openid", &["urn:b", "urn:a", "urn:b"])
        );
        assert_ne!(one, digest_of("openid profile", &["urn:a"]));
        assert_ne!(one, digest_of("openid", &["urn:a", "urn:b"]));
        let keyed = |byte| {
            let resource = ["urn:a".to_owned(), "urn:b".to_owned()];
            let scope = ScopeSet::parse("openid profile").expect("scopes");
            request_digest(&scope, &resource, Some(KeyThumbprint::new([byte; 32])))
        };
        assert_ne!(one, keyed(1));
        assert_ne!(keyed(2), keyed(1));
    }

    fn rotated(at: i64) -> RefreshToken {
        RefreshToken {
            digest: TokenDigest::of("old"),
            family_id: FamilyId::new(Instant::from_seconds(0), &SeededEntropy::new(1)),
            number: 1,
            issued_at: Instant::from_seconds(0),
            expires_at: Instant::from_seconds(1000),
            superseded: Some(Superseded {
                at: Instant::from_seconds(at),
                request: digest_of("openid profile", &[]),
                sealed_answer: Some(vec![7]),
                successor: TokenDigest::of("new"),
            }),
            proof_key: None,
        }
    }

    #[test]
    fn only_an_equal_request_in_the_window_with_an_unused_successor_is_an_honest_retry() {
        let same = digest_of("openid profile", &[]);
        let other = digest_of("openid", &[]);
        let judge_at = |seconds, request, used| {
            judge(
                &rotated(100),
                request,
                used,
                Span::seconds(10),
                Instant::from_seconds(seconds),
            )
        };
        assert_eq!(
            judge_at(109, same, false),
            Presented::Retry {
                sealed_answer: vec![7]
            }
        );
        assert_eq!(judge_at(110, same, false), Presented::Reuse);
        assert_eq!(judge_at(101, same, true), Presented::Reuse);
        assert_eq!(judge_at(101, other, false), Presented::Reuse);
    }
}
