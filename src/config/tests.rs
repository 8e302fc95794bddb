//! Settings as a table: what is written, and what it means or why it is refused.

use std::path::Path;

use foundation::clock::Span;

use super::*;

mod documented;

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("portico.toml");
    std::fs::write(&path, file).expect("a file");
    let environment = environment
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    Config::load(&Sources {
        file: Some(path),
        environment,
    })
}

fn refused(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment).expect_err("refused").to_string()
}

#[test]
fn nothing_needs_to_be_set() {
    let config = Config::load(&Sources::default()).expect("the defaults");
    assert_eq!(config.server.issuer, "http://localhost:8080");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.database.url.to_string(),
        "sqlite://portico-data/portico.db"
    );
    assert_eq!(
        config.server.master_key_file,
        Path::new("portico-data/master.key")
    );
    assert_eq!(config.lifetimes(), Lifetimes::default());
    assert!(config.server.rate_limits && config.tls.is_none() && !config.for_tests);
}

#[test]
fn the_environment_goes_over_the_file_and_short_names_are_known() {
    let file =
        "[server]\nissuer = \"https://id.example\"\nbrand = \"Nova\"\n[session]\nlifetime = 7200\n";
    let config = load(
        file,
        &[
            ("PORTICO_ISSUER", "https://portico.example"),
            ("PORTICO_SESSION__LIFETIME", "3600"),
            ("PORTICO_SESSION__IDLE", "60"),
            ("PORTICO_TOKEN__ACCESS_LIFETIME", "120"),
            ("PORTICO_TOKEN__REFRESH_RETRY_WINDOW", "0"),
            (
                "PORTICO_DATABASE_URL",
                "postgres://me:secret@db.example/portico",
            ),
            ("PORTICO_OUTBOUND_ALLOW", "rp.internal, Localhost"),
            ("PORTICO_RATE_LIMITS", "off"),
            ("PORTICO_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("PORTICO_TEST_POSTGRES", "none of ours"),
            ("PORTICO_LISTEN", ""),
            ("HOME", "/"),
        ],
    )
    .expect("good settings");
    assert_eq!(config.server.issuer, "https://portico.example");
    assert_eq!(config.server.brand, "Nova");
    assert_eq!(
        (config.session.lifetime, config.session.idle),
        (Span::hours(1), Span::minutes(1))
    );
    assert_eq!(config.token.access_lifetime, Span::minutes(2));
    assert_eq!(config.token.refresh_retry_window, Span::seconds(0));
    assert_eq!(config.outbound.allow, ["rp.internal", "localhost"]);
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert!(!config.server.rate_limits);
    assert!(
        !format!("{config:?}").contains("secret"),
        "a password must not be printed"
    );
}

#[test]
fn the_operators_scopes_have_names_with_dots() {
    let config = load(
        "[scopes.\"orders.read\"]\nsensitive = true\ndescription.en = \"Your orders\"\n\
         [scopes.loyalty]\ndescription = { en = \"Your points\", be = \"Вашы балы\" }\n",
        &[],
    )
    .expect("good scopes");
    let names: Vec<String> = config
        .scopes
        .operator
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["loyalty", "orders.read"]);
    let orders = config.scopes.operator.values().last().expect("two");
    assert!(orders.sensitive && orders.description["en"] == "Your orders");
}

#[test]
fn the_issuer_follows_the_address_unless_it_is_set() {
    let config = load("", &[("PORTICO_LISTEN", "127.0.0.1:9000")]).expect("good");
    assert_eq!(config.server.issuer, "http://localhost:9000");
    let issuer = |listen: &str, tls: bool| {
        let mut environment = vec![("PORTICO_LISTEN", listen)];
        if tls {
            environment.extend([("PORTICO_TLS_CERT", "c.pem"), ("PORTICO_TLS_KEY", "k.pem")]);
        }
        load("", &environment).expect("good").server.issuer
    };
    for (listen, tls, expected) in [
        ("127.0.0.1:8080", true, "https://localhost:8080"),
        ("0.0.0.0:443", true, "https://localhost"),
        ("0.0.0.0:80", true, "https://localhost:80"),
        ("0.0.0.0:80", false, "http://localhost"),
    ] {
        let followed = issuer(listen, tls);
        assert_eq!(followed, expected);
        let set = load("", &[("PORTICO_ISSUER", &followed)]);
        assert!(set.is_ok(), "one that is set keeps the same rule: {set:?}");
    }
}

#[test]
fn an_issuer_is_an_origin_and_http_is_for_this_machine_only() {
    let issuer = |text: &str| load("", &[("PORTICO_ISSUER", text)]);
    for good in [
        "https://id.example",
        "https://id.example:8443",
        "http://localhost:1",
        "http://portico.superapp.localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        assert_eq!(issuer(good).map(|c| c.server.issuer).as_deref(), Ok(good));
    }
    for bad in [
        "http://id.example",
        "http://127.0.0.1.example",
        "http://notlocalhost",
        "https://id.example/",
        "https://id.example/a",
        "https://id.example?x",
        "https://id.example#x",
        "https://me@id.example",
        "https://ID.example",
        "https://id.example:443",
        "ftp://id.example",
        "id.example",
        "javascript:alert(1)",
    ] {
        let error = issuer(bad).expect_err(bad);
        assert_eq!(error.key, "server.issuer");
    }
}

#[test]
fn what_is_wrong_is_named_as_it_was_written() {
    for (file, environment, expected) in [
        (
            "[server]\nlisten = \"8080\"",
            vec![],
            "server.listen (PORTICO_LISTEN): \"8080\" is not an address",
        ),
        (
            "[session]\nlifetime = 0",
            vec![],
            "session.lifetime (PORTICO_SESSION__LIFETIME): must be 1 to",
        ),
        (
            "[session]\nlifetime = 60\nidle = 61",
            vec![],
            "session.idle (PORTICO_SESSION__IDLE): must not be longer",
        ),
        (
            "[token]\naccess_lifetime = 3601",
            vec![],
            "token.access_lifetime",
        ),
        ("[token]\ncode_lifetime = 61", vec![], "token.code_lifetime"),
        (
            "[tls]\ncert = \"a.pem\"",
            vec![],
            "tls.key (PORTICO_TLS_KEY): is missing",
        ),
        (
            "[database]\nurl = \"mysql://x\"",
            vec![],
            "database.url (PORTICO_DATABASE_URL): must be sqlite://",
        ),
        (
            "[database]\ntimeout_ms = 5000",
            vec![],
            "database.timeout_ms",
        ),
        (
            "[registration]\nmode = \"closed\"",
            vec![],
            "registration: is no setting any more and had no effect: clients are added by command; take it out",
        ),
        ("[telemetry]\nformat = \"xml\"", vec![], "telemetry.format"),
        (
            "[scopes.openid]\ndescription.en = \"x\"",
            vec![],
            "scopes.\"openid\": is built in",
        ),
        (
            "[scopes.orders]\ndescription.be = \"x\"",
            vec![],
            "scopes.\"orders\": needs a description in English",
        ),
        (
            "",
            vec![("PORTICO_OUTBOUND_ALLOW", "https://x")],
            "outbound.allow (PORTICO_OUTBOUND_ALLOW)",
        ),
        (
            "",
            vec![("PORTICO_RATE_LIMITS", "maybe")],
            "server.rate_limits (PORTICO_RATE_LIMITS): must be on or off",
        ),
        (
            "",
            vec![("PORTICO_SESSION__LIFETIME", "long")],
            "session.lifetime",
        ),
        (
            "[tls]\ncert = \"a\"\nkey = \"b\"",
            vec![("PORTICO_ISSUER", "http://localhost:8080")],
            "server.issuer (PORTICO_ISSUER): must begin with https",
        ),
    ] {
        let said = refused(file, &environment);
        assert!(
            said.contains(expected),
            "{file:?} {environment:?} said {said:?}"
        );
    }
}

#[test]
fn the_white_space_around_a_value_is_no_part_of_it() {
    let file = "[server]\nbrand = \" Nova \"\ntrusted_proxies = [\" ::1\\n\"]\n\
                [tls]\ncert = \"c.pem\\n\"\nkey = \"\\tk.pem\"\n\
                [scopes.orders]\ndescription.en = \" Your orders\\n\"\n";
    let config = load(
        file,
        &[
            ("PORTICO_DATABASE_URL", "sqlite://portico.db\n"),
            ("PORTICO_ISSUER", "\thttps://id.example\r\n"),
            ("PORTICO_SESSION__LIFETIME", "3600\n"),
            ("PORTICO_TELEMETRY__METRICS", "off\n"),
            ("PORTICO_LISTEN", " \n"),
        ],
    )
    .expect("good settings");
    assert_eq!(config.database.url.to_string(), "sqlite://portico.db");
    assert_eq!(config.server.issuer, "https://id.example");
    assert_eq!(config.session.lifetime, Span::hours(1));
    assert_eq!(config.server.brand, "Nova");
    assert_eq!(config.server.listen.port(), 8080);
    assert!(!config.telemetry.metrics);
    let tls = config.tls.expect("both files");
    assert_eq!((tls.cert, tls.key), ("c.pem".into(), "k.pem".into()));
    let scope = config.scopes.operator.values().next().expect("one");
    assert_eq!(scope.description["en"], "Your orders");
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    for (file, expected) in [
        (
            "[database]\nurl = postgres://me:PASS@h/db\n",
            "line 2, column",
        ),
        (
            "[database]\nconnections = \"postgres://me:PASS@h/db\"\n",
            "connections",
        ),
        ("database = \"postgres://me:PASS@h/db\"\n", "database"),
        ("[server]\nworkers = \"PASS\"\n", "workers"),
        ("[scopes]\norders = \"PASS\"\n", "orders"),
        (
            "[database]\nurl = \"postgre://me:PASS@h/db\"\n",
            "must be sqlite://",
        ),
    ] {
        let said = refused(file, &[]);
        assert!(said.contains(expected) && !said.contains("PASS"), "{said}");
    }
    let said = refused(
        "",
        &[("PORTICO_SERVER__WORKERS", "postgres://me:PASS@h/db")],
    );
    assert!(said.contains("workers") && !said.contains("PASS"), "{said}");
}

#[test]
fn a_misspelt_setting_is_not_silently_ignored() {
    for (file, environment, name) in [
        ("[server]\nisuer = \"https://id.example\"", vec![], "isuer"),
        ("[sever]\n", vec![], "sever"),
        ("", vec![("PORTICO_SESSION__LIFETMIE", "60")], "lifetmie"),
    ] {
        let said = refused(file, &environment);
        assert!(said.contains(name), "{said:?} does not name {name}");
    }
    let sources = Sources {
        file: None,
        environment: [
            "PORTICO_ISUER",
            "PORTICO_SESION__IDLE",
            "PORTICO_REGISTRATION",
            "PORTICO_REGISTRATION__MODE",
            "PORTICO_TEST_POSTGRES",
            "PORTICO_ISSUER",
            "PATH",
        ]
        .map(|name| (name.to_owned(), String::new()))
        .into(),
    };
    let gone = "is no setting any more and had no effect: clients are added by command";
    assert_eq!(
        sources.unknown_variables(),
        [
            ("PORTICO_ISUER", "is no setting of Portico's"),
            ("PORTICO_SESION__IDLE", "is no setting of Portico's"),
            ("PORTICO_REGISTRATION", gone),
            ("PORTICO_REGISTRATION__MODE", gone),
        ]
    );
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_named() {
    let sources = Sources {
        file: Some("nowhere/portico.toml".into()),
        environment: Vec::new(),
    };
    let said = Config::load(&sources).expect_err("refused").to_string();
    assert!(
        said.contains("nowhere/portico.toml: cannot be read"),
        "{said}"
    );
    assert!(refused("[server", &[]).contains("portico.toml"));
}
