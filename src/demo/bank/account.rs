//! A person's account at Bank: its balance and movements.

use std::fmt;

use crate::money::Cents;

/// How many movements are remembered.
const MAX_MOVEMENTS: usize = 8;
/// The longest name of a receiver, in characters.
const LONGEST_NAME: usize = 40;

/// What Bank keeps for one person.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    balance: Cents,
    /// The latest first.
    movements: Vec<Movement>,
}

/// Money that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    /// From or to whom.
    pub(crate) title: String,
    pub(crate) amount: Cents,
    /// Whether it came.
    pub(crate) incoming: bool,
}

/// Why a transfer did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTransfer {
    /// The receiver's name is empty, too long or has control characters.
    Receiver,
    /// The amount cannot be read, or is nothing.
    Amount,
    /// There is less on the account.
    Balance,
}

impl fmt::Display for NoTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receiver => "Nothing was sent: please say to whom, in up to 40 letters.",
            Self::Amount => "Nothing was sent: please give an amount, such as 12.50.",
            Self::Balance => "Nothing was sent: there is not enough on your account.",
        })
    }
}

impl std::error::Error for NoTransfer {}

impl Default for Account {
    /// A new account opens with some invented money.
    fn default() -> Self {
        let came = |title: &str, cents| Movement {
            title: title.to_owned(),
            amount: Cents(cents),
            incoming: true,
        };
        let went = |title: &str, cents| Movement {
            incoming: false,
            ..came(title, cents)
        };
        let movements = vec![
            went("Harbour Café", 680),
            went("City Library", 1_200),
            came("Opening gift", 125_930),
        ];
        Self {
            balance: Cents(125_930 - 680 - 1_200),
            movements,
        }
    }
}

impl Account {
    /// What is on it.
    pub(crate) fn balance(&self) -> Cents {
        self.balance
    }

    /// The movements, the latest first.
    pub(crate) fn movements(&self) -> &[Movement] {
        &self.movements
    }

    /// Sends money as typed.
    pub(crate) fn transfer(&mut self, to: &str, amount: &str) -> Result<Movement, NoTransfer> {
        let title = to.split_whitespace().collect::<Vec<_>>().join(" ");
        let readable = !title.is_empty() && title.chars().count() <= LONGEST_NAME;
        if !readable || title.chars().any(char::is_control) {
            return Err(NoTransfer::Receiver);
        }
        let amount = Cents::parse(amount)
            .filter(|amount| amount.0 > 0)
            .ok_or(NoTransfer::Amount)?;
        self.balance = Cents(
            self.balance
                .0
                .checked_sub(amount.0)
                .ok_or(NoTransfer::Balance)?,
        );
        let movement = Movement {
            title,
            amount,
            incoming: false,
        };
        self.movements.insert(0, movement.clone());
        self.movements.truncate(MAX_MOVEMENTS);
        Ok(movement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_s_movements_add_up_to_its_balance() {
        let account = Account::default();
        let sum = |incoming| {
            Cents::sum(
                account
                    .movements()
                    .iter()
                    .filter(|m| m.incoming == incoming)
                    .map(|m| m.amount),
            )
            .0
        };
        assert_eq!(account.balance().0, sum(true) - sum(false));
    }

    #[test]
    fn a_transfer_takes_exactly_its_amount() {
        let mut account = Account::default();
        let before = account.balance().0;
        account.transfer(" Linus  Okoro ", "12,50").expect("enough");
        assert_eq!(account.balance().0, before - 1_250);
        assert_eq!(account.movements()[0].title, "Linus Okoro");
        account
            .transfer("All of it", &format!("{}", (before - 1_250) as f64 / 100.0))
            .expect("exactly enough");
        assert_eq!(account.balance(), Cents(0));
    }

    #[test]
    fn a_refused_transfer_changes_nothing() {
        let mut account = Account::default();
        let before = (account.balance(), account.movements().to_vec());
        for (to, amount, refusal) in [
            ("", "1", NoTransfer::Receiver),
            (&*"x".repeat(41), "1", NoTransfer::Receiver),
            ("Ada", "0", NoTransfer::Amount),
            ("Ada", "-5", NoTransfer::Amount),
            ("Ada", "999999999", NoTransfer::Balance),
        ] {
            assert_eq!(account.transfer(to, amount), Err(refusal), "{to} {amount}");
        }
        assert_eq!((account.balance(), account.movements().to_vec()), before);
    }
}
