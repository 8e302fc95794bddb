//! Tokens whose end was acknowledged, and that no node takes one for good a second later.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foundation::clock::{Clock as _, Span, SystemClock};

use crate::crash::acts::{Actor, Program};
use crate::crash::chance::Chance;
use crate::crash::ledger::Fate;
use crate::crash::visit::Http;

/// How long after an acknowledgement a token may still be taken for good.
const BOUND: Span = Span::seconds(1);
/// The newest are asked for most.
const NEWEST: usize = 60;
const PAUSE: Duration = Duration::from_millis(3);

struct Ended {
    token: String,
    program: usize,
    at: Span,
}

/// What ended, told by those who ended it.
#[derive(Default)]
pub(super) struct Watch {
    ended: Mutex<(Vec<Ended>, BTreeSet<String>)>,
    /// How often somebody looked.
    pub(super) looks: AtomicUsize,
}

impl Watch {
    /// Notes what of an actor's newest tokens has ended by now.
    pub(super) fn hears_of(&self, actor: &Actor<'_>) {
        let at = SystemClock.uptime();
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, known) = &mut *ended;
        for family in actor.ledger.families.iter().rev().take(NEWEST) {
            let fate = actor.ledger.fate(family);
            for (token, own) in &family.access {
                if Fate::of(&[fate, *own]) == Fate::Ended && known.insert(token.clone()) {
                    all.push(Ended {
                        token: token.clone(),
                        program: family.program,
                        at,
                    });
                }
            }
        }
    }

    /// Asks the nodes about what ended, until `over`.
    pub(super) async fn asks(
        &self,
        nodes: &[(SocketAddr, String)],
        programs: &[Program],
        chance: &Chance,
        over: &AtomicBool,
    ) {
        let https: Vec<Http> = nodes
            .iter()
            .map(|(address, issuer)| Http::new(*address, issuer.clone()))
            .collect();
        while !over.load(Ordering::SeqCst) {
            if let Some((token, program, at)) = self.some(chance) {
                let node = chance.below(https.len());
                let began = SystemClock.uptime();
                let fields = [("token", token.as_str())];
                let credential = programs[program].credential();
                let answer = https[node]
                    .backend("/introspect", credential, &fields)
                    .await;
                let late = began.as_millis() - at.as_millis();
                // Who cannot say so says nothing.
                if let Ok(answer) = answer {
                    self.looks.fetch_add(1, Ordering::Relaxed);
                    assert!(
                        late <= BOUND.as_millis() || answer.json()["active"] == false,
                        "node {node} took a token for good {late} ms after its end: {answer:?}"
                    );
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn some(&self, chance: &Chance) -> Option<(String, usize, Span)> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let all = &ended.0;
        if all.is_empty() {
            return None;
        }
        let one = &all[all.len() - 1 - chance.below(all.len().min(NEWEST))];
        Some((one.token.clone(), one.program, one.at))
    }
}
