//! The log of a launch by a web ticket: neither that, nor its verifier, nor the cookie that it gave.

use flow::administer::clients::Allowed;

use super::*;

const HOST: &str = "openid portico:launch";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const WEB_TICKET: &str = "urn:portico:params:oauth:token-type:web-ticket";

/// Registers a host, and a program that it launches; gives both.
fn host_and_program(story: &mut Story, place: &Place) -> [Program; 2] {
    let app = App::open(
        &place.config(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let app = app.expect("it opens");
    let acts = app.services().administration.by(operator());
    let host = json!({
        "client_name": "Nova", "portico:host": true, "redirect_uris": [CALLBACK], "scope": HOST,
        "grant_types": ["authorization_code", "refresh_token", EXCHANGE],
    });
    let registered = story.runtime.block_on(async {
        let publisher = acts.add_publisher("Harbour Goods", true).await;
        let publisher = publisher.expect("no fault").expect("new");
        let program = json!({
            "client_name": "Market", "publisher": publisher.id, "state": "released",
            "entry_uri": "https://shop.example/open", "origins": ["https://shop.example"],
            "redirect_uris": [CALLBACK], "scope": "openid", "launch_types": ["ticket"],
        });
        let allowed = Allowed {
            again: true,
            lookalike: true,
        };
        let host = acts.add_client(&host).await;
        let program = acts.add_mini_program(&program, allowed).await;
        [host, program].map(|added| added.expect("no fault").expect("good"))
    });
    registered.map(|added| {
        let secret = added.secret.as_ref().map(|secret| secret.expose());
        let program = Program {
            id: added.client.id.to_string(),
            secret: secret.unwrap_or_default().to_owned(),
            key: None,
            scope: added.client.allowed_scope().to_string(),
        };
        story.keeps("the client's secret", &program.secret);
        program
    })
}

fn the_log_says_nothing_of_a_web_ticket(database: Database) {
    let mut place = Place::new(database);
    let mut story = Story::new(&place);
    set_up(&mut story, &place);
    let [nova, market] = host_and_program(&mut story, &place);
    place.logs("trace");
    let server = place.start();
    let code = story.is_sent_back_with_a_code(&nova);
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens: Value =
        serde_json::from_str(&story.asks("/token", &nova, &redeem).body).expect("tokens");
    let exchange = [
        ("grant_type", EXCHANGE),
        (
            "subject_token",
            tokens["access_token"].as_str().expect("it"),
        ),
        ("subject_token_type", ACCESS_TOKEN),
        ("requested_token_type", WEB_TICKET),
        ("audience", market.id.as_str()),
        ("code_challenge", &jwt::s256(VERIFIER)),
        ("code_challenge_method", "S256"),
    ];
    // Another browser: the WebView.
    story.cookies.clear();
    let mut statuses = Vec::new();
    for (destination, verifier) in [
        ("document", VERIFIER),
        ("iframe", VERIFIER),
        (
            "document",
            "another-verifier-that-nobody-else-has-and-that-is-long",
        ),
    ] {
        let answer = story.asks("/token", &nova, &exchange);
        let answer: Value = serde_json::from_str(&answer.body).expect("an answer");
        let ticket = answer["access_token"].as_str().expect("a ticket");
        assert!(ticket.starts_with("pt_"), "{answer}");
        story.keeps("a verifier", verifier);
        let form = [("ticket", ticket), ("code_verifier", verifier)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        // The second time around each is refused.
        for _ in 0..2 {
            let request = form_body(story.request("POST", "/web-ticket"), &form);
            let request = request.header("sec-fetch-site", "none");
            let request = request.header("sec-fetch-dest", destination);
            statuses.push(story.sends(request).status);
        }
    }
    assert_eq!(statuses, [303, 400, 400, 400, 400, 400]);
    let cookie = format!("portico_web_{}", market.id);
    assert!(
        story.secrets.values().any(|what| what.contains(&cookie)),
        "it was given"
    );
    assert_eq!(server.ends("TERM"), Some(0));

    let said = place.said();
    assert_eq!(said.matches("a web ticket was refused").count(), 5);
    assert!(
        said.contains("it was handed in before"),
        "an operator is told why"
    );
    is_not_said(&story, &said);
}

#[test]
fn the_log_says_nothing_of_a_web_ticket_on_sqlite() {
    the_log_says_nothing_of_a_web_ticket(Database::sqlite());
}

#[test]
fn the_log_says_nothing_of_a_web_ticket_on_postgres() {
    if let Some(database) = Database::postgres() {
        the_log_says_nothing_of_a_web_ticket(database);
    }
}
