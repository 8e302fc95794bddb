//! What a program has lost a moment ago, while tokens that still name it are out: they are refused
//! wherever Portico is asked, and gone everywhere else when the last of them has expired.
//!
//! Owns that look into the person's decisions. It changes nothing.

use domain::consent::{ConsentRefusal, DecisionKind, Receipt};
use foundation::clock::{Instant, Span};
use foundation::id::ClientId;
use protocol::scope::ScopeName;

/// A program that lost all access a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedProgram {
    /// Which.
    pub client_id: ClientId,
    /// Its name, as it was when the access was removed.
    pub name: String,
    /// When the last token has expired.
    pub gone_by: Instant,
}

/// The programs whose access was removed within the life of an access token. `receipts` are the
/// person's, the newest first.
pub(super) fn removed(receipts: &[Receipt], access: Span, now: Instant) -> Vec<RemovedProgram> {
    let removed = receipts
        .iter()
        .filter(|receipt| receipt.content.kind == DecisionKind::Removed);
    removed
        .map(|receipt| RemovedProgram {
            client_id: receipt.client_id.clone(),
            name: receipt.content.client_name.clone(),
            gone_by: receipt.decided_at + access,
        })
        .filter(|program| program.gone_by > now)
        .collect()
}

/// When the last token that names a refused scope has expired; `None` if that is over, or if the
/// program did not have the scope before. `receipts` are the person's, the newest first.
pub(super) fn gone_by(
    receipts: &[Receipt],
    client: &ClientId,
    refusal: &ConsentRefusal,
    access: Span,
    now: Instant,
) -> Option<Instant> {
    let gone_by = refusal.refused_at + access;
    (gone_by > now && was_shared(receipts, client, refusal)).then_some(gone_by)
}

fn was_shared(receipts: &[Receipt], client: &ClientId, refusal: &ConsentRefusal) -> bool {
    let mut decisions = receipts.iter().filter(|receipt| {
        receipt.client_id == *client
            && receipt.decided_at <= refusal.refused_at
            && is_about(receipt, &refusal.scope)
    });
    match decisions.next().map(|receipt| receipt.content.kind) {
        Some(DecisionKind::TakenBack) => true,
        Some(_) => decisions
            .next()
            .is_some_and(|before| before.content.allowed.contains(refusal.scope.as_str())),
        None => false,
    }
}

/// Whether a receipt says if the scope is shared. Opening a refusal again shares nothing.
fn is_about(receipt: &Receipt, scope: &ScopeName) -> bool {
    let content = &receipt.content;
    content.kind != DecisionKind::Reopened
        && (content.allowed.contains(scope.as_str()) || content.refused.contains(scope.as_str()))
}

#[cfg(test)]
mod tests {
    use domain::consent::ReceiptContent;
    use domain::grant::PurposeVersion;
    use foundation::entropy::SystemEntropy;
    use foundation::id::{ReceiptId, UserId};
    use protocol::scope::ScopeSet;

    use super::*;

    const ACCESS: Span = Span::minutes(10);

    fn at(minute: i64) -> Instant {
        Instant::from_millis(1_800_000_000_000) + Span::minutes(minute)
    }

    fn receipt(minute: i64, kind: DecisionKind, allowed: &str, refused: &str) -> Receipt {
        let set = |text: &str| ScopeSet::parse(text).expect("scopes");
        Receipt {
            id: ReceiptId::new(at(minute), &SystemEntropy),
            user_id: UserId::new(at(0), &SystemEntropy),
            client_id: ClientId::parse("market").expect("an id"),
            grant_id: None,
            decided_at: at(minute),
            content: ReceiptContent {
                client_name: "Market".into(),
                publisher: None,
                allowed: set(allowed),
                refused: set(refused),
                purposes: Default::default(),
                kind,
            },
        }
    }

    fn phone_is_gone_by(receipts: &[Receipt], refused_at: i64, now: i64) -> Option<Instant> {
        let refusal = ConsentRefusal {
            scope: ScopeName::parse("phone.verified").expect("a scope"),
            purpose: PurposeVersion(String::new()),
            refused_at: at(refused_at),
            times: 1,
            reopened_at: None,
        };
        let client = ClientId::parse("market").expect("an id");
        gone_by(receipts, &client, &refusal, ACCESS, at(now))
    }

    #[test]
    fn what_was_never_shared_does_not_fade() {
        use DecisionKind::Consented;
        let unticked = receipt(0, Consented, "profile.basic", "phone.verified");
        assert_eq!(phone_is_gone_by(&[unticked], 0, 1), None);
    }

    #[test]
    fn what_was_taken_back_fades_for_the_life_of_an_access_token() {
        use DecisionKind::{Consented, Reopened, TakenBack};
        let allowed = receipt(0, Consented, "phone.verified", "");
        let taken_back = [receipt(5, TakenBack, "", "phone.verified"), allowed.clone()];
        assert_eq!(phone_is_gone_by(&taken_back, 5, 14), Some(at(15)));
        assert_eq!(phone_is_gone_by(&taken_back, 5, 15), None);

        let unticked_later = [
            receipt(5, Consented, "", "phone.verified"),
            receipt(4, Reopened, "phone.verified", ""),
            receipt(3, TakenBack, "", "phone.verified"),
            allowed.clone(),
        ];
        assert_eq!(phone_is_gone_by(&unticked_later, 5, 6), None);
        let unticked = [receipt(5, Consented, "", "phone.verified"), allowed];
        assert_eq!(phone_is_gone_by(&unticked, 5, 6), Some(at(15)));
    }

    #[test]
    fn a_removed_program_is_named_for_as_long() {
        let removed_at = |minute| [receipt(minute, DecisionKind::Removed, "", "openid")];
        let named = removed(&removed_at(1), ACCESS, at(2));
        assert_eq!(
            (named[0].name.as_str(), named[0].gone_by),
            ("Market", at(11))
        );
        assert_eq!(removed(&removed_at(1), ACCESS, at(11)), []);
    }
}
