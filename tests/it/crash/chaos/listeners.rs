//! Streams of session events, which come back at any node when they are cut: whatever happens to the nodes,
//! none goes on in silence after its token has ended, and none says that something ended which stands.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::crash::acts::Actor;
use crate::crash::chance::Chance;
use crate::crash::ledger::Fate;

/// One act in so many opens a stream.
const OPENS: usize = 6;
/// More than so many are not open at once.
const MAX_OPEN: usize = 60;
/// A stream that says nothing for so long is as good as cut: heartbeats come every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// A stream that was cut comes back after this.
const PAUSE: Duration = Duration::from_millis(100);
/// How long after everything is ready an end may stay unheard.
const LATE: Duration = Duration::from_secs(5);
/// After these a stream is over.
const CLOSING: &[&str] = &[
    "session_ended",
    "session_expired",
    "user_changed",
    "mini_program_suspended",
];
/// Told of other tokens of the same stay as well. It is the last where no "ready" follows to whoever comes
/// back.
const REVOKED: &str = "tokens_revoked";

/// What somebody who listens has been told at last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing that would be the last.
    Nothing,
    /// This closing event, or "401".
    Ended(String),
    /// That the token has run out.
    Expired,
}

/// Somebody who listens with one token.
struct Listener {
    token: String,
    /// Which person's sign-in and which program the token is of.
    stay: (String, usize, usize),
    told: Mutex<Told>,
}

/// All who listen, on threads of their own.
pub(super) struct Listeners {
    addresses: Vec<SocketAddr>,
    all: Mutex<Vec<Arc<Listener>>>,
    runtime: Runtime,
    /// How many ends were heard.
    pub(super) heard: AtomicUsize,
}

impl Listener {
    fn told(&self) -> Told {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }

    fn is_told(&self, told: Told) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// Listens at some node, and again at another one, until there is nothing more to hear.
    async fn listens(&self, addresses: &[SocketAddr], chance: &Chance) {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE)
            .build()
            .expect("a client");
        let mut last_event_id = None;
        while self.told() == Told::Nothing {
            let node = addresses[chance.below(addresses.len())];
            // However it ends: cut, refused for the moment, or over.
            let _ = self.hears(&client, node, &mut last_event_id).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hears(
        &self,
        client: &reqwest::Client,
        node: SocketAddr,
        last_event_id: &mut Option<String>,
    ) -> reqwest::Result<()> {
        let mut request = client
            .get(format!("http://{node}/session-events"))
            .bearer_auth(&self.token);
        if let Some(id) = &*last_event_id {
            request = request.header("last-event-id", id);
        }
        let mut response = request.send().await?;
        match response.status().as_u16() {
            200 => {}
            401 => {
                self.is_told(Told::Ended("401".to_owned()));
                return Ok(());
            }
            _ => return Ok(()),
        }
        let (mut text, mut name, mut is_ready) = (String::new(), String::new(), false);
        let mut is_revoked = false;
        while let Some(bytes) = response.chunk().await? {
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some((line, rest)) = text.split_once('\n') {
                match line.split_once(": ") {
                    Some(("event", said)) => name = said.to_owned(),
                    Some(("id", said)) => *last_event_id = Some(said.to_owned()),
                    _ if line.is_empty() => {
                        is_ready |= name == "ready";
                        is_revoked |= name == REVOKED;
                        self.happened(&std::mem::take(&mut name));
                    }
                    _ => {}
                }
                text = rest.to_owned();
            }
        }
        if is_revoked && !is_ready {
            self.is_told(Told::Ended(REVOKED.to_owned()));
        }
        Ok(())
    }

    fn happened(&self, name: &str) {
        if CLOSING.contains(&name) {
            self.is_told(Told::Ended(name.to_owned()));
        } else if name == "token_expired" {
            self.is_told(Told::Expired);
        }
    }
}

impl Listeners {
    pub(super) fn at(nodes: &[(SocketAddr, String)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Self {
            addresses: nodes.iter().map(|(address, _)| *address).collect(),
            all: Mutex::default(),
            runtime: runtime.expect("a runtime"),
            heard: AtomicUsize::default(),
        }
    }

    /// Listens, now and then, with the newest token of somebody, where nobody does in that stay.
    pub(super) fn follow(&self, actor: &Actor<'_>) {
        let Some(family) = actor.ledger.families.last() else {
            return;
        };
        let Some((token, Fate::Stands)) = family.access.last() else {
            return;
        };
        let stay = (actor.username.clone(), family.sign_in, family.program);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if actor.chance.below(OPENS) > 0
            || all.len() >= MAX_OPEN
            || all.iter().any(|other| other.stay == stay)
        {
            return;
        }
        let listener = Arc::new(Listener {
            token: token.clone(),
            stay,
            told: Mutex::new(Told::Nothing),
        });
        all.push(Arc::clone(&listener));
        let (addresses, chance) = (self.addresses.clone(), actor.chance.branch());
        self.runtime
            .spawn(async move { listener.listens(&addresses, &chance).await });
    }

    /// Everything is ready and nobody acts: whoever's token has ended was told, nobody else was.
    pub(super) fn check(&self, actors: &[Actor<'_>]) {
        let mut fates = BTreeMap::new();
        for actor in actors {
            for family in &actor.ledger.families {
                let fate = actor.ledger.fate(family);
                for (token, own) in &family.access {
                    fates.insert(token.as_str(), Fate::of(&[fate, *own]));
                }
            }
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for listener in &*all {
            match fates[listener.token.as_str()] {
                Fate::Ended => {
                    waits_for(|| listener.told() != Told::Nothing, &listener.stay);
                    let ended = matches!(listener.told(), Told::Ended(_));
                    self.heard.fetch_add(usize::from(ended), Ordering::Relaxed);
                }
                Fate::Stands => {
                    let told = listener.told();
                    let stay = &listener.stay;
                    assert!(!matches!(told, Told::Ended(_)), "{stay:?} stands: {told:?}");
                }
                Fate::Unknown => {}
            }
        }
        all.retain(|listener| listener.told() == Told::Nothing);
    }
}

fn waits_for(so: impl Fn() -> bool, stay: &(String, usize, usize)) {
    let looks = LATE.as_millis() / PAUSE.as_millis();
    for _ in 0..looks {
        if so() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("a stream goes on in silence after its token has ended: {stay:?}");
}
