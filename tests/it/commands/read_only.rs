//! Where nothing can be written: a container without a home on a read-only disk. `/proc` stands for
//! it: not even root makes a folder there.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::Operator;
use crate::database::Database;
use crate::world::certificate::Certificate;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// An operator in a container on a read-only disk.
fn in_a_container(operator: Operator) -> Operator {
    operator.with("PORTICO_DATA_DIR", "/proc/portico-data")
}

/// Starts the server there, without a home, and waits until it is ready.
fn serves(operator: &Operator) -> Result<(), String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portico"))
        .arg("serve")
        .current_dir("/proc")
        .env_clear()
        .envs(operator.settings.clone())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut said = String::new();
    let ready = lines.map_while(Result::ok).any(|line| {
        said.push_str(&line);
        line.contains("ready")
    });
    // One that has ended by itself is gone already.
    let _ = child.kill();
    child.wait().expect("our own child");
    if ready { Ok(()) } else { Err(said) }
}

#[test]
fn a_server_with_its_key_in_the_environment_writes_nothing() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let certificate = Certificate::new();
    let files = certificate.files();
    for (over_tls, publisher) in [(false, "Harbour"), (true, "Quay")] {
        let mut operator = in_a_container(Operator::on(&database));
        operator.sets("PORTICO_MASTER_KEY", KEY);
        operator.sets("PORTICO_ISSUER", "https://localhost");
        if over_tls {
            operator.sets("PORTICO_TLS_CERT", files.cert.to_str().expect("UTF-8"));
            operator.sets("PORTICO_TLS_KEY", files.key.to_str().expect("UTF-8"));
        }
        assert_eq!(operator.is_told(), [""; 0]);
        assert_eq!(serves(&operator), Ok(()));
        assert_eq!(operator.is_told(), [""; 0]);
        operator.does(&format!("publisher add --name {publisher}"));
    }
}

#[test]
fn where_something_must_be_written_doctor_and_serve_refuse() {
    let unusable = "the folder /proc/portico-data cannot be used: ";
    in_a_container(Operator::new())
        .with("PORTICO_MASTER_KEY", KEY)
        .is_refused(unusable);
    let elsewhere = Database::sqlite();
    in_a_container(Operator::on(&elsewhere)).is_refused(unusable);
    let no_folder = Operator::new()
        .with("PORTICO_MASTER_KEY", KEY)
        .with("PORTICO_DATABASE_URL", "sqlite://nowhere/portico.db");
    no_folder.is_refused("the folder nowhere cannot be used: ");
    assert_eq!(no_folder.finds(), [""; 0], "and nothing was made");
    if let Some(database) = Database::postgres() {
        in_a_container(Operator::on(&database)).is_refused(unusable);
    }
}

#[test]
fn a_data_folder_that_was_made_by_somebody_else_is_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let operator = Operator::new();
    let folder = operator.path().join("portico-data");
    std::fs::create_dir(&folder).expect("our own folder");
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&folder, permissions).expect("our own folder");
    assert!(
        operator.does("doctor").contains("chmod 700"),
        "it is advice"
    );
    operator.does("migrate");
    operator.does("publisher add --name Harbour");
    assert_eq!(operator.is_told(), [""; 0]);
    std::fs::remove_dir_all(&folder).expect("our own folder");
    std::fs::write(&folder, "no folder").expect("our own folder");
    let operator = operator.with("PORTICO_MASTER_KEY", KEY);
    operator.is_refused("portico-data cannot be used: ");
}
