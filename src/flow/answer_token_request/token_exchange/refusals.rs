//! How an exchange is refused.

use protocol::oauth_error::{OAuthError, invalid_request, invalid_target};

use crate::host_token::HostTokenProblem;

/// "if either the subject_token or actor_token are invalid for any reason, or are unacceptable based on
/// policy, the authorization server MUST construct an error response […]. The value of the error
/// parameter MUST be the invalid_request error code." (RFC 8693 §2.2.2) What a host has to do next hangs
/// on why, so it is told.
pub(super) fn unusable(problem: HostTokenProblem) -> OAuthError {
    invalid_request("the subject_token cannot be used")
        .because(problem.cause())
        .with("subject_token_state", problem.word())
}

/// One answer whether there is no such program, or it is not for this person, or not now, or not so.
pub(super) fn not_available(cause: &str) -> OAuthError {
    invalid_target("the program is not available").because(cause)
}
