//! The lines that an operator reads out to the maker of a program, at the level that is usual: a value
//! that does not fit with those that would, a failed sign-in, a request that needed a page.

use super::*;

/// The lines that say something.
fn lines<'a>(said: &'a str, message: &str) -> Vec<&'a str> {
    said.lines().filter(|line| line.contains(message)).collect()
}

fn the_usual_log_tells_what_went_wrong(database: Database) {
    let mut place = Place::new(database);
    let mut story = Story::new(&place);
    let programs = set_up(&mut story, &place);
    let program = &programs[0];
    place.logs("info");
    let server = place.start();

    let query = |redirect_uri: &str| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", program.id.as_str()),
                ("response_type", "code"),
                ("redirect_uri", redirect_uri),
                ("scope", "openid profile"),
                ("code_challenge", &jwt::s256(VERIFIER)),
                ("code_challenge_method", "S256"),
            ])
            .finish()
    };
    let strange = "https://elsewhere.example/callback\u{1b}[2J\n";
    assert_eq!(
        story
            .opens(&format!("/authorize?{}", query(strange)))
            .status,
        400
    );

    // A wrong password, then the right one; nothing ticked; another verifier.
    let page = story.opens(&format!("/authorize?{}", query(CALLBACK)));
    let typed = |password| [("username", "ada"), ("password", password)];
    let page = story.presses(&page, "sign-in", &typed(WRONG_PASSWORD));
    let page = story.presses(&page, "sign-in", &typed(PASSWORD));
    let answer = story.presses(&page, "allow", &[("scope", "")]);
    let location = url::Url::parse(&answer.location.expect("a way back")).expect("an address");
    let code = location.query_pairs().find(|(name, _)| name == "code");
    let code = code.expect("a code").1.into_owned();
    let other = "another-verifier-that-nobody-else-has-and-that-is-long";
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", other),
    ];
    assert_eq!(story.asks("/token", program, &redeem).status, 400);
    let nowhere = "https://elsewhere.example/bye";
    story.opens(&format!(
        "/end-session?client_id={}&post_logout_redirect_uri={nowhere}",
        program.id
    ));
    assert_eq!(server.ends("TERM"), Some(0));

    let said = place.said();
    let mistakes = lines(&said, "a client sent what does not fit");
    let id = &program.id;
    for (line, parts) in mistakes.iter().zip([
        [
            "redirect_uri is not registered".to_owned(),
            format!("received=\"https://elsewhere.example/callback[2J\" registered=[{CALLBACK:?}]"),
        ],
        [
            "the person did not allow it".to_owned(),
            "received=\"profile\" registered=[\"openid\"]".to_owned(),
        ],
        [
            "code_verifier belongs to another code_challenge".to_owned(),
            format!(
                "received={:?} registered=[{:?}]",
                jwt::s256(other),
                jwt::s256(VERIFIER)
            ),
        ],
        [
            "post_logout_redirect_uri is not registered".to_owned(),
            format!("received={nowhere:?} registered=[]"),
        ],
    ]) {
        assert!(line.contains(&format!("client_id={id:?}")), "{line}");
        for part in parts {
            assert!(line.contains(&part), "{part}: {line}");
        }
    }
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    assert!(!said.contains(other), "the verifier itself is a secret");
    let failed = lines(&said, "a sign-in failed");
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert!(
        failed[0].contains("127.0.0.1") && failed[0].contains(id.as_str()),
        "{}",
        failed[0]
    );
    assert!(
        !failed[0].contains("ada"),
        "what was typed may be a password: {}",
        failed[0]
    );
    let pages = lines(&said, "a request needs a page");
    let to = |page: &str| {
        pages
            .iter()
            .filter(|l| l.contains(&format!("page={page:?}")))
            .count()
    };
    assert_eq!((to("sign_in"), to("consent")), (1, 1), "{pages:#?}");
}

#[test]
fn the_usual_log_tells_what_went_wrong_on_sqlite() {
    the_usual_log_tells_what_went_wrong(Database::sqlite());
}

#[test]
fn the_usual_log_tells_what_went_wrong_on_postgres() {
    if let Some(database) = Database::postgres() {
        the_usual_log_tells_what_went_wrong(database);
    }
}
