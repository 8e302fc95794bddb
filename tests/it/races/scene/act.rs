//! The acts, and what each rests on and changes.

/// Something that one person, their program or the operator does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::races) enum Act {
    TakesBackName,
    TakesBackPhone,
    Removes,
    /// On a sheet that is open.
    AllowsMore,
    /// A program that may know everything already.
    Opens,
    /// The host asks for a launch code.
    IsLaunched,
    /// On the consent sheet of a launch.
    AllowsInHost,
    /// The host says that it was closed for good.
    IsLeft,
    ChangesPassword,
    /// By the operator.
    PasswordIsSet,
    SignsInElsewhere,
    EndsOthers,
    /// From the list.
    EndsElsewhere,
    /// The other session ends this one, from the list.
    ElsewhereEndsThis,
    SignsOut,
    IsSwitchedOff,
    IsDeleted,
    Redeems,
    Refreshes,
    RevokesRefresh,
    RevokesAccess,
    IsSuspended,
    IsRenamed,
    FirstSecretIsRetired,
    SecondSecretIsRetired,
}

/// What acts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    /// The password, and whether the account is switched on.
    Account,
    /// The account itself, on which all else hangs.
    Row,
    /// The session in which the person acts.
    This,
    /// Those in other browsers.
    Others,
    Grant,
    /// What can be taken out of the grant.
    Taken,
    Tokens,
    /// Whether the program is in service.
    Service,
    Registration,
    Secrets,
}

use Thing::{Account, Grant, Others, Registration, Row, Secrets, Service, Taken, This, Tokens};

impl Act {
    pub(in crate::races) const ALL: [Self; 25] = [
        Self::TakesBackName,
        Self::TakesBackPhone,
        Self::Removes,
        Self::AllowsMore,
        Self::Opens,
        Self::IsLaunched,
        Self::AllowsInHost,
        Self::IsLeft,
        Self::ChangesPassword,
        Self::PasswordIsSet,
        Self::SignsInElsewhere,
        Self::EndsOthers,
        Self::EndsElsewhere,
        Self::ElsewhereEndsThis,
        Self::SignsOut,
        Self::IsSwitchedOff,
        Self::IsDeleted,
        Self::Redeems,
        Self::Refreshes,
        Self::RevokesRefresh,
        Self::RevokesAccess,
        Self::IsSuspended,
        Self::IsRenamed,
        Self::FirstSecretIsRetired,
        Self::SecondSecretIsRetired,
    ];

    /// What it rests on, and what it changes. Where two acts do the same by the same code, one of them
    /// stands for both with everything else, and the other says only what is its own.
    fn touches(self) -> (&'static [Thing], &'static [Thing]) {
        match self {
            Self::TakesBackName => (&[This], &[Grant, Taken]),
            // As a name, but for another scope.
            Self::TakesBackPhone => (&[Taken], &[]),
            // Who does it is looked at as when a name is taken back.
            Self::Removes => (&[Row], &[Grant, Taken]),
            Self::AllowsMore => (&[This, Row, Service], &[Grant]),
            Self::Opens => (&[This, Row, Grant, Service], &[]),
            Self::IsLaunched => (&[This, Row, Grant, Service], &[]),
            Self::AllowsInHost => (&[This, Row, Service], &[Grant]),
            Self::IsLeft => (&[This, Row], &[Tokens]),
            Self::ChangesPassword => (&[This], &[Account, Others]),
            // Sessions end as when it is switched off.
            Self::PasswordIsSet => (&[], &[Account]),
            Self::SignsInElsewhere => (&[Account, Row], &[Others]),
            Self::EndsElsewhere => (&[This], &[Others]),
            // Who does it is looked at as when one is ended from the list.
            Self::EndsOthers => (&[], &[Others]),
            // What else rests on this session finds it as after signing out.
            Self::ElsewhereEndsThis => (&[Others], &[]),
            Self::SignsOut => (&[Row], &[This]),
            Self::IsSwitchedOff => (&[], &[Account, Row]),
            // Otherwise as when it is switched off.
            Self::IsDeleted => (&[], &[Row]),
            Self::Redeems => (&[This, Row, Taken, Service], &[Tokens]),
            Self::Refreshes => (&[This, Row, Taken, Service, Secrets], &[Tokens]),
            Self::RevokesRefresh | Self::RevokesAccess => (&[Row], &[Tokens]),
            Self::IsSuspended => (&[Registration], &[Service]),
            Self::IsRenamed => (&[Service], &[Registration]),
            Self::FirstSecretIsRetired => (&[Registration], &[Secrets]),
            Self::SecondSecretIsRetired => (&[Secrets], &[]),
        }
    }

    /// Whether one of two changes what the other rests on or changes too.
    pub(in crate::races) fn meets(self, other: Self) -> bool {
        let disturbs = |(_, changed): (_, &[Thing]), (rests_on, changes): (&[Thing], &[Thing])| {
            let mut changed = changed.iter();
            changed.any(|thing| rests_on.contains(thing) || changes.contains(thing))
        };
        let (one, other) = (self.touches(), other.touches());
        disturbs((one.0, one.1), other) || disturbs((other.0, other.1), one)
    }
}
