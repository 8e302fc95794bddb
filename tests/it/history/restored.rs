//! Copies that are made while a server runs, and put back where none does.

use std::path::Path;
use std::sync::Arc;

use domain::audit::ActedBy;
use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::{SharedEntropy, SystemEntropy};
use foundation::secret::SecretText;
use portico::app::App;
use portico::config::Config;
use tempfile::TempDir;

use super::{Visit, while_it_is_heard_of};
use crate::world::{World, in_both_worlds};

/// Another master key than that of the tests.
const ANOTHER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

fn parts() -> (SharedClock, SharedEntropy) {
    (Arc::new(SystemClock), Arc::new(SystemEntropy))
}

fn backs_up(w: &World, file: &Path) -> Result<u64, String> {
    let (clock, entropy) = parts();
    let made = App::back_up(w.config(), &clock, &entropy, (&ActedBy::SYSTEM, file));
    made.map(|made| made.bytes).map_err(|fault| fault.chain())
}

/// Gives where that is kept which was there before.
fn restores(config: &Config, file: &Path) -> Result<Option<String>, String> {
    let (clock, entropy) = parts();
    let done = App::restore(config, &clock, &entropy, (&ActedBy::SYSTEM, file));
    done.map(|done| done.replaced)
        .map_err(|fault| fault.chain())
}

in_both_worlds! {
    fn a_copy_that_is_put_back_revives_nothing(w: &World) {
        let folder = TempDir::new().expect("a folder");
        let copy = folder.path().join("copy");
        let visit = Visit::new(w);
        assert!(backs_up(w, &copy).expect("a copy") > 0);
        visit.goes_on();
        let again = backs_up(w, &copy).expect_err("it is there");
        assert!(again.contains("nothing is overwritten"), "{again}");
        // What the copy knows nothing of: an end, and what was given out.
        visit.market.revokes(&visit.tokens.access);
        let lost = visit.ada.uses(&visit.market);
        w.person("bob");
        let served = while_it_is_heard_of(w, || restores(w.config(), &copy));
        let served = served.expect_err("a server runs");
        assert!(served.contains("stop all of them"), "{served}");
        w.restart_after(|| {
            assert!(restores(w.config(), &copy).expect("put back").is_some());
        });
        visit.begins_anew();
        assert!(!visit.market.finds_active(&lost.access));
        assert_eq!(visit.market.refreshes(lost.refresh()).error(), "400 invalid_grant");
        let bob = w.store().read_blocking(|db| {
            let filter = store::users::UserFilter::default();
            store::users::list(db, &filter, 9).map(|all| all.len())
        });
        assert_eq!(bob.expect("people"), 1, "ada alone is in the copy");
    }

    /// And what is put back can be copied and put back again.
    fn a_copy_of_a_copy_is_one(w: &World) {
        let folder = TempDir::new().expect("a folder");
        let visit = Visit::new(w);
        for name in ["one", "two"] {
            let copy = folder.path().join(name);
            backs_up(w, &copy).expect("a copy");
            w.restart_after(|| drop(restores(w.config(), &copy).expect("put back")));
        }
        visit.begins_anew();
    }

    fn what_is_no_copy_changes_nothing(w: &World) {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let visit = Visit::new(w);
        backs_up(w, &path("copy")).expect("a copy");
        let copy = std::fs::read(path("copy")).expect("our own file");
        std::fs::write(path("half"), &copy[..copy.len() / 2]).expect("our own folder");
        std::fs::write(path("text"), "no copy").expect("our own folder");
        std::fs::write(path("empty"), "").expect("our own folder");
        w.restart_after(|| {
            for name in ["half", "text", "empty", "missing"] {
                assert!(restores(w.config(), &path(name)).is_err(), "{name}");
            }
            let mut config = w.config().clone();
            config.server.master_key = Some(SecretText::new(ANOTHER_KEY));
            let sealed = restores(&config, &path("copy")).expect_err("sealed with another key");
            assert!(sealed.contains("master key"), "{sealed}");
        });
        visit.goes_on();
    }
}
