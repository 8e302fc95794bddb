//! A launch: a host opens a mini-program with a credential of its own. Which programs it can launch, and
//! what of what it asks for the program may have, must be asked about, or goes without.

use foundation::clock::{Instant, Span};
use protocol::client_metadata::LaunchType;
use protocol::scope::{self, ScopeName, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;

use crate::client::Client;
use crate::consent::{Asking, ConsentRefusal, Question, silent_scope, usable_scope};
use crate::grant::GrantedScopes;

/// Why a program cannot be launched: for the log. Whoever asks is told the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLaunchable {
    /// It is an ordinary client.
    NoMiniProgram,
    /// The operator suspended it.
    Suspended,
    /// It is not released, and the person is no tester of it.
    NotForThisPerson,
    /// It did not register this type of launch.
    LaunchType,
}

impl NotLaunchable {
    /// The cause.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoMiniProgram => "it is no mini-program",
            Self::Suspended => "it is suspended",
            Self::NotForThisPerson => "it is not released, and the person is no tester of it",
            Self::LaunchType => "it did not register this launch type",
        }
    }
}

/// Whether a host may launch a program for this person with this.
///
/// # Errors
/// Why not.
pub fn launchable(
    program: &Client,
    username: &str,
    launch_type: LaunchType,
) -> Result<(), NotLaunchable> {
    if program.mini_program().is_none() {
        return Err(NotLaunchable::NoMiniProgram);
    }
    if program.is_suspended() {
        return Err(NotLaunchable::Suspended);
    }
    if !program.serves(username) {
        return Err(NotLaunchable::NotForThisPerson);
    }
    match program.is_launched_with(launch_type) {
        true => Ok(()),
        false => Err(NotLaunchable::LaunchType),
    }
}

/// What a host asks for in a program's name.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchScope {
    /// What was named; `None` for what stands.
    named: Option<ScopeSet>,
    /// What of it is given without a question.
    silent: ScopeSet,
}

impl LaunchScope {
    /// Reads what was asked for. A code always identifies the person: its nonce comes back in an
    /// id_token; and a ticket is there to sign them in. What is launched ends with the session, so there is no `offline_access`.
    ///
    /// # Errors
    /// The first scope that is not in the manifest.
    pub fn of(
        program: &Client,
        launch_type: LaunchType,
        named: Option<ScopeSet>,
        catalog: &ScopeCatalog,
    ) -> Result<Self, ScopeName> {
        let allowed = program.allowed_scope();
        let named = match named {
            Some(mut named) => {
                if let Some(beyond) = named.iter().find(|name| !allowed.contains(name.as_str())) {
                    return Err(beyond.clone());
                }
                named.remove(scope::OFFLINE_ACCESS);
                let openid = allowed.iter().find(|name| name.as_str() == scope::OPENID);
                let identifies = matches!(launch_type, LaunchType::Code | LaunchType::Ticket);
                if let (true, Some(openid)) = (identifies, openid) {
                    named.insert(openid.clone());
                }
                Some(named)
            }
            None => None,
        };
        let of_what = named.as_ref().unwrap_or(&allowed);
        let silent = silent_scope(program, of_what, catalog);
        Ok(Self { named, silent })
    }

    /// What is given without a question.
    pub fn silent(&self) -> &ScopeSet {
        &self.silent
    }

    /// What is to be asked before this can be answered: nothing where nothing was named.
    pub fn question(&self, standing: &LaunchConsent<'_>) -> Question {
        let named = self.named.as_ref();
        named.map_or_else(Question::default, |named| standing.question(named))
    }

    /// What was named.
    pub fn named(&self) -> Option<&ScopeSet> {
        self.named.as_ref()
    }

    /// What is given of what a grant allows.
    pub fn given(&self, program: &Client, granted: &ScopeSet) -> ScopeSet {
        let wanted = self.named.as_ref().unwrap_or(granted);
        let mut given = usable_scope(program, wanted).intersection(granted);
        given.remove(scope::OFFLINE_ACCESS);
        given
    }

    /// Whether a grant has to be made or widened before it can carry what is given silently.
    pub fn widens(&self, grant: Option<&GrantedScopes>) -> bool {
        grant.is_none_or(|grant| !self.silent.is_subset(&grant.names()))
    }
}

/// What a person has decided about a program so far.
pub struct LaunchConsent<'a> {
    /// The program.
    pub program: &'a Client,
    /// What they allowed it.
    pub grant: Option<&'a GrantedScopes>,
    /// What they refused it, and in this session put off.
    pub refusals: &'a [ConsentRefusal],
    /// Whether what they put off is asked again.
    pub again: bool,
    /// The scopes there are.
    pub catalog: &'a ScopeCatalog,
    /// How long refusals are remembered.
    pub memory: Span,
    /// Now.
    pub now: Instant,
}

impl LaunchConsent<'_> {
    /// What of these scopes is to be asked. Who put off to meet a draft has put off its greeting as well:
    /// that stands as a refusal of `openid`, which nothing else refuses.
    pub fn question(&self, requested: &ScopeSet) -> Question {
        let mut question = Asking {
            requested,
            client: self.program,
            grant: self.grant,
            refusals: self.refusals,
            again: self.again,
            launched: true,
            catalog: self.catalog,
            memory: self.memory,
            now: self.now,
        }
        .question();
        let mut refused = self.refusals.iter().map(|refusal| refusal.scope.as_str());
        question.greet &= self.again || !refused.any(|name| name == scope::OPENID);
        question
    }
}

/// What is put off with a question that is answered by "Not now".
pub fn postponed(question: &Question, program: &Client, now: Instant) -> Vec<ConsentRefusal> {
    let greeting = question.greet.then(|| scope::OPENID.to_owned());
    let greeting = greeting.and_then(|name| ScopeName::parse(&name).ok());
    let asked = question.sheet.iter().chain(&question.sensitive).cloned();
    let put_off = |scope| ConsentRefusal {
        purpose: program.purpose_version(&scope),
        scope,
        refused_at: now,
        times: 0,
        reopened_at: None,
    };
    asked.chain(greeting).map(put_off).collect()
}
