//! What must be true after a kill and a start, whatever was cut off.

use super::acts::{Actor, request};
use super::ledger::{Code, Fate};
use super::visit::{Acknowledged, Http, Opened};

/// So many of the newest families are looked at after each kill.
const FAMILIES: usize = 40;

impl Actor<'_> {
    /// Compares the server with the ledger, and fills in what nobody knew.
    pub(super) async fn check(&mut self, http: &Http) -> Acknowledged<()> {
        self.check_sign_ins(http).await?;
        if self.ledger.signed_in().is_none() {
            self.sign_in(http).await?;
        }
        self.check_consents(http).await?;
        let newest = self.ledger.families.len().saturating_sub(FAMILIES);
        for family in newest..self.ledger.families.len() {
            self.check_cut_off(http, family).await?;
            self.check_tokens(http, family).await?;
            if self.chance.below(4) == 0 {
                self.check_that_no_code_works_twice(http, family).await?;
            }
        }
        Ok(())
    }

    async fn check_sign_ins(&mut self, http: &Http) -> Acknowledged<()> {
        for sign_in in &mut self.ledger.sign_ins {
            let stands = sign_in.browser.is_signed_in(http).await?;
            match sign_in.fate {
                Fate::Stands => assert!(stands, "an acknowledged session is lost"),
                Fate::Ended => assert!(!stands, "an acknowledged sign-out is lost"),
                Fate::Unknown => {}
            }
            sign_in.fate = if stands { Fate::Stands } else { Fate::Ended };
        }
        Ok(())
    }

    /// No acknowledged consent is asked for again, and none that was withdrawn serves.
    async fn check_consents(&mut self, http: &Http) -> Acknowledged<()> {
        let sign_in = self.ledger.signed_in().expect("just looked at");
        for program in 0..self.programs.len() {
            let asked = request(&self.programs[program]);
            let mut browser = self.ledger.sign_ins[sign_in].browser.clone();
            let opened = browser.open(http, &asked).await?;
            let Some(known) = self.ledger.grant(program) else {
                assert!(
                    matches!(opened, Opened::Sheet(_)),
                    "a consent that nobody gave"
                );
                continue;
            };
            let grant = &mut self.ledger.grants[known];
            let now = match &opened {
                Opened::AtOnce(_) => Fate::Stands,
                Opened::Sheet(_) => Fate::Ended,
            };
            if grant.fate != Fate::Unknown {
                assert_eq!(
                    now, grant.fate,
                    "an acknowledged consent or withdrawal is lost"
                );
            }
            grant.fate = now;
            if let Opened::AtOnce(code) = opened {
                self.ledger.note_code((sign_in, program), known, code);
            }
        }
        Ok(())
    }

    /// Repeats what was cut off, as an honest program does: it is as if it had happened once.
    async fn check_cut_off(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        let entry = &self.ledger.families[family];
        let fate = self.ledger.fate(entry);
        if entry.redeemed == Code::Presented {
            let first = self.present_code(http, family).await?;
            let second = self.present_code(http, family).await?;
            assert_eq!(
                second.err().as_deref(),
                Some("invalid_grant"),
                "a code works twice"
            );
            let entry = &mut self.ledger.families[family];
            if let Ok(answer) = first {
                entry.keep(&answer);
            }
            // The second use ended it.
            (entry.redeemed, entry.fate) = (Code::Spent, Fate::Ended);
        } else if entry.refreshing {
            let again = self.present_refresh(http, family).await?;
            match fate {
                Fate::Stands => assert!(again.is_ok(), "an honest retry is refused: {again:?}"),
                Fate::Ended => assert!(again.is_err(), "a dead family lives"),
                Fate::Unknown => {}
            }
            let entry = &mut self.ledger.families[family];
            entry.refreshing = false;
            if let Ok(answer) = again {
                entry.keep(&answer);
            }
        }
        Ok(())
    }

    /// What was acknowledged as revoked is inactive; what stands is active, with its scope.
    async fn check_tokens(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        let entry = &self.ledger.families[family];
        let (fate, phone) = (
            self.ledger.fate(entry),
            self.ledger.grants[entry.grant].phone,
        );
        let credential = self.programs[entry.program].credential();
        let access = entry.access.iter().map(|(token, own)| (token, *own, true));
        let refresh = entry
            .refresh
            .iter()
            .map(|token| (token, Fate::Stands, false));
        for (token, own, is_access) in access.chain(refresh) {
            let answer = http
                .backend("/introspect", credential, &[("token", token)])
                .await?;
            let answer = answer.json();
            let active = answer["active"].as_bool().expect("RFC 7662");
            match Fate::of(&[fate, own]) {
                Fate::Stands => assert!(
                    active,
                    "an acknowledged token is lost: {token} of {entry:?}"
                ),
                Fate::Ended => assert!(!active, "an acknowledged revocation is lost: {entry:?}"),
                Fate::Unknown => {}
            }
            let has_phone = answer.to_string().contains("phone.verified");
            if phone == Fate::Ended {
                assert!(!has_phone, "what was taken back is back: {entry:?}");
            }
            if active && is_access && phone == Fate::Stands {
                assert!(has_phone, "what was allowed is lost: {entry:?}");
            }
        }
        Ok(())
    }

    async fn check_that_no_code_works_twice(
        &mut self,
        http: &Http,
        family: usize,
    ) -> Acknowledged<()> {
        let entry = &self.ledger.families[family];
        if entry.redeemed != Code::Redeemed {
            return Ok(());
        }
        let again = self.present_code(http, family).await?;
        assert_eq!(
            again.err().as_deref(),
            Some("invalid_grant"),
            "a code works twice"
        );
        let entry = &mut self.ledger.families[family];
        (entry.redeemed, entry.fate) = (Code::Spent, Fate::Ended);
        // "SHOULD revoke (when possible) all tokens previously issued based on that authorization
        // code" (RFC 6749 §4.1.2)
        self.check_tokens(http, family).await
    }
}
