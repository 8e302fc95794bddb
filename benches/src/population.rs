//! Who lives in a database that is measured: people with sessions, mini-programs with secrets, and
//! grants between them. Everything follows from a number, so that whoever seeds the database and
//! whoever sends requests agree without a file between them.

use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::{self, SeededEntropy};
use foundation::id::{ClientId, CredentialId, GrantId, SessionId, Subject, UserId};
use foundation::secret::{SecretKind, SecretText};

/// How many mini-programs each person has allowed something.
pub(crate) const PROGRAMS_OF_A_PERSON: u64 = 10;
/// What they all ask for; every person has allowed it.
pub(crate) const SCOPES: &str = "openid profile.basic";
/// When the first id was made; each further one a millisecond later, so that ids sort as they do in
/// a database that has grown (RFC 9562 §5.7).
const EPOCH: Instant = Instant::from_seconds(1_790_000_000);

/// The size of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Population {
    pub(crate) people: u64,
    pub(crate) programs: u64,
}

/// A person with a session.
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) session_id: SessionId,
    pub(crate) cookie: SecretText,
    pub(crate) cookie_digest: TokenDigest,
}

/// A mini-program with its secret.
pub(crate) struct Program {
    pub(crate) client_id: ClientId,
    pub(crate) credential_id: CredentialId,
    pub(crate) secret: SecretText,
    pub(crate) secret_digest: TokenDigest,
    pub(crate) redirect_uri: String,
    pub(crate) origin: String,
}

impl Population {
    /// The smaller one of the growth target, and of everything else.
    pub(crate) const SMALL: Self = Self {
        people: 1_000,
        programs: 1_000,
    };
    /// The larger one: a million grants.
    pub(crate) const LARGE: Self = Self {
        people: 100_000,
        programs: 100_000,
    };

    pub(crate) const fn grants(self) -> u64 {
        self.people * PROGRAMS_OF_A_PERSON
    }

    /// The mini-programs that a person has allowed something.
    pub(crate) fn programs_of(self, person: u64) -> impl Iterator<Item = u64> {
        let first = person * PROGRAMS_OF_A_PERSON;
        (first..first + PROGRAMS_OF_A_PERSON).map(move |grant| self.parties(grant).1)
    }

    /// The person and the mini-program of a grant; `number` is below [`Population::grants`].
    pub(crate) const fn parties(self, number: u64) -> (u64, u64) {
        (number / PROGRAMS_OF_A_PERSON, number % self.programs)
    }
}

pub(crate) fn person(number: u64) -> Person {
    let entropy = stream(1, number);
    let user_id = UserId::new(made_at(number), &entropy);
    let session_id = SessionId::new(made_at(number), &entropy);
    let (cookie, cookie_digest) = SecretKind::SessionCookie.issue(&entropy);
    Person {
        user_id,
        username: format!("person-{number}"),
        session_id,
        cookie,
        cookie_digest,
    }
}

pub(crate) fn program(number: u64) -> Program {
    let entropy = stream(2, number);
    let client_id = ClientId::random(&entropy);
    let credential_id = CredentialId::new(made_at(number), &entropy);
    let (secret, secret_digest) = SecretKind::ClientSecret.issue(&entropy);
    let origin = format!("https://program-{number}.example");
    Program {
        client_id,
        credential_id,
        secret,
        secret_digest,
        redirect_uri: format!("{origin}/callback"),
        origin,
    }
}

/// The id of a grant, and the name of its person at its mini-program.
pub(crate) fn grant(number: u64) -> (GrantId, Subject) {
    let entropy = stream(3, number);
    let id = GrantId::new(made_at(number), &entropy);
    (id, Subject::derived(&entropy::bytes(&entropy)))
}

fn made_at(number: u64) -> Instant {
    EPOCH + Span::millis(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Random bytes that are the same for the same kind and number.
fn stream(kind: u64, number: u64) -> SeededEntropy {
    SeededEntropy::new((kind << 48) | number)
}
