//! How a command ends.

use super::Operator;
use crate::database::Database;

/// What the server keeps of the password `slow`: proving that one knows it takes so many rounds of
/// hashing that a command has done its work before its second connection is there.
const SLOW: &str = "SCRAM-SHA-256$200000:c2FsdCBvZiBhIHNsb3cgb25l\
    $O0yuVamG4YKaL8+LOM+S7c/sDHUP+tJjvC5xSP+Gh8U=:sl70UdmXM4xFayS4fuS7xYwEdqZStVCedTB89M+bV8U=";

#[test]
fn a_command_ends_well_while_a_connection_is_still_being_made() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let url = url::Url::parse(&database.url).expect("a URL");
    let name = url.path().trim_start_matches('/');
    let role = format!("{name}_slow");
    let mut server = database.administration();
    server.run(&format!("CREATE ROLE {role} LOGIN PASSWORD '{SLOW}'"));
    server.run(&format!("ALTER DATABASE {name} OWNER TO {role}"));
    let mut slow = url.clone();
    slow.set_username(&role).expect("a user");
    slow.set_password(Some("slow")).expect("a password");
    let operator = Operator::new().with("PORTICO_DATABASE_URL", slow.as_str());
    operator.does("migrate");
    for _ in 0..3 {
        assert_eq!(operator.is_told(), [""; 0]);
    }
    let mut inside = database.beside();
    inside.run(&format!("REASSIGN OWNED BY {role} TO CURRENT_USER"));
    inside.run(&format!("DROP OWNED BY {role}"));
    server.run(&format!("DROP ROLE {role}"));
}
