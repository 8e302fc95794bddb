//! What a person has refused a program that a host launches: for good, or for this session.

use domain::consent::ConsentRefusal;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId, UserId};

/// What they refused it, and after that what they put off in this session: where both are there, the
/// refusal counts.
pub(crate) fn refused_or_put_off(
    db: &mut store::Connection,
    (user, session): (UserId, SessionId),
    program: &ClientId,
) -> Result<Vec<ConsentRefusal>, Fault> {
    let mut refusals = store::refusals::of(db, user, program)?;
    refusals.extend(store::postponements::of(db, session, program)?);
    Ok(refusals)
}
