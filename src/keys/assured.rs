//! For the calls into OpenSSL that fail only when nothing can go on: AES-256-GCM and HMAC-SHA-256
//! over keys whose length we chose ourselves.

use openssl::error::ErrorStack;

/// The value. Without it memory has run out, or the library was built without AES and SHA-2; the
/// process ends, as Rust's own allocator does it and as `Entropy` does when there is no randomness:
/// no answer without a seal would be a safe one.
pub(crate) fn assured<T>(result: Result<T, ErrorStack>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            eprintln!("portico: OpenSSL cannot seal or authenticate: {error}");
            std::process::abort();
        }
    }
}
