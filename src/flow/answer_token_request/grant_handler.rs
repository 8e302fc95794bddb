//! What a grant is to the token endpoint: what it is given, and what comes of it.

use std::pin::Pin;

use foundation::fault::Fault;
use protocol::token_request::TokenRequest;
use protocol::token_response::TokenResponse;

use super::rotation::Rotation;
use crate::answer::Answer;
use crate::token_authorization::{IssuanceContext, TokenAuthorization};

/// A request that passed the phases before its grant: the client is who it says, in service, and
/// registered this grant.
pub struct GrantCall<'a> {
    /// Who asks, and when.
    pub context: IssuanceContext,
    /// What was sent. A grant reads its own parameters of it.
    pub request: TokenRequest<'a>,
}

/// A grant's own part of the work.
pub trait GrantHandler: Send + Sync {
    /// Judges what was presented, and uses it up where it works once. A refusal is a value, so that
    /// what it writes is kept.
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a>;
}

/// A grant at work. On the heap, so that what waits for the store does not make the others larger.
pub type Redeeming<'a> = Pin<Box<dyn Future<Output = Result<Answer<Redeemed>, Fault>> + Send + 'a>>;

/// What came of redeeming a grant.
pub enum Redeemed {
    /// Tokens are to be issued.
    Authorized(TokenAuthorization),
    /// Tokens are to be issued, and count only once the rotation is written.
    Rotating(TokenAuthorization, Box<Rotation>),
    /// The answer needs no signature: it was given before and an honest retry gets it again, or it is a
    /// code.
    Answered(TokenResponse),
}
