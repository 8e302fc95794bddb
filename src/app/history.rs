//! Whose installation a database is, and which log: looked at by every opening, before anything else is
//! written.

use std::sync::Arc;

use domain::audit::ActedBy;
use flow::renew_history::{HistoryRenewal, LogHistory};
use foundation::clock::{Clock as _, SharedClock};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use live::node_time::NodeTime;
use store::{SchemaState, Store};

use super::served::{is_served, wait_until_nobody_serves};
use super::{App, Make, find_store, master_key, open_store};
use crate::config::Config;
use crate::job::witness::Witness;

/// Begins a new history where the log is not the one that the witness has seen: a copy was put back
/// while nobody served. From here on, connections that are new are asked the same.
pub(super) fn settle(
    config: &Config,
    store: &Store,
    clock: SharedClock,
    entropy: SharedEntropy,
) -> Result<(), Fault> {
    let witness = Witness::of(&config.server.data_dir);
    let Some(followed) = witness.said() else {
        return Ok(());
    };
    LogHistory::of(store, clock, entropy, config.history.on_loss)
        .renew_if_it_went_back(followed)?;
    store.has_followed(followed.clone());
    Ok(())
}

/// Takes an installation that is nobody's for who serves, and refuses another's. A command needs no
/// issuer, so it neither takes nor is refused.
pub(super) fn take(config: &Config, store: &Store) -> Result<(), Fault> {
    let ours = &config.server.issuer;
    match store.read_blocking(store::installation::issuer)? {
        Some(theirs) if theirs == *ours => Ok(()),
        Some(theirs) => Err(another_issuer(&theirs, ours)),
        None => {
            let issuer = ours.clone();
            let write = move |tx: &mut store::Transaction<'_>| {
                store::installation::lock(tx)?;
                match store::installation::issuer(tx)? {
                    None => store::installation::set_issuer(tx, &issuer).map(|()| issuer),
                    Some(theirs) => Ok(theirs),
                }
            };
            let taken = store.write_blocking(write)?.value;
            match taken == *ours {
                true => Ok(()),
                false => Err(another_issuer(&taken, ours)),
            }
        }
    }
}

fn another_issuer(theirs: &str, ours: &str) -> Fault {
    let cause = format!(
        "it is the installation of {theirs}, and this one is {ours}; if it is a copy that is to be \
         {ours} from now on, `portico adopt` makes it so, and ends all sessions and tokens in it"
    );
    Fault::unusable("the database", cause)
}

impl App {
    /// As [`App::adopt`] where the installation is another's, and nothing otherwise: for the
    /// demonstration, which is at home wherever it is started.
    ///
    /// # Errors
    /// As [`App::adopt`].
    pub fn adopt_anothers(
        config: &Config,
        clock: &SharedClock,
        entropy: &SharedEntropy,
        by: &ActedBy,
    ) -> Result<(), Fault> {
        let Some(store) = open_store(config, clock)? else {
            return Ok(());
        };
        if store.schema()? != SchemaState::Current {
            return Ok(());
        }
        match store.read_blocking(store::installation::issuer)? {
            Some(theirs) if theirs != config.server.issuer => {
                Self::adopt(config, clock, entropy, by).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Makes an installation this issuer's. It begins a new history: what the issuer before gave out is
    /// worth nothing here. Gives whose it was. Waits where a node may have been killed a moment ago.
    ///
    /// # Errors
    /// There is no such database, its master key is another, or a server is running on it.
    pub fn adopt(
        config: &Config,
        clock: &SharedClock,
        entropy: &SharedEntropy,
        by: &ActedBy,
    ) -> Result<Option<String>, Fault> {
        let store = find_store(config, clock)?;
        let time = Arc::new(NodeTime::new(Arc::clone(clock), store.time()?));
        settle(
            config,
            &store,
            Arc::clone(&time) as SharedClock,
            Arc::clone(entropy),
        )?;
        master_key::open(config, &store, entropy.as_ref(), Make::Nothing)?;
        let gone = match store.read_blocking(store::installation::issuer)? {
            Some(before) if before == config.server.issuer => return Ok(Some(before)),
            _ => wait_until_nobody_serves(&store, clock)?,
        };
        let (now, entropy) = (time.now(), entropy.as_ref());
        let renewal = HistoryRenewal::of_adoption(by.clone(), now, entropy);
        let issuer = config.server.issuer.clone();
        let adopted = store.renew_blocking(move |tx| {
            store::installation::lock(tx)?;
            let before = store::installation::issuer(tx)?;
            if before.as_ref() == Some(&issuer) {
                return Ok(Some(before));
            }
            if !gone.are_all_there_were(tx, now)? {
                return Ok(None);
            }
            store::installation::set_issuer(tx, &issuer)?;
            let seen = store::histories::current(tx)?;
            renewal.write(tx, seen)?;
            Ok(Some(before))
        })?;
        adopted.value.ok_or_else(|| is_served(None))
    }
}
