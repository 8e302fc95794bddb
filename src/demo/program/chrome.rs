//! What surrounds the content of every page of a mini-program: its head, the line that was left,
//! what the person does not share, and what the program knows.

use actix_web::{Error, HttpRequest};

use super::launch::Bridge;
use super::{Program, turned_away};
use crate::facts::ScopeFacts;
use crate::relying_party::{Shared, Trouble};
use crate::site::{Visitor, is_framed};

/// The surroundings of one page.
#[derive(Clone, Debug)]
pub(crate) struct Chrome {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    /// In Nova's frame the title bar is Nova's.
    pub(crate) framed: bool,
    pub(crate) notice: Option<String>,
    pub(crate) form_token: String,
    pub(crate) gaps: Vec<Gap>,
    /// What the program knows, label and value.
    pub(crate) known: Vec<(&'static str, String)>,
    pub(crate) leave_link: String,
    pub(crate) account_link: Option<String>,
    pub(crate) nova: String,
    /// To the super app around the page.
    pub(crate) bridge: Option<Bridge>,
}

/// Something that the program would like to know and does not.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) scope: &'static str,
    /// That it is not shared (any longer).
    pub(crate) fact: String,
    /// What the program cannot do therefore.
    pub(crate) without: &'static str,
    /// Where to share it; nothing where the person has no such thing to share.
    pub(crate) share_link: Option<String>,
}

impl Program {
    /// The surroundings for a visitor's page. The error is the page for trouble with Portico.
    pub(crate) async fn chrome(
        &self,
        request: &HttpRequest,
        visitor: &Visitor,
    ) -> Result<Chrome, Error> {
        self.surroundings(request, visitor)
            .await
            .map_err(|trouble| turned_away(self.trouble(request, &trouble)))
    }

    async fn surroundings(
        &self,
        request: &HttpRequest,
        visitor: &Visitor,
    ) -> Result<Chrome, Trouble> {
        let framed = is_framed(request);
        let relying_party = &self.site.relying_party;
        let gaps = self.facts.scopes.iter().filter_map(|scope| {
            let once = self.once_shared(visitor, scope.scope);
            self.gap(scope, &visitor.shared, once, framed)
        });
        Ok(Chrome {
            slug: self.facts.slug,
            name: self.facts.name,
            framed,
            notice: self.site.take_notice(visitor),
            form_token: visitor.form_token().to_owned(),
            gaps: gaps.collect(),
            known: known(&visitor.subject, &visitor.shared),
            leave_link: relying_party
                .sign_out_link(&visitor.tokens)
                .await?
                .to_string(),
            account_link: relying_party
                .account_link()
                .await?
                .map(|url| url.to_string()),
            nova: self.nova.clone(),
            bridge: self.bridge(request),
        })
    }

    fn gap(
        &self,
        scope: &'static ScopeFacts,
        shared: &Shared,
        once: bool,
        framed: bool,
    ) -> Option<Gap> {
        let (name, noun) = (self.facts.name, scope.noun);
        let (fact, share_link) = match (shared.allows(scope.scope), once) {
            (true, _) if shared.has(scope.scope) => return None,
            (true, _) => (format!("Your profile has no {noun}."), None),
            (false, true) => (
                format!("You no longer share your {noun} with {name}."),
                Some(self.share_link(scope, framed)),
            ),
            (false, false) => (
                format!("You don't share your {noun} with {name}."),
                Some(self.share_link(scope, framed)),
            ),
        };
        Some(Gap {
            scope: scope.scope,
            fact,
            without: scope.without,
            share_link,
        })
    }

    /// In a frame only the host can bring the person to Portico: a program's own navigation there
    /// is another site's and carries none of Portico's cookies. So the link asks the host.
    fn share_link(&self, scope: &ScopeFacts, framed: bool) -> String {
        if framed {
            format!(
                "{}/open/{}?share={}",
                self.nova, self.facts.slug, scope.scope
            )
        } else {
            format!("/open?share={}", scope.scope)
        }
    }
}

impl Shared {
    /// Whether there is a value behind an allowed scope.
    fn has(&self, scope: &str) -> bool {
        match scope {
            crate::facts::PROFILE_BASIC => self.name.is_some(),
            crate::facts::PHONE_VERIFIED => self.phone_number.is_some(),
            crate::facts::ADDRESSES => !self.addresses.is_empty(),
            crate::facts::KYC_STATUS => self.kyc.is_some(),
            crate::facts::PAYMENT_METHODS => !self.payment_methods.is_empty(),
            _ => true,
        }
    }
}

/// Everything that Portico told, as the program's "what we know" shows it.
fn known(subject: &str, shared: &Shared) -> Vec<(&'static str, String)> {
    let mut known = vec![("Your id here", subject.to_owned())];
    known.extend(shared.name.clone().map(|name| ("Name", name)));
    known.extend(shared.phone_number.clone().map(|phone| ("Phone", phone)));
    known.extend(
        shared
            .addresses
            .iter()
            .map(|a| ("Address", format!("{}: {}", a.title(), a.line()))),
    );
    known.extend(
        shared
            .kyc
            .as_ref()
            .map(|kyc| ("Identity check", kyc.summary())),
    );
    known.extend(
        shared
            .payment_methods
            .iter()
            .map(|c| ("Card", format!("{} •••• {}", c.brand, c.last4))),
    );
    known.push(("Scopes", shared.scopes.join(" ")));
    known
}

#[cfg(test)]
pub(crate) mod samples {
    //! Surroundings and programs for tests.

    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;

    use foundation::clock::{Instant, ManualClock};
    use foundation::entropy::SeededEntropy;

    use super::*;
    use crate::facts::ProgramFacts;
    use crate::routes::{Common, program_with};
    use crate::settings::DemoClient;

    /// A program whose Portico is nowhere.
    pub(crate) fn program(facts: &'static ProgramFacts) -> Program {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let issuer = url::Url::parse("http://portico.superapp.localhost:9").expect("a url");
        let clock = Arc::new(ManualClock::at(Instant::from_seconds(1_800_000_000)));
        let common = Common {
            issuer,
            portico: nowhere,
            scenes: Arc::new(crate::scenes::Scenes::new(clock.clone())),
            port: 8080,
            one_site: false,
            clock,
            entropy: Arc::new(SeededEntropy::new(7)),
        };
        let client = DemoClient {
            client_id: "client".to_owned(),
            client_secret: Some(foundation::secret::SecretText::new("secret")),
        };
        program_with(&common, facts, &client).expect("good addresses")
    }

    /// The surroundings of a page, with or without gaps.
    pub(crate) fn chrome(
        facts: &'static ProgramFacts,
        shared: &Shared,
        once: bool,
        framed: bool,
    ) -> Chrome {
        let program = program(facts);
        let gaps = facts
            .scopes
            .iter()
            .filter_map(|s| program.gap(s, shared, once, framed))
            .collect();
        Chrome {
            slug: facts.slug,
            name: facts.name,
            framed,
            notice: Some("Something <happened>.".to_owned()),
            form_token: "form-token".to_owned(),
            gaps,
            known: known("subject-1", shared),
            leave_link: "http://portico.test/logout?id_token_hint=x&state=y".to_owned(),
            account_link: Some("http://portico.test/account".to_owned()),
            nova: program.nova,
            bridge: None,
        }
    }

    /// A person who shares everything with every program.
    pub(crate) fn everything() -> Shared {
        let ada = crate::people::people().remove(0).profile;
        let claims: crate::claims::PorticoClaims = serde_json::from_value(ada).expect("a profile");
        Shared {
            scopes: crate::facts::PROGRAMS
                .iter()
                .flat_map(|p| p.scope_names())
                .map(str::to_owned)
                .collect(),
            name: Some("Ada Lindqvist".to_owned()),
            phone_number: Some("+46705550142".to_owned()),
            addresses: claims.addresses.unwrap_or_default(),
            payment_methods: claims.payment_methods.unwrap_or_default(),
            kyc: claims.kyc,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{chrome, everything};
    use super::*;
    use crate::facts::{MARKET, TAXI};

    #[test]
    fn nothing_is_missing_for_somebody_who_shares_everything() {
        assert!(chrome(&MARKET, &everything(), true, true).gaps.is_empty());
    }

    #[test]
    fn what_was_taken_back_is_told_from_what_was_never_given() {
        let nothing = Shared::default();
        let gaps = chrome(&MARKET, &nothing, true, false).gaps;
        assert_eq!(gaps[0].fact, "You no longer share your name with Market.");
        assert_eq!(
            gaps[0].share_link.as_deref(),
            Some("/open?share=profile.basic")
        );
        let gaps = chrome(&MARKET, &nothing, false, true).gaps;
        assert_eq!(
            gaps[1].fact,
            "You don't share your phone number with Market."
        );
        assert_eq!(
            gaps[1].share_link.as_deref(),
            Some("http://app.superapp.localhost:8080/open/market?share=phone.verified")
        );
    }

    #[test]
    fn a_person_without_addresses_is_not_asked_to_share_them() {
        let shared = Shared {
            addresses: Vec::new(),
            ..everything()
        };
        let gaps = chrome(&TAXI, &shared, true, true).gaps;
        assert_eq!(gaps[0].fact, "Your profile has no saved addresses.");
        assert_eq!(gaps[0].share_link, None);
    }
}
