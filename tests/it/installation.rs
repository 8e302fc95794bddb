//! Whose installation a database is: what of somebody else's gets into it, and a database that takes the
//! place of another one under a server that runs.

use flow::administer::signing_keys::RotateWhen;
use foundation::clock::Span;

use crate::world::{World, in_both_worlds};

/// Rows that this installation's master key does not open, in the place of a newer key and secret of each
/// kind: what a server leaves behind that began in the wrong database.
fn somebody_else_leaves_keys(w: &World) {
    let database = w.database();
    let mut beside = database.beside();
    for state in ["active", "next"] {
        beside.run(&format!(
            "INSERT INTO signing_keys
                (id, kind, state, since, created_at, public_jwk, sealed_private, confirmed_at)
             SELECT 'not-ours-{state}-' || kind, kind, '{state}', since + 1, created_at + 1, public_jwk,
                 sealed_private, created_at
             FROM signing_keys WHERE state = 'active' AND id NOT LIKE 'not-ours%'"
        ));
    }
    for (number, purpose) in [(1_u8, "handle"), (2, "step"), (3, "pairwise")] {
        let id = database.literal(&[number; 16]);
        beside.run(&format!(
            "INSERT INTO shared_secrets (id, purpose, sealed, created_at)
             SELECT {id}, purpose, sealed, created_at + 1 FROM shared_secrets
             WHERE purpose = '{purpose}'"
        ));
    }
}

in_both_worlds! {
    fn keys_that_somebody_else_left_keep_nobody_from_starting(w: &World) {
        let (ada, market) = (w.person("ada"), w.mini_program("market", "openid"));
        let tokens = ada.uses(&market);
        w.restart_after(|| somebody_else_leaves_keys(w));
        assert_eq!(w.get("/readyz").status, 200);
        assert!(market.finds_active(&tokens.access), "nothing of ours is lost");
        assert!(market.finds_active(&ada.uses(&market).access));
        // What is made later takes the place of ours, and never of theirs.
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        assert!(market.finds_active(&ada.uses(&market).access));
        for _ in 0..3 {
            w.passes(Span::hours(23));
            w.soon("it is fresh", || w.get("/readyz").status == 200);
            w.wait(w.services().signing_keys.rotate_by_age()).expect("no fault");
            ada.signs_in();
            assert!(market.finds_active(&ada.uses(&market).access));
        }
        w.restart();
        assert!(market.finds_active(&ada.uses(&market).access));
        // The operator removes one that signs nothing, and nothing takes its place.
        let keys = || w.operator(w.signing_keys().list());
        let before = keys().len();
        w.operator(w.signing_keys().revoke("not-ours-active-P-256"));
        assert_eq!(keys().len(), before - 1);
        assert!(market.finds_active(&ada.uses(&market).access));
    }
}
