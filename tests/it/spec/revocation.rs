//! Revocation (RFC 7009): a client gives back what it holds.

use crate::world::host::{self, Launcher};
use crate::world::in_both_worlds;
use crate::world::program::{Program, Proof};

in_both_worlds! {
    fn an_access_token_dies_alone(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let other = market.refreshes(tokens.refresh()).text("access_token");
        let reply = market.revokes(&tokens.access);
        assert_eq!((reply.status, reply.body.as_str()), (200, ""));
        assert!(!market.finds_active(&tokens.access));
        assert!(market.finds_active(&other) && market.finds_active(tokens.refresh()));
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.revokes(&tokens.access).status, 200, "twice is once");
    }

    fn a_refresh_token_takes_its_family_along(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let elsewhere = ada.opens(&market).tokens();
        assert_eq!(market.revokes(tokens.refresh()).status, 200);
        assert!(!market.finds_active(&tokens.access));
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert!(market.finds_active(&elsewhere.access), "another authorization stands");
    }

    fn what_is_not_its_own_is_answered_the_same_and_lives_on(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let tokens = w.person("ada").uses(&market);
        for token in [tokens.access.as_str(), tokens.refresh(), "nothing", "a.b.c"] {
            let reply = bank.revokes(token);
            assert_eq!((reply.status, reply.body.as_str()), (200, ""));
        }
        assert!(market.finds_active(&tokens.access) && market.finds_active(tokens.refresh()));
        let stranger = Program { secret: "pk_wrong".into(), proof: Proof::Basic, ..market.clone() };
        assert_eq!(stranger.revokes(&tokens.access).error(), "401 invalid_client");
        assert_eq!(market.posts("/revoke", &[]).error(), "400 invalid_request");
        assert!(market.finds_active(&tokens.access));
    }

    fn a_host_that_gives_back_its_refresh_token_signs_its_person_out(w: &World) {
        let nova = host::host(w);
        let (market, ada, bob) = (host::program(w, "market", "openid"), w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (Launcher::of(&nova, &ada), Launcher::of(&nova, &bob));
        let elsewhere = Launcher::of(&nova, &ada.with_another_browser());
        let (page, other) = (of_ada.launches(&market), elsewhere.launches(&market));
        let mut stream = w.listens(&of_ada.tokens.access).once_ready();
        assert_eq!(nova.revokes(of_ada.tokens.refresh()).status, 200);
        assert_eq!(stream.hears().with("reason"), "session_ended logout");
        assert!(!market.finds_active(&page) && !nova.finds_active(&of_ada.tokens.access));
        assert_eq!(ada.sessions().len(), 1, "the one of the other browser");
        assert_eq!(ada.looks_at("/account").path, "/sign-in");
        assert!(market.finds_active(&other), "it goes on");
        assert_eq!(nova.revokes(of_ada.tokens.refresh()).status, 200, "twice is once");
        // An access token alone, or what is another's, signs nobody out.
        assert_eq!(nova.revokes(&of_bob.tokens.access).status, 200);
        assert_eq!(market.revokes(of_bob.tokens.refresh()).status, 200);
        assert_eq!(bob.sessions().len(), 1);
    }

    fn a_wrong_hint_hides_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let form = [
            ("token", tokens.refresh().to_owned()),
            ("token_type_hint", "access_token".to_owned()),
        ];
        assert_eq!(market.posts("/introspect", &form).json()["active"], true);
        assert_eq!(market.posts("/revoke", &form).status, 200);
        assert!(!market.finds_active(tokens.refresh()));
    }

    /// The operator's cut: everything that was given out before it is dead at every endpoint, a code
    /// that was under way included; new tokens live.
    fn the_operator_can_cut_off_a_client_a_person_and_everybody(w: &World) {
        use flow::administer::revoke::TokensOf;
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        ada.signs_in();
        bob.signs_in();
        let cuts = [
            (TokensOf::Client(market.id.clone()), [false, true, false, true]),
            (TokensOf::User("ada".into()), [false, false, true, true]),
            (TokensOf::All, [false; 4]),
        ];
        for (cut, expected) in cuts {
            let held: Vec<_> = [(&ada, &market), (&ada, &bank), (&bob, &market), (&bob, &bank)]
                .into_iter()
                .map(|(person, program)| {
                    let tokens = person.opens(program).tokens();
                    (program, tokens, person.opens(program).code())
                })
                .collect();
            w.operator(w.administration().revoke_tokens(cut.clone()));
            for ((program, tokens, code), lives) in held.iter().zip(expected) {
                assert_eq!(program.finds_active(&tokens.access), lives, "{cut:?}");
                assert_eq!(program.finds_active(tokens.refresh()), lives, "{cut:?}");
                let userinfo = program.userinfo(&tokens.access).status;
                assert_eq!(userinfo, if lives { 200 } else { 401 }, "{cut:?}");
                for reply in [program.refreshes(tokens.refresh()), program.redeems(code)] {
                    match lives {
                        true => assert_eq!(reply.status, 200, "{cut:?}: {}", reply.body),
                        false => assert_eq!(reply.error(), "400 invalid_grant", "{cut:?}"),
                    }
                }
            }
        }
        let after = ada.opens(&market).tokens();
        assert!(market.finds_active(&after.access), "who asks again gets new ones");
    }
}
