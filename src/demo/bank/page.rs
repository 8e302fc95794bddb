//! Bank's page.

use askama::Template;

use super::account::{Account, Movement};
use super::may_see_money;
use crate::claims::{Kyc, PaymentMethod};
use crate::money::Cents;
use crate::program::chrome::Chrome;
use crate::relying_party::Shared;

/// The balance, the cards and the transfer, for one visitor.
#[derive(Template)]
#[template(path = "bank.html")]
pub(crate) struct BankPage {
    chrome: Chrome,
    /// Nothing where Bank may not show it, and then neither are there movements.
    money: Option<Money>,
    /// How far an unfinished identity check got.
    check: Option<String>,
    cards: Vec<PaymentMethod>,
}

struct Money {
    balance: Cents,
    movements: Vec<Movement>,
}

impl BankPage {
    /// The page from what Portico said and what Bank keeps.
    pub(crate) fn new(chrome: Chrome, shared: &Shared, account: &Account) -> Self {
        let money = may_see_money(shared).then(|| Money {
            balance: account.balance(),
            movements: account.movements().to_vec(),
        });
        let check = shared
            .kyc
            .as_ref()
            .filter(|kyc| !kyc.is_verified())
            .map(Kyc::status_in_words);
        Self {
            chrome,
            money,
            check,
            cards: shared.payment_methods.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::BANK;
    use crate::program::chrome::samples::{chrome, everything};

    fn page(shared: &Shared, once: bool) -> String {
        BankPage::new(
            chrome(&BANK, shared, once, true),
            shared,
            &Account::default(),
        )
        .render()
        .expect("renders")
    }

    #[test]
    fn a_checked_person_sees_money_and_cards() {
        let html = page(&everything(), true);
        assert!(html.contains("€1,240.50"));
        assert!(html.contains("•••• 4242"));
        assert!(html.contains("id=\"transfer\""));
    }

    #[test]
    fn without_the_check_no_money_is_in_the_page_at_all() {
        let html = page(&Shared::default(), true);
        assert!(!html.contains("1,240.50"));
        assert!(!html.contains("id=\"transfer\""));
        assert!(html.contains("You no longer share your identity check with Bank."));
    }

    #[test]
    fn an_unfinished_check_is_named() {
        let kyc = Kyc {
            level: None,
            status: "none".to_owned(),
            verified_at: None,
        };
        let html = page(
            &Shared {
                kyc: Some(kyc),
                ..everything()
            },
            true,
        );
        assert!(!html.contains("1,240.50"));
        assert!(html.contains("Your identity check: not started"));
    }
}
