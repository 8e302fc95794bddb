//! What people type and paste: what looks the same signs in, and a hash of before is still opened.

use flow::administer::users::{NewUser, UserChange};
use foundation::entropy::SystemEntropy;
use foundation::secret::SecretText;
use keys::password::{HashMemory, PasswordPolicy};

use crate::world::person::{Person, profile};
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds};

const COMPOSED: &str = "caf\u{E9} noir cr\u{E8}me";
const DECOMPOSED: &str = "cafe\u{301} noir cre\u{300}me";

fn tries(person: &Person, name: &str, password: &str) -> Reply {
    let person = person.with_another_browser();
    let page = person.browser.get("/sign-in");
    person.types_password(&page, name, password)
}

fn signs_in(person: &Person, name: &str, password: &str) -> bool {
    tries(person, name, password).path == "/account"
}

/// A hash as it was made before there was a normal form: of the bytes that were typed.
fn of_before(w: &World, person: &Person, typed: &str) {
    let policy = PasswordPolicy {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let (mut memory, typed) = (HashMemory::default(), SecretText::new(typed));
    let hash = keys::password::hash(policy, &mut memory, &typed, &SystemEntropy).expect("a hash");
    let name = person.username.clone();
    let store = w.store();
    let written = store.write(move |tx| {
        let user = store::users::find_by_username(tx, &name)?.expect("somebody");
        store::users::set_password(tx, user.id, &hash)
    });
    assert!(w.wait(written).expect("no fault").value);
}

fn hash_of(w: &World, person: &Person) -> String {
    let name = person.username.clone();
    let store = w.store();
    let found = store.read(move |db| store::users::find_by_username(db, &name));
    w.wait(found)
        .expect("no fault")
        .expect("somebody")
        .password_hash
        .expect("a hash")
}

fn with_password(username: &str, password: &str) -> NewUser {
    NewUser {
        username: username.to_owned(),
        password: SecretText::new(password),
        email: None,
        phone: None,
        name: None,
        verified: false,
        profile: None,
    }
}

in_both_worlds! {
    fn names_sign_in_as_they_were_copied(w: &World) {
        let ada = w.person("ada");
        let phone = profile("ada")["phone_number"].as_str().expect("one").to_owned();
        let (country, rest) = phone.split_at(4);
        let (area, number) = rest.split_at(2);
        for name in [
            "\u{202A}ada\u{202C}".to_owned(),
            "\u{FF21}\u{FF24}\u{FF21}".to_owned(),
            "\u{A0}ada\u{FEFF}".to_owned(),
            "\u{2066}ada@example.com\u{2069}".to_owned(),
            "ada@\u{200B}example.com\u{A0}".to_owned(),
            format!("{country}/{area}/{number}"),
            format!("{country}.{area}.{number}"),
            format!("[{country}] ({area})\u{A0}{number}"),
            format!("\u{202A}{country}\u{2011}{area}\u{2011}{number}\u{202C}"),
            format!("{country}\u{2009}{area}\u{202F}{number}\u{200B}"),
        ] {
            assert!(signs_in(&ada, &name, &ada.password), "{name:?}");
        }
        for name in ["ada\u{FF20}example.com", "\u{430}d\u{430}", "ad\u{E4}"] {
            assert!(!signs_in(&ada, name, &ada.password), "{name:?} is somebody else");
        }
    }

    fn a_name_is_counted_in_all_its_looks(w: &World) {
        let ada = w.person("ada");
        for name in ["ada", "\u{FF21}da", "\u{202A}ada\u{202C}", "ADA", "ada\u{200B}", "ada"] {
            assert_eq!(tries(&ada, name, "wrong").status, 200, "{name:?}");
        }
        assert_eq!(tries(&ada, "\u{FEFF}ada", "wrong").status, 429);
    }

    fn a_password_is_the_same_on_every_keyboard(w: &World) {
        let operator = w.administration();
        w.operator(operator.add_user(with_password("eve", DECOMPOSED)));
        let eve = Person { username: "eve".to_owned(), ..w.person("ada") };
        for typed in [COMPOSED, DECOMPOSED, "caf\u{E9}\u{A0}noir\u{2003}cr\u{E8}me", "\u{FEFF}caf\u{E9} noir cr\u{E8}me"] {
            assert!(signs_in(&eve, "eve", typed), "{typed:?}");
        }
        for typed in ["cafe noir creme", "Caf\u{E9} noir cr\u{E8}me", " caf\u{E9} noir cr\u{E8}me"] {
            assert!(!signs_in(&eve, "eve", typed), "{typed:?}");
        }
    }

    fn what_an_operator_types_has_the_same_form(w: &World) {
        let (ada, operator) = (w.person("ada"), w.administration());
        w.operator(operator.set_user_password("\u{FF21}da\u{200B}", SecretText::new(DECOMPOSED)));
        for typed in [COMPOSED, DECOMPOSED] {
            assert!(signs_in(&ada, "ada", typed), "{typed:?}");
        }
        let refusal = w.refuses(operator.set_user_password("ada", SecretText::new("a bell\u{7} in a password")));
        assert!(refusal.contains("control characters"), "{refusal}");
        // Eleven characters as they were typed, and nine that anybody sees.
        let refusal = w.refuses(operator.set_user_password("ada", SecretText::new("\u{202A}nine char\u{202C}")));
        assert!(refusal.contains("characters long"), "{refusal}");
        let pasted = UserChange {
            email: Some("\u{202A}ada\u{2011}l@example.com\u{202C}".to_owned()),
            phone: Some("+375/44.555\u{2011}66\u{A0}77".to_owned()),
            ..UserChange::default()
        };
        w.operator(operator.update_user("\u{202A}ADA\u{202C}", pasted));
        let shown = w.operator(operator.show_user("ada\u{FEFF}"));
        assert_eq!(shown.profile.email.as_deref(), Some("ada-l@example.com"), "what programs are told");
        assert_eq!(shown.profile.phone_number.as_deref(), Some("+375445556677"));
        for name in ["ada-l@example.com", "ada\u{2011}l@example.com", "+375445556677", "+375 (44) 555-66-77"] {
            assert!(signs_in(&ada, name, COMPOSED), "{name:?}");
        }
    }

    fn a_hash_of_before_is_opened_as_it_was_typed_and_made_anew(w: &World) {
        let ada = w.person("ada");
        of_before(w, &ada, DECOMPOSED);
        let before = hash_of(w, &ada);
        assert!(!signs_in(&ada, "ada", COMPOSED), "another keyboard could not, and cannot yet");
        assert_eq!(hash_of(w, &ada), before);
        assert!(signs_in(&ada, "ada", DECOMPOSED));
        let anew = hash_of(w, &ada);
        assert_ne!(anew, before);
        for typed in [COMPOSED, DECOMPOSED] {
            assert!(signs_in(&ada, "ada", typed), "{typed:?}");
        }
        assert_eq!(hash_of(w, &ada), anew, "once");
    }

    fn a_password_is_changed_in_its_normal_form(w: &World) {
        let ada = w.person("ada");
        of_before(w, &ada, DECOMPOSED);
        let ada = Person { password: DECOMPOSED.to_owned(), ..ada };
        let page = ada.signs_in().looks_at("/account/password");
        let change = |current: &str, new: &str| {
            let typed = [("current_password", current), ("new_password", new)];
            ada.browser.presses(&page, "change-password", &typed).words()
        };
        let said = change(DECOMPOSED, COMPOSED);
        assert!(said.contains("This is your current password."), "{said}");
        let said = change(DECOMPOSED, "a bell\u{7} in a password");
        assert!(said.contains("It has characters that cannot be typed."), "{said}");
        let new = "nai\u{308}ve bo\u{302}ites";
        let said = change(COMPOSED, new);
        assert!(said.contains("Your password is changed."), "{said}");
        for typed in [new, "na\u{EF}ve b\u{F4}ites"] {
            assert!(signs_in(&ada, "ada", typed), "{typed:?}");
        }
    }

    fn two_names_that_look_the_same_are_one(w: &World) {
        let ada = w.person("ada");
        let operator = w.administration();
        for name in ["\u{FF21}\u{FF24}\u{FF21}", "\u{202A}ada\u{202C}", "ADA"] {
            let refusal = w.refuses(operator.add_user(with_password(name, &ada.password)));
            assert!(refusal.contains("username") && refusal.contains("ada"), "{name:?}: {refusal}");
        }
        let refusal = w.refuses(operator.add_user(with_password("bell", "a bell\u{7} in a password")));
        assert!(refusal.contains("control characters"), "{refusal}");
        let phone = profile("ada")["phone_number"].as_str().expect("one").replace("+375", "\u{202A}+375/");
        let pasted = NewUser { phone: Some(phone), ..with_password("eve", &ada.password) };
        let refusal = w.refuses(operator.add_user(pasted));
        assert!(refusal.contains("phone"), "{refusal}");
        w.operator(operator.disable_user("\u{FF21}DA"));
        assert!(!signs_in(&ada, "ada", &ada.password), "an operator means the same person");
    }
}
