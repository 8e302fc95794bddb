//! What a grant is to the token endpoint: what it declares, and what comes of it.

use foundation::fault::Fault;
use protocol::token_response::TokenResponse;

use super::grant_parts::GrantParts;
use super::rotation::Rotation;
use crate::answer::Answer;
use crate::issue::{Entitled, IssuanceContext};

/// A grant: what it declares, and its own part of the work.
pub(super) trait GrantHandler {
    /// Whether only a client that has proved who it is may use it.
    const CONFIDENTIAL_ONLY: bool;

    /// Judges what was presented, and uses it up where it works once. A refusal is a value, so that
    /// what it writes is kept.
    async fn redeem(
        self,
        parts: &GrantParts,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault>;
}

/// What came of redeeming a grant.
pub(super) enum Redeemed {
    /// Tokens are to be issued.
    Entitled(Entitled),
    /// Tokens are to be issued, and count only once the rotation is written.
    Rotating(Entitled, Box<Rotation>),
    /// The answer was given before: an honest retry gets it again.
    Again(TokenResponse),
}
