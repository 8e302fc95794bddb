//! What can go wrong between a program and Portico, as the program's pages tell it apart.

use std::error::Error;
use std::fmt;

use openidconnect::core::CoreErrorResponseType;
use openidconnect::{DiscoveryError, RequestTokenError, StandardErrorResponse, UserInfoError};

use crate::transport::TransportError;

/// An error answer of the token and introspection endpoints.
pub(crate) type RequestError =
    RequestTokenError<TransportError, StandardErrorResponse<CoreErrorResponseType>>;

/// Why a program could not learn what it needs.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Portico does not answer, or says that it cannot now.
    Unreachable(String),
    /// Portico answered with an OAuth error: its `error` code.
    Refused(String),
    /// An answer that must not be believed, or not understood: what is wrong with it.
    Untrustworthy(String),
}

impl Trouble {
    pub(super) fn untrustworthy(what: impl Into<String>) -> Self {
        Self::Untrustworthy(what.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "Portico cannot be reached: {why}"),
            Self::Refused(error) => write!(f, "Portico refused: {error}"),
            Self::Untrustworthy(what) => write!(f, "Portico's answer cannot be used: {what}"),
        }
    }
}

impl From<TransportError> for Trouble {
    fn from(error: TransportError) -> Self {
        Self::Unreachable(chain(&error))
    }
}

impl From<RequestError> for Trouble {
    fn from(error: RequestError) -> Self {
        match error {
            RequestTokenError::ServerResponse(answer) => match answer.error().as_ref() {
                // "The authorization server is currently unable to handle the request" (RFC 6749 §4.1.2.1)
                code @ ("temporarily_unavailable" | "server_error") => {
                    Self::Unreachable(code.to_owned())
                }
                code => Self::Refused(code.to_owned()),
            },
            RequestTokenError::Request(error) => error.into(),
            // The body of an answer may hold tokens and is never repeated.
            RequestTokenError::Parse(error, _) => {
                Self::untrustworthy(format!("at {}", error.path()))
            }
            RequestTokenError::Other(what) => Self::Unreachable(what),
        }
    }
}

impl From<DiscoveryError<TransportError>> for Trouble {
    fn from(error: DiscoveryError<TransportError>) -> Self {
        match error {
            DiscoveryError::Request(error) => error.into(),
            DiscoveryError::Response(status, ..) => {
                Self::Unreachable(format!("discovery answered {status}"))
            }
            other => Self::Untrustworthy(chain(&other)),
        }
    }
}

impl From<UserInfoError<TransportError>> for Trouble {
    fn from(error: UserInfoError<TransportError>) -> Self {
        match error {
            UserInfoError::Request(error) => error.into(),
            UserInfoError::Response(status, ..) if status.is_server_error() => {
                Self::Unreachable(format!("userinfo answered {status}"))
            }
            UserInfoError::Response(status, ..) => {
                Self::Refused(format!("userinfo answered {status}"))
            }
            UserInfoError::Parse(error) => {
                Self::untrustworthy(format!("userinfo at {}", error.path()))
            }
            other => Self::Untrustworthy(chain(&other)),
        }
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
