//! Bank's page.

use askama::Template;

use super::account::{Account, Movement, NoTransfer};
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
    /// The transfer that was not made: the form keeps what was typed.
    refused: Option<Refused>,
}

/// A transfer that was not made.
pub(crate) struct Refused {
    /// To whom, as typed.
    pub(crate) to: String,
    /// How much, as typed.
    pub(crate) amount: String,
    /// Why not.
    pub(crate) refusal: NoTransfer,
}

impl Refused {
    fn is_about_the_receiver(&self) -> bool {
        self.refusal == NoTransfer::Receiver
    }
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
            refused: None,
        }
    }

    /// The same page after a transfer that was not made.
    pub(crate) fn after(self, refused: Refused) -> Self {
        Self {
            refused: Some(refused),
            ..self
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
    fn a_refused_transfer_says_why_and_keeps_what_was_typed() {
        let shared = everything();
        let refused = |refusal| {
            let chrome = chrome(&BANK, &shared, true, true);
            let refused = Refused {
                to: "Linus \"O\" Okoro".to_owned(),
                amount: "twelve".to_owned(),
                refusal,
            };
            let page = BankPage::new(chrome, &shared, &Account::default()).after(refused);
            page.render().expect("renders")
        };
        let html = refused(NoTransfer::Amount);
        assert!(html.contains("class=\"problem\" role=\"alert\""), "{html}");
        assert!(html.contains("please give an amount"), "{html}");
        assert!(html.contains("value=\"Linus &#34;O&#34; Okoro\""), "{html}");
        assert!(html.contains("value=\"twelve\" aria-invalid"), "{html}");
        assert!(refused(NoTransfer::Receiver).contains("Okoro\" aria-invalid"));
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
