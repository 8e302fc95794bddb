//! The language of a request (design §7, §11.9): `ui_locales`, the person's setting, `Accept-Language`,
//! negotiated once, so that page, purpose, receipt and error speak the same one.

use std::collections::BTreeMap;

use domain::event::Event;
use foundation::id::ClientId;
use serde_json::{Map, Value, json};
use store::faultpoint;

use crate::world::browser::filled;
use crate::world::html;
use crate::world::person::Person;
use crate::world::program::Program;
use crate::world::reply::Reply;
use crate::world::request::Request;
use crate::world::visit::Visit;
use crate::world::{World, in_both_worlds};

/// What a browser in Minsk says.
const RUSSIAN: &str = "ru-RU,ru;q=0.9,en;q=0.8";

/// What Market says for a scope: in English, in Russian, and in a language that no page has.
const PURPOSES: &[(&str, [&str; 3])] = &[
    (
        "addresses",
        [
            "To know where to.",
            "Чтобы знать, куда.",
            "Каб ведаць, куды.",
        ],
    ),
    (
        "phone.verified",
        ["To ring you.", "Чтобы позвонить вам.", "Каб пазваніць вам."],
    ),
];

/// Words that English sentences are made of.
const ENGLISH: &[&str] = &[
    "the", "you", "your", "a", "is", "to", "this", "in", "sign", "out", "not",
];

/// A program that asks for a name, a phone number with a purpose, and addresses with another one.
fn market(w: &World) -> Program {
    let purposes = PURPOSES.iter().map(|(scope, [en, ru, be])| {
        let texts = json!({ "en": en, "ru": ru, "be": be });
        ((*scope).to_owned(), texts)
    });
    let purposes = json!({ "scope_purposes": purposes.collect::<Map<String, Value>>() });
    w.mini_program_with(
        "market",
        "openid profile.basic phone.verified addresses",
        purposes,
    )
}

/// What Market says for each scope, on pages in this language.
fn purposes(language: &str) -> BTreeMap<String, String> {
    let place = usize::from(language == "ru");
    let said = PURPOSES
        .iter()
        .map(|(scope, texts)| ((*scope).to_owned(), texts[place].to_owned()));
    said.collect()
}

/// The words of a page, without those for the makers of a program: they are the protocol's, in English, and
/// marked as such.
fn own_words(page: &Reply) -> String {
    let Some((before, marked)) = page.body.split_once("<code id=\"detail\" lang=\"en\">") else {
        return page.words();
    };
    let (_, after) = marked.split_once("</code>").expect("its end");
    html::words(&format!("{before}{after}"))
}

/// It is a page in this language and in no other, by what it and its headers say of it and by its words.
fn speaks(language: &str, page: &Reply) {
    let words = own_words(page);
    assert_eq!(page.header("content-language"), Some(language));
    assert_eq!(page.header("vary"), Some("Accept-Language, Cookie"));
    assert_eq!(
        page.language(),
        format!("{language} ltr"),
        "{}: {words}",
        page.path
    );
    let english = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| ENGLISH.contains(&word.to_lowercase().as_str()));
    let english: Vec<&str> = english.collect();
    assert_eq!(
        english.is_empty(),
        language == "ru",
        "{}: {english:?} in {words}",
        page.path
    );
}

/// The purposes on the person's newest receipt.
fn receipt(person: &Person) -> BTreeMap<String, String> {
    let username = person.username.clone();
    let newest = person.world.store();
    let newest = newest.read(move |db| {
        let user = store::users::find_by_username(db, &username)?.expect("a user");
        Ok(store::receipts::of_user(db, user.id, 1)?.remove(0))
    });
    let newest = person.world.wait(newest).expect("the store answers");
    let purposes = newest.content.purposes.into_iter();
    purposes
        .map(|(scope, text)| (scope.to_string(), text))
        .collect()
}

/// Answers both pages of Market, in this language, up to the code.
fn consents(language: &str, sheet: Visit) {
    let says = purposes(language);
    speaks(language, &sheet.page);
    assert!(
        sheet.says().contains(&says["phone.verified"]),
        "{}",
        sheet.says()
    );
    let person = sheet.person.clone();
    let apart = sheet.presses("allow");
    speaks(language, &apart.page);
    assert!(
        apart.says().contains(&says["addresses"]),
        "{}",
        apart.says()
    );
    apart.presses("allow").code();
    assert_eq!(
        receipt(&person),
        says,
        "the receipt has what the pages showed"
    );
}

/// An address that there is not, in a browser.
fn goes_nowhere(person: &Person) -> Reply {
    let request = person
        .world
        .http("GET", "/nowhere")
        .header("accept", "text/html");
    let reply = person.browser.send(request);
    assert_eq!(reply.status, 404);
    reply
}

/// A request that leads to a page of ours with an error.
fn misled(request: Request) -> Request {
    request.with("redirect_uri", "https://elsewhere.example/callback")
}

/// Everything that a person meets, from signing in to signing out and beyond: the sign-in page in the
/// first language, the pages of the request in the second, their own in the third.
fn journey(person: &Person, request: &Request, [first, asked, own]: [&str; 3]) {
    let visit = person.sends(request.clone());
    speaks(first, &visit.page);
    speaks(
        first,
        &person.types_password(&visit.page, &person.username, "not this one"),
    );
    consents(asked, visit.signs_in());
    let too_old = person.sends(request.clone().with("prompt", "consent"));
    person.world.seconds_pass(31 * 60);
    for page in [
        too_old.clone().presses("allow").page,
        person.looks_at(&too_old.page.address),
    ] {
        assert_eq!(page.status, 400);
        speaks(asked, &page);
    }
    speaks(asked, &person.sends(misled(request.clone())).page);
    for page in ["", "/sessions", "/password", "/language", "/history"] {
        speaks(own, &person.looks_at(&format!("/account{page}")));
    }
    speaks(own, &goes_nowhere(person));
    let question = person.looks_at("/sign-out");
    speaks(own, &question);
    let signed_out = person.browser.presses(&question, "logout", &[]);
    assert_eq!(person.sessions(), [""; 0]);
    speaks(own, &signed_out);
    speaks(own, &goes_nowhere(person));
    speaks(first, &person.sends(request.clone()).page);
}

/// Changes what Market says for the phone number.
fn says_something_else(market: &Program) {
    let w = &market.world;
    let (id, now) = (ClientId::parse(&market.id).expect("an id"), w.now());
    let changed = w.store();
    let changed = changed.write(move |tx| {
        let mut metadata = store::clients::find(tx, &id)?.expect("a client").metadata;
        let program = metadata.mini_program.as_mut().expect("a mini-program");
        let mut purposes = program.scope_purposes.iter_mut();
        let (_, texts) = purposes
            .find(|(scope, _)| scope.as_str() == "phone.verified")
            .expect("one");
        texts.insert("en".to_owned(), "To sell you things.".to_owned());
        drop(purposes);
        store::clients::update_metadata(tx, &id, &metadata, now)?;
        tx.append(Event::ClientChanged { client_id: id });
        Ok(())
    });
    let written = w.wait(changed).expect("it is written");
    let position = written.position.expect("an event");
    w.soon("the server knows", || w.position() >= position);
}

in_both_worlds! {
    fn a_whole_journey_speaks_russian(w: &World) {
        let ada = w.person("ada").speaking(RUSSIAN);
        journey(&ada, &market(w).request(), ["ru", "ru", "ru"]);
    }

    fn the_request_goes_before_the_person_and_the_person_before_the_browser(w: &World) {
        let market = market(w);
        for (name, ui_locales, setting, header, languages) in [
            ("ada", "ru", Some("en"), "en", ["ru", "ru", "en"]),
            ("ben", "", Some("ru"), "en-GB,en", ["en", "ru", "ru"]),
            ("cid", "be-BY ru en", Some("en"), "en", ["ru", "ru", "en"]),
            ("dan", "en", Some("ru"), RUSSIAN, ["en", "en", "ru"]),
            ("eve", "xx-nonsense 😀", Some("en"), "fr, ru;q=0.5", ["ru", "en", "en"]),
            ("fay", "xx-nonsense", None, "en;q=0.1, ru;q=0.5", ["ru", "ru", "ru"]),
        ] {
            let person = w.person(name).speaking(header);
            if let Some(tag) = setting {
                person.signs_in().chooses_language(tag);
                person.signs_out();
            }
            journey(&person, &market.request().with("ui_locales", ui_locales), languages);
        }
    }

    fn what_a_person_chose_is_said_at_once_and_can_be_left_to_the_browser(w: &World) {
        let ada = w.person("ada").speaking(RUSSIAN);
        ada.signs_in();
        speaks("en", &ada.chooses_language("en"));
        let elsewhere = ada.with_another_browser().speaking(RUSSIAN);
        speaks("en", &elsewhere.signs_in().looks_at("/account"));
        speaks("ru", &ada.chooses_language("browser"));
        speaks("ru", &elsewhere.looks_at("/account"));
        let page = ada.looks_at("/account/language");
        let (form, mut fields) = filled(&page, "language-en");
        for (name, value, status) in [("language", "xx", 403), ("csrf", "forged", 403)] {
            fields.iter_mut().find(|(n, _)| n == name).expect("a field").1 = value.to_owned();
            assert_eq!(ada.browser.post(&form.action, &fields).status, status, "{name}");
        }
        speaks("ru", &ada.looks_at("/account"));
    }

    fn an_error_speaks_as_the_page_before_it(w: &World) {
        let market = market(w);
        let ada = w.person("ada").speaking("en");
        ada.signs_in();
        let sheet = ada.sends(market.request().with("ui_locales", "ru"));
        speaks("ru", &sheet.page);
        let (form, mut fields) = filled(&sheet.page, "allow");
        fields.retain(|(name, _)| name != "decision");
        speaks("ru", &ada.browser.post(&form.action, &fields));
        w.store_fails(faultpoint::READ);
        for broken in [sheet.clone().presses("allow").page, ada.looks_at("/account")] {
            assert_eq!(broken.status, 503);
            speaks("ru", &broken);
        }
        w.store_works();
        w.soon("the server is fresh again", || w.services().health.is_fresh());
        let twice = "portico_session=a; portico_session=b; portico_language=ru";
        let unreadable = w.send(w.http("GET", "/account").header("cookie", twice));
        assert_eq!(unreadable.status, 400);
        speaks("ru", &unreadable);
        speaks("en", &ada.looks_at("/account"));
        speaks("en", &goes_nowhere(&ada));
    }

    fn a_request_that_begins_something_speaks_for_itself(w: &World) {
        let market = market(w);
        let ada = w.person("ada").speaking("en");
        let russian = || market.request().with("ui_locales", "ru");
        ada.signs_in();
        speaks("ru", &ada.sends(russian()).page);
        speaks("en", &ada.sends(misled(market.request())).page);
        speaks("ru", &ada.sends(misled(russian())).page);
        speaks("ru", &ada.sends(misled(russian()).by_post()).page);
        speaks("ru", &ada.sends(russian()).page);
        speaks("en", &ada.looks_at("/authorize?client_id=%zz&ui_locales=ru"));
        ada.chooses_language("ru");
        speaks("ru", &ada.sends(misled(market.request())).page);
        speaks("en", &ada.sends(misled(market.request()).with("ui_locales", "en")).page);
        market.is_suspended();
        speaks("ru", &ada.sends(market.request()).page);
    }

    fn signing_out_speaks_as_the_program_asks(w: &World) {
        let market = market(w);
        let ada = w.person("ada").speaking("en");
        ada.signs_in();
        let logout = format!("/end-session?client_id={}&ui_locales=xx+ru", market.id);
        let question = ada.looks_at(&logout);
        assert_eq!(question.path, "/sign-out");
        speaks("ru", &question);
        speaks("ru", &ada.browser.presses(&question, "leave", &[]));
        for _pressed in ["once", "twice"] {
            speaks("ru", &ada.browser.presses(&question, "logout", &[]));
        }
        speaks("ru", &ada.looks_at(&logout));
        speaks("en", &ada.looks_at("/signed-out"));
        speaks("ru", &ada.looks_at("/end-session?ui_locales=ru&state=a&state=b"));
    }

    fn the_page_that_posts_an_answer_speaks_as_those_before_it(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada").speaking("en");
        ada.signs_in();
        let posted = market.request().with("response_mode", "form_post");
        speaks("en", &ada.sends(posted.clone()).page);
        speaks("ru", &ada.sends(posted.clone().with("ui_locales", "ru")).page);
        ada.chooses_language("ru");
        speaks("ru", &ada.sends(posted).page);
    }

    fn a_receipt_has_the_words_that_the_page_showed(w: &World) {
        let market = market(w);
        let ada = w.person("ada");
        ada.signs_in();
        let sheet = ada.speaking(RUSSIAN).opens(&market);
        speaks("ru", &sheet.page);
        let (form, fields) = filled(&sheet.page, "allow");
        let apart = ada.speaking("en").browser.post(&form.action, &fields);
        speaks("en", &apart);
        let answered = ada.browser.presses(&apart, "allow", &[]);
        assert!(answered.delivered().is_some(), "{answered:?}");
        let (on_sheet, on_its_own) = (purposes("ru"), purposes("en"));
        let phone = ("phone.verified".to_owned(), on_sheet["phone.verified"].clone());
        let addresses = ("addresses".to_owned(), on_its_own["addresses"].clone());
        assert_eq!(receipt(&ada), BTreeMap::from([phone, addresses]));
    }

    /// What nobody read is not allowed, and what was allowed is not more than was read.
    fn words_that_change_while_a_page_is_open_are_shown_before_they_count(w: &World) {
        let market = market(w);
        let ada = w.person("ada");
        ada.signs_in();
        let sheet = ada.opens(&market);
        says_something_else(&market);
        let again = sheet.presses("allow");
        assert_eq!(again.asks_for(), ["profile.basic", "phone.verified"]);
        assert!(again.says().contains("To sell you things."), "{}", again.says());
        let apart = again.presses("allow");
        assert!(apart.says().contains("To know where to."), "{}", apart.says());
        apart.presses("allow").code();
        assert_eq!(receipt(&ada)["phone.verified"], "To sell you things.");
        ada.opens(&market).code();
    }

    fn words_that_change_after_they_were_answered_are_asked_the_next_time(w: &World) {
        let market = market(w);
        let ada = w.person("ada");
        ada.signs_in();
        let apart = ada.opens(&market).presses("allow");
        says_something_else(&market);
        apart.presses("allow").code();
        assert_eq!(receipt(&ada)["phone.verified"], "To ring you.");
        assert_eq!(ada.opens(&market).asks_for(), ["phone.verified"]);
    }

    fn a_browser_remembers_only_a_language_of_ours_that_its_header_does_not_say(w: &World) {
        let market = market(w);
        let set = |person: &Person, ui_locales: &str| -> Vec<String> {
            let request = market.request().with("ui_locales", ui_locales);
            let page = person.sends(request).page;
            let cookies = page.all("set-cookie").into_iter();
            cookies.filter(|c| c.starts_with("portico_language")).map(str::to_owned).collect()
        };
        let ada = w.person("ada").speaking("en");
        assert_eq!(set(&ada, ""), [""; 0]);
        assert_eq!(set(&ada, "<xx>"), [""; 0]);
        assert_eq!(set(&ada, "ru"), ["portico_language=ru; HttpOnly; SameSite=Lax; Path=/"]);
        assert_eq!(set(&ada, "ru"), [""; 0], "it has it");
        assert_eq!(set(&ada, "en"), ["portico_language=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"]);
        assert_eq!(set(&w.person("ben").speaking(RUSSIAN), "ru"), [""; 0]);
        ada.browser.jar().insert("portico_language".to_owned(), "<script>".to_owned());
        speaks("en", &goes_nowhere(&ada));
    }
}
