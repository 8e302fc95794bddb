//! What `docs/incidents.md` tells an operator to type on a bad day, and that it does what it says.

use super::Operator;
use super::document::Document;
use crate::world::jwt;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

const DOCUMENT: Document = Document(include_str!("../../../docs/incidents.md"));

impl Operator {
    /// At another machine, with what a command needs to act on this world.
    fn beside(w: &World) -> Self {
        let key = std::fs::read_to_string(w.data().join("master.key")).expect("the master key");
        Self::on(w.database())
            .with("PORTICO_ISSUER", w.issuer())
            .with("PORTICO_MASTER_KEY", key.trim())
    }

    /// Types what a section says, with what its names mean; gives what each command said. The world's clock
    /// keeps up with that of the commands, which take their time: nothing that they did is in the future.
    fn does_as_written(
        mut self,
        w: &World,
        section: &str,
        meaning: &[(&str, &str)],
    ) -> Vec<String> {
        for (name, value) in meaning {
            self.sets(name, value);
        }
        let lines = DOCUMENT.commands(section).into_iter();
        let said = lines.map(|line| self.types_into_a_shell(line)).collect();
        w.is_in_the_present();
        said
    }
}

/// Somebody who uses a program.
struct Use {
    ada: Person,
    market: Program,
    tokens: Tokens,
}

impl Use {
    fn new(w: &World) -> Self {
        let (ada, market) = (
            w.person("ada"),
            w.mini_program("market", "openid profile.basic"),
        );
        let tokens = ada.uses(&market);
        Self {
            ada,
            market,
            tokens,
        }
    }

    fn is_live(&self, tokens: &Tokens) -> bool {
        self.market.finds_active(&tokens.access)
    }

    /// What was given out is worthless, within a second.
    fn ends(&self, w: &World) {
        w.soon("its token is worthless", || !self.is_live(&self.tokens));
        let refreshed = self.market.refreshes(self.tokens.refresh());
        assert_eq!(refreshed.error(), "400 invalid_grant");
    }

    fn is_signed_in(&self) -> bool {
        self.ada.looks_at("/account").path == "/account"
    }

    /// The program gets tokens anew, and nobody sees a page.
    fn comes_back_in_silence(&self, market: &Program) {
        let visit = self.ada.opens(market);
        assert_eq!(visit.at(), "program");
        assert!(market.finds_active(&visit.tokens().access));
    }
}

in_both_worlds! { in the present:
    fn a_stolen_phone_is_signed_out_and_nothing_else(w: &World) {
        let phone = Use::new(w);
        let sessions = phone.ada.sessions();
        let [session] = &sessions[..] else { panic!("there is one") };
        let laptop = phone.ada.with_another_browser();
        let visit = laptop.opens(&phone.market).signs_in();
        let at_home = visit.tokens();
        let said = Operator::beside(w).does_as_written(
            w,
            "A phone was stolen",
            &[("USERNAME", "ada"), ("SESSION", session)],
        );
        assert!(said[0].contains(session), "{}", said[0]);
        phone.ends(w);
        assert!(!phone.is_signed_in());
        assert!(phone.is_live(&at_home));
        assert_eq!(laptop.looks_at("/account").path, "/account");
    }

    fn a_password_that_somebody_knows_opens_nothing(w: &World) {
        let held = Use::new(w);
        Operator::beside(w).does_as_written(w, "A password is known to somebody", &[("USERNAME", "ada")]);
        held.ends(w);
        assert!(!held.is_signed_in());
        let page = held.ada.looks_at("/sign-in");
        let refused = held.ada.types_password(&page, "ada", &held.ada.password);
        assert_eq!(refused.path, "/sign-in");
        let accepted = held.ada.types_password(&page, "ada", super::PASSWORD);
        assert_eq!(accepted.path, "/account");
    }

    fn a_secret_that_leaked_is_worthless_and_nobody_is_asked_again(w: &World) {
        let held = Use::new(w);
        let meaning = [("CLIENT", held.market.id.as_str())];
        let said = Operator::beside(w).does_as_written(w, "A client's secret leaked", &meaning);
        w.soon("the old one is refused", || {
            held.market.introspects("a token").error() == "401 invalid_client"
        });
        let (_, secret) = said[0].split_once("client_secret").expect("the new secret");
        let secret = secret.split_whitespace().next().expect("a word").to_owned();
        let market = Program { secret, ..held.market.clone() };
        w.soon("its token is worthless", || !market.finds_active(&held.tokens.access));
        assert_eq!(market.refreshes(held.tokens.refresh()).error(), "400 invalid_grant");
        held.comes_back_in_silence(&market);
    }

    fn what_a_leaked_key_signed_is_refused_and_the_next_one_signs(w: &World) {
        let held = Use::new(w);
        let key = |token: &str| jwt::header(token)["kid"].as_str().expect("a kid").to_owned();
        let leaked = key(&held.tokens.access);
        let said = Operator::beside(w).does_as_written(w, "A signing key leaked", &[("KEY", &leaked)]);
        assert!(said[0].contains(&leaked), "{}", said[0]);
        w.soon("it is out of the JWKS", || !w.get("/jwks").body.contains(&leaked));
        w.soon("what it signed is refused", || !held.is_live(&held.tokens));
        assert_eq!(held.market.userinfo(&held.tokens.access).status, 401);
        let refreshed = Tokens::of(&held.market.refreshes(held.tokens.refresh()));
        assert!(held.is_live(&refreshed));
        assert_ne!(key(&refreshed.access), leaked);
    }

    fn a_program_that_misbehaves_is_closed_to_everybody(w: &World) {
        let held = Use::new(w);
        let meaning = [("CLIENT", held.market.id.as_str())];
        let said = Operator::beside(w).does_as_written(w, "A program does what it should not", &meaning);
        assert!(said[1].contains("client.suspended"), "{}", said[1]);
        w.soon("nobody can open it", || held.ada.opens(&held.market).at() != "program");
        held.market.is_released();
        held.ends(w);
        assert!(held.is_signed_in());
    }

    fn when_nobody_knows_how_far_it_went_every_token_is_worthless(w: &World) {
        let held = Use::new(w);
        Operator::beside(w).does_as_written(w, "Nobody knows how far it went", &[]);
        held.ends(w);
        held.comes_back_in_silence(&held.market);
    }

    fn what_ended_after_the_copy_was_made_stays_ended(w: &World) {
        let held = Use::new(w);
        let operator = Operator::beside(w);
        operator.does("backup portico.backup");
        held.ada.signs_out();
        let lost = held.ada.with_another_browser().opens(&held.market).signs_in().tokens();
        w.restart_after(|| {
            operator.does_as_written(w, "The database is lost or damaged", &[]);
        });
        w.soon("it serves again", || w.get("/readyz").status == 200);
        assert!(!held.is_live(&lost) && !held.is_signed_in());
        held.ends(w);
        let visit = held.ada.opens(&held.market).signs_in();
        assert_eq!(visit.at(), "program", "what was allowed is in the copy");
    }
}
