//! The operator at the command line, with the real binary: who makes the database and who only works
//! with it, and that `doctor` and `config check` say beforehand what `serve` would say.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use store::SchemaState;
use tempfile::TempDir;

use crate::database::Database;

mod audited;
mod backups;
mod document;
mod exit;
mod incidents;
mod manifests;
mod programs;
mod read_only;
mod urls;
mod users;

/// How long a command may take that is expected to end.
const END: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);
const PASSWORD: &str = "difference engine no. 2";

/// An operator in a folder of their own.
struct Operator {
    folder: TempDir,
    settings: Vec<(String, String)>,
    password: String,
}

/// What a command said.
struct Said {
    good: bool,
    out: String,
    err: String,
}

impl Operator {
    /// Nothing is set but a port that is free.
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let (settings, password) = (Vec::new(), PASSWORD.to_owned());
        let operator = Self {
            folder,
            settings,
            password,
        };
        operator.with("PORTICO_LISTEN", "127.0.0.1:0")
    }

    fn on(database: &Database) -> Self {
        Self::new().with("PORTICO_DATABASE_URL", &database.url)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.sets(name, value);
        self
    }

    fn sets(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn master_key(&self) -> std::path::PathBuf {
        self.path().join("portico-data/master.key")
    }

    /// What lies in the folder.
    fn finds(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("our own folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect()
    }

    /// Types a command, and a password where it reads one.
    fn types(&self, line: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
        command.args(line.split_whitespace());
        self.runs(command)
    }

    /// The same, where no file may grow: as on a full disk.
    fn types_on_a_full_disk(&self, line: &str) -> Said {
        let mut command = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_portico")])
            .args(line.split_whitespace());
        self.runs(command)
    }

    /// Types a command at a terminal, and an answer to what it asks.
    fn types_at_a_terminal(&self, line: &str, answer: &str) -> Said {
        let mut command = Command::new("script");
        let line = format!("{} {line}", env!("CARGO_BIN_EXE_portico"));
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        self.runs_reading(command, answer)
    }

    fn runs(&self, command: Command) -> Said {
        self.runs_reading(command, &format!("{}\n", self.password))
    }

    fn runs_reading(&self, mut command: Command, typed: &str) -> Said {
        let ours = std::env::vars().filter(|(name, _)| name.starts_with("PORTICO_"));
        ours.for_each(|(name, _)| {
            command.env_remove(name);
        });
        let mut child = command
            .current_dir(self.path())
            .envs(self.settings.clone())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // Who reads nothing closes the pipe.
        let _ = child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(typed.as_bytes());
        for _ in 0..END.as_millis() / LOOK.as_millis() {
            if child.try_wait().expect("our own child").is_some() {
                break;
            }
            std::thread::sleep(LOOK);
        }
        // One that serves, though it should have refused to, ends here.
        let _ = child.kill();
        let done = child.wait_with_output().expect("our own child");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said {
            good: done.status.success(),
            out: text(done.stdout),
            err: text(done.stderr),
        }
    }

    /// Types a command that must go well.
    fn does(&self, line: &str) -> String {
        let said = self.types(line);
        assert!(said.good, "{line}: {}", said.err);
        said.out
    }

    /// The same words, one by one: a name may have blanks.
    fn types_words(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
        command.args(words);
        self.runs(command)
    }

    /// Types a command that must go well; gives its answer as one object.
    fn says(&self, line: &str) -> Value {
        let out = self.does(&format!("{line} --json"));
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{line}: {e}: {out}"))
    }

    /// Types a command that must be refused, in these words.
    fn refuses(&self, line: &str, expected: &str) {
        let said = self.types(line);
        assert!(!said.good, "{line}: {}", said.out);
        assert!(said.err.contains(expected), "{line}: {}", said.err);
    }

    /// What `doctor` finds wrong.
    fn is_told(&self) -> Vec<String> {
        let said = self.types("doctor --json");
        let answer: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(said.good, answer["ok"] == true, "{}", said.out);
        let findings = answer["findings"].as_array().expect("findings");
        let wrong = findings.iter().filter(|f| f["ok"] == false);
        wrong
            .map(|f| f["said"].as_str().expect("text").to_owned())
            .collect()
    }

    /// `serve` refuses to start, and `doctor` says the same beforehand.
    fn is_refused(&self, expected: &str) {
        let told = self.is_told();
        assert!(
            told.len() == 1 && told[0].contains(expected),
            "doctor: {told:?}"
        );
        let said = self.types("serve");
        assert!(
            !said.good && said.err.contains(&told[0]),
            "serve: {}",
            said.err
        );
    }
}

/// Runs a test on SQLite, and on PostgreSQL if there is one to test with.
fn on_both(test: impl Fn(&Database)) {
    test(&Database::sqlite());
    if let Some(database) = Database::postgres() {
        test(&database);
    }
}

/// Every command that works with a database that is there.
const COMMANDS: &[&str] = &[
    "user add --username ada --password-stdin",
    "user list",
    "user show ada",
    "user update ada --name Ada",
    "user set-password ada --password-stdin",
    "user disable ada",
    "user enable ada",
    "user delete ada --yes",
    "publisher add --name Harbour",
    "publisher list",
    "publisher show p1",
    "publisher update p1 --unverify",
    "publisher verify p1",
    "client list",
    "client show c1",
    "client delete c1",
    "client secret add c1",
    "client secret retire c1",
    "mini-program list",
    "mini-program show m1",
    "mini-program suspend m1",
    "keys list",
    "keys rotate",
    "session list --user ada",
    "session end 0198",
    "session expire 0198",
    "revoke --all",
    "audit",
];

#[test]
fn in_the_wrong_folder_a_command_makes_nothing() {
    let operator = Operator::new();
    for line in COMMANDS {
        let said = operator.types(line);
        assert!(!said.good, "{line}: {}", said.out);
        let expected = "there is no Portico database at sqlite://portico-data/portico.db; \
                        `portico migrate` makes one";
        assert!(said.err.contains(expected), "{line}: {}", said.err);
        assert_eq!(operator.finds(), [""; 0], "{line}");
    }
}

#[test]
fn an_empty_database_stays_empty_until_it_is_migrated() {
    on_both(|database| {
        let operator = Operator::on(database);
        let store = database.open_as_it_is();
        for line in ["client list", "publisher add --name Harbour"] {
            let said = operator.types(line);
            assert!(!said.good && said.err.contains("`portico migrate` makes one"));
            assert_eq!(store.schema().expect("it answers"), SchemaState::Missing);
            assert_eq!(operator.finds(), [""; 0], "{line}");
        }
    });
}

#[test]
fn a_migrated_database_can_be_filled_before_the_first_start() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        let looked = operator.types("client list");
        assert!(
            !looked.good && looked.err.contains("keys are missing"),
            "{}",
            looked.err
        );
        assert!(!operator.master_key().exists(), "looking makes no key");
        operator.does("publisher add --name Harbour");
        assert!(operator.master_key().exists(), "the first one in makes it");
        operator.does("user add --username ada --password-stdin");
        assert!(operator.does("keys list --json").contains("ES256"));
        assert!(operator.does("audit --json").contains("ada"));
        operator.does("migrate");
        assert_eq!(operator.is_told(), [""; 0]);
    });
}

#[test]
fn a_newer_database_is_left_alone_by_everybody() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        operator.does("publisher add --name Harbour");
        database
            .beside()
            .run("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
        let expected = "the database cannot be used: the schema is newer than this program (it has \
                        migration 99991231000000)";
        operator.is_refused(expected);
        for line in COMMANDS.iter().chain(&["migrate"]) {
            let said = operator.types(line);
            assert!(
                !said.good && said.err.contains(expected),
                "{line}: {}",
                said.err
            );
        }
    });
}

#[test]
fn doctor_says_of_the_master_key_what_serve_says() {
    use std::os::unix::fs::PermissionsExt as _;
    on_both(|database| {
        let mut operator = Operator::on(database);
        operator.does("migrate");
        operator.does("publisher add --name Harbour");
        let file = operator.master_key();
        let mode = |mode| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(&file, permissions).expect("our own file");
        };
        mode(0o640);
        operator.is_refused("portico-data/master.key cannot be used: others may use it");
        mode(0o600);
        let key = fs::read_to_string(&file).expect("our own file");
        fs::write(&file, "").expect("our own file");
        operator.is_refused("portico-data/master.key cannot be used: it is empty");
        fs::remove_file(&file).expect("our own file");
        operator.is_refused("the master key cannot be used: the database is sealed with one");
        operator.sets("PORTICO_MASTER_KEY", &"A".repeat(43));
        operator.is_refused("the database was sealed with another one");
        operator.sets("PORTICO_MASTER_KEY", "xx");
        operator.is_refused("the master key cannot be used: it must be 32 bytes in base64url");
        operator.sets("PORTICO_MASTER_KEY", &key);
        assert_eq!(operator.is_told(), [""; 0]);
    });
}

#[test]
fn files_that_the_settings_name_are_opened_before_anything_is_made() {
    let tls = |operator: Operator| {
        let cert = operator.with("PORTICO_TLS_CERT", "none.pem");
        cert.with("PORTICO_TLS_KEY", "none.key")
    };
    let not_pem = |operator: Operator| {
        fs::write(operator.path().join("ca.pem"), "no PEM").expect("our own folder");
        operator.with("PORTICO_TRUSTED_CA", "ca.pem")
    };
    let wrong: [(Operator, &str); 4] = [
        (tls(Operator::new()), "the file none.pem cannot be used: No"),
        (
            Operator::new().with("PORTICO_TRUSTED_CA", "none.pem"),
            "the file none.pem (outbound.trusted_ca) cannot be used: No",
        ),
        (
            not_pem(Operator::new()),
            "(outbound.trusted_ca) cannot be used: ",
        ),
        (
            Operator::new().with("PORTICO_MASTER_KEY", "xx"),
            "the master key cannot be used: it must be 32 bytes",
        ),
    ];
    for (operator, expected) in wrong {
        let before = operator.finds();
        let checked = operator.types("config check");
        assert!(
            !checked.good && checked.err.contains(expected),
            "{}",
            checked.err
        );
        operator.is_refused(expected);
        assert_eq!(operator.finds(), before, "{expected}");
    }
}

#[test]
fn a_member_that_means_nothing_is_named_with_the_one_that_was_meant() {
    let operator = Operator::new();
    operator.does("migrate");
    let metadata =
        r#"{ "client_nam": "Shop", "grant_types": ["client_credentials"], "colour": 1 }"#;
    fs::write(operator.path().join("c.json"), metadata).expect("our own folder");
    let said = operator.types("client add --metadata c.json --json");
    assert!(said.good, "{}", said.err);
    assert!(
        said.err.contains(
            "client_nam means nothing to Portico and is ignored; did you mean client_name?"
        )
    );
    assert!(
        said.err
            .contains("colour means nothing to Portico and is ignored; is it misspelt?")
    );
    let answer: Value = serde_json::from_str(&said.out).expect("the answer alone");
    assert!(answer["client_id"].is_string());
}

#[test]
fn doctor_finds_a_full_disk() {
    let database = Database::sqlite();
    let operator = Operator::on(&database);
    operator.does("migrate");
    operator.does("publisher add --name Harbour");
    // Somebody has it open, as a server does: reading needs no room then.
    let _server = database.open();
    assert_eq!(operator.is_told(), [""; 0]);
    assert!(operator.types_on_a_full_disk("client list").good);
    let said = operator.types_on_a_full_disk("doctor");
    assert!(
        !said.good && said.out.contains("WRONG  database"),
        "{}",
        said.out
    );
}

#[test]
fn doctor_finds_a_database_that_cannot_be_written() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let operator = Operator::on(&database);
    operator.does("migrate");
    let name = database.url.rsplit('/').next().expect("a name");
    database.administration().run(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    ));
    let told = operator.is_told();
    assert!(
        told.len() == 1 && told[0].contains("read-only transaction"),
        "{told:?}"
    );
    let said = operator.types("serve");
    assert!(
        !said.good && said.err.contains("read-only transaction"),
        "{}",
        said.err
    );
}
