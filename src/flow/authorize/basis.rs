//! What an authorization rests on, looked at in the transaction that writes it: what was read before may be
//! otherwise by now.

use domain::grant::{Grant, GrantedScopes};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::Position;

use crate::browser::SignedIn;
use crate::pending_authorization::{KnownPerson, PendingAuthorization};
use crate::settle_grant::DecidedGrant;

/// What an authorization rests on; all of it stands until the transaction ends, or what ends it comes after
/// this in the log.
pub(super) struct Basis {
    /// The grant that was decided on, and what the decision makes of it.
    pub(super) change: DecidedGrant,
    /// Where the family begins.
    pub(super) begins: Position,
}

impl Basis {
    /// Looks; `None` if something is not as it was when it was decided. Nothing is written.
    ///
    /// A request that was on pages decides something, so nobody else acts for the person until it is
    /// written. One that was on none writes a code, which is worth nothing once its session has ended.
    pub(super) fn find(
        tx: &mut store::Transaction<'_>,
        pending: &PendingAuthorization,
        signed_in: &SignedIn,
        known: &KnownPerson,
        allow: impl Fn(Option<&Grant>) -> GrantedScopes,
        now: Instant,
    ) -> Result<Option<Self>, Fault> {
        if pending.interaction.is_some() && !signed_in.still_acts(tx, now)? {
            return Ok(None);
        }
        let (user, client) = (signed_in.user.id, &pending.client);
        let change = DecidedGrant::find(tx, client, user, allow)?;
        let what = |grant: &Grant| (grant.id, grant.scopes.clone());
        if change.before.as_ref().map(what) != known.grant.as_ref().map(what) {
            return Ok(None);
        }
        let session = signed_in.session.id;
        let begins = store::token_families::beginning(tx, session, &client.id, now)?;
        Ok(begins.map(|begins| Self { change, begins }))
    }
}
