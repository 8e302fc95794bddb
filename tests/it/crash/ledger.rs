//! What one person and the programs they use were told: what was acknowledged, what ended, and
//! what nobody knows because the answer was cut off.

use super::visit::Browser;

/// What the answers say about something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was acknowledged, and nothing was done to it since.
    Stands,
    /// Its end was acknowledged.
    Ended,
    /// An answer about it was cut off.
    Unknown,
}

impl Fate {
    /// Of something that stands only while all of these do.
    pub(super) fn of(all: &[Self]) -> Self {
        if all.contains(&Self::Ended) {
            Self::Ended
        } else if all.contains(&Self::Unknown) {
            Self::Unknown
        } else {
            Self::Stands
        }
    }
}

/// One sign-in.
#[derive(Debug)]
pub(super) struct SignIn {
    pub(super) browser: Browser,
    pub(super) fate: Fate,
}

/// What the person allowed one program.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) program: usize,
    pub(super) fate: Fate,
    /// Whether the phone is part of it.
    pub(super) phone: Fate,
}

/// How far a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Nobody presented it.
    Fresh,
    /// It was presented, and the answer was cut off.
    Presented,
    /// Its redemption was acknowledged.
    Redeemed,
    /// It was presented again, or refused.
    Spent,
}

/// One authorization: a code and what came of it.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) sign_in: usize,
    pub(super) grant: usize,
    pub(super) program: usize,
    pub(super) code: String,
    pub(super) redeemed: Code,
    pub(super) fate: Fate,
    /// Access tokens, each with its own fate.
    pub(super) access: Vec<(String, Fate)>,
    /// The newest refresh token that was acknowledged.
    pub(super) refresh: Option<String>,
    /// Whether it was presented, and the answer was cut off.
    pub(super) refreshing: bool,
}

/// How often what was acknowledged: a run in which nothing happens proves nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) sign_ins: usize,
    pub(super) consents: usize,
    pub(super) redemptions: usize,
    pub(super) refreshes: usize,
    pub(super) revocations: usize,
    pub(super) cut_off: usize,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            sign_ins: self.sign_ins + other.sign_ins,
            consents: self.consents + other.consents,
            redemptions: self.redemptions + other.redemptions,
            refreshes: self.refreshes + other.refreshes,
            revocations: self.revocations + other.revocations,
            cut_off: self.cut_off + other.cut_off,
        }
    }
}

/// All of one person.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) sign_ins: Vec<SignIn>,
    pub(super) grants: Vec<Grant>,
    pub(super) families: Vec<Family>,
    pub(super) tally: Tally,
}

impl Ledger {
    /// The newest sign-in that stands.
    pub(super) fn signed_in(&self) -> Option<usize> {
        self.sign_ins.iter().rposition(|s| s.fate == Fate::Stands)
    }

    /// The newest grant of a program, whatever became of it.
    pub(super) fn grant(&self, program: usize) -> Option<usize> {
        self.grants.iter().rposition(|g| g.program == program)
    }

    /// What stands of the consents: for each program, whether there is one, and whether the phone is
    /// part of it.
    pub(super) fn consents(&self, programs: usize) -> Vec<(Fate, Fate)> {
        let of = |program| self.grant(program).map(|grant| &self.grants[grant]);
        (0..programs)
            .map(|program| of(program).map_or((Fate::Ended, Fate::Ended), |g| (g.fate, g.phone)))
            .collect()
    }

    /// A copy was put back that was made when these consents stood: all else has ended.
    pub(super) fn goes_back_to(&mut self, consents: Vec<(Fate, Fate)>) {
        for sign_in in &mut self.sign_ins {
            sign_in.fate = Fate::Ended;
        }
        for family in &mut self.families {
            (family.fate, family.redeemed, family.refreshing) = (Fate::Ended, Code::Spent, false);
        }
        for (program, (fate, phone)) in consents.into_iter().enumerate() {
            self.grants.push(Grant {
                program,
                fate,
                phone,
            });
        }
    }

    /// Whether a family's tokens are good.
    pub(super) fn fate(&self, family: &Family) -> Fate {
        Fate::of(&[
            self.sign_ins[family.sign_in].fate,
            self.grants[family.grant].fate,
            family.fate,
        ])
    }

    /// Notes a code that came without a sheet, or after one: what the person allows stands.
    pub(super) fn note_code(
        &mut self,
        (sign_in, program): (usize, usize),
        grant: usize,
        code: String,
    ) {
        self.families.push(Family {
            sign_in,
            grant,
            program,
            code,
            redeemed: Code::Fresh,
            fate: Fate::Stands,
            access: Vec::new(),
            refresh: None,
            refreshing: false,
        });
    }
}
