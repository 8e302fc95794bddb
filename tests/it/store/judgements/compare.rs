//! What the three judges say of a town, side by side.

use domain::token_family::TokenFamily;
use live::ended::Verdict;
use store::liveness::{Liveness, of_handle};

use super::super::fixture::{NOW, digest, read};
use super::town::{Family, Town, handle_of};

impl Town<'_> {
    /// What the tables say of a family: its own row, and what it rests on.
    pub(super) fn stands(&self, family: &TokenFamily) -> bool {
        read(self.store, |db| {
            let row = store::token_families::find(db, family.id)?.expect("it is there");
            Ok(row.is_live(NOW) && store::token_families::standing(db, &row, NOW)?.is_some())
        })
    }

    pub(super) fn compare(&mut self) {
        for token in &self.tokens {
            let memory = match self.memory.judge(&token.handle, token.jti) {
                Verdict::Dead => None,
                Verdict::Unknown => panic!("this memory was never emptied"),
                Verdict::Alive { narrowed_to: None } => Some(token.scope.clone()),
                Verdict::Alive {
                    narrowed_to: Some(left),
                } => Some(token.scope.intersection(&left)),
            };
            let asked = read(self.store, |db| of_handle(db, &token.handle, token.jti));
            let tables = match asked {
                Liveness::Dead => None,
                Liveness::Alive { grant_scope: None } => Some(token.scope.clone()),
                Liveness::Alive {
                    grant_scope: Some(left),
                } => Some(token.scope.intersection(&left)),
            };
            assert_eq!(memory, tables, "memory and tables, of {:?}", token.handle);
        }
        for index in 0..self.families.len() {
            let Family { family, began, .. } = &self.families[index];
            let verdict = self
                .memory_of_families
                .judge(&handle_of(family, *began), digest());
            let stands = self.stands(family);
            assert_eq!(
                verdict != Verdict::Dead,
                stands,
                "memory and the families' own judgement, of {family:?}"
            );
            let known = &mut self.families[index];
            assert!(
                !(known.was_dead && stands),
                "nothing brings a family back: {:?}",
                known.family
            );
            known.was_dead = !stands;
        }
    }
}
