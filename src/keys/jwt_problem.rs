//! Why a JWT was not accepted: one word for the log; callers outside never learn which it was.

/// Why a JWT was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtProblem {
    /// Not three strict base64url segments with JSON objects, too long, or with a header member
    /// that must not be there (`crit`).
    #[error("the JWT is not well-formed")]
    Malformed,
    /// The `typ` is another: an id_token is not an access token (RFC 8725 §3.11).
    #[error("the JWT is of another type")]
    Type,
    /// The `alg` is not one that is accepted here, or does not fit the key.
    #[error("the JWT's algorithm is not accepted")]
    Algorithm,
    /// It brings a private key along.
    #[error("the JWT brings a private key along")]
    PrivateKey,
    /// No key that could have made it is known. One may have appeared since keys were last read.
    #[error("the JWT's key is not known")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the JWT's signature is wrong")]
    Signature,
}
