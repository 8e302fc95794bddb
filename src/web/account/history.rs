//! `/account/history`: every decision, from its receipt.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use domain::consent::{DecisionKind as Kind, Receipt, ScopeCatalog, may_be_refused};
use protocol::scope::ScopeSet;
use text::Language;

use crate::account::to_sign_in;
use crate::extract::browser::Visitor;
use crate::page::history::{DecisionKind, DecisionRow, HistoryPage};
use crate::page::program::{ProgramFace, Publisher};
use crate::page::share;
use crate::reply::page::PageRules;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/account/history").route(web::get().to(show)));
}

async fn show(visitor: Visitor) -> HttpResponse {
    let view = match visitor.state.flows.account_history(&visitor.browser).await {
        Ok(Some(view)) => view,
        Ok(None) => return to_sign_in(&visitor),
        Err(fault) => return visitor.fault(&fault),
    };
    let chrome = visitor.chrome(&[], view.signed_in.user.language.as_deref());
    let catalog = &visitor.state.flows.policy().catalog;
    let decisions = view
        .receipts
        .iter()
        .map(|receipt| row(&chrome.language, catalog, receipt))
        .collect();
    visitor.page(
        &HistoryPage {
            chrome,
            decisions,
            older: None,
        },
        &PageRules::default(),
    )
}

/// A receipt as a row. The face is the one that was shown then, so it has no picture: that can have
/// changed since.
fn row(language: &Language, catalog: &ScopeCatalog, receipt: &Receipt) -> DecisionRow {
    let content = &receipt.content;
    let labels = |scopes: &ScopeSet| -> Vec<String> {
        let decided = scopes.iter().filter(|scope| may_be_refused(scope));
        let scopes = catalog.in_order(decided).into_iter();
        scopes
            .map(|scope| share::label(language, scope.as_str(), None))
            .collect()
    };
    let (kind, scopes, left_out) = match content.kind {
        Kind::Consented if content.allowed.is_empty() => {
            (DecisionKind::Withheld, labels(&content.refused), Vec::new())
        }
        Kind::Consented => (
            DecisionKind::Allowed,
            labels(&content.allowed),
            labels(&content.refused),
        ),
        Kind::TakenBack => (
            DecisionKind::TakenBack,
            labels(&content.refused),
            Vec::new(),
        ),
        Kind::Removed => (DecisionKind::Removed, labels(&content.refused), Vec::new()),
        Kind::Reopened => (DecisionKind::Reopened, labels(&content.allowed), Vec::new()),
    };
    DecisionRow {
        at: receipt.decided_at,
        program: ProgramFace {
            name: content.client_name.clone(),
            icon: None,
            publisher: content
                .publisher
                .as_ref()
                .map(|(name, verified)| Publisher {
                    name: name.clone(),
                    verified: *verified,
                }),
            draft: false,
            policy_uri: None,
            tos_uri: None,
        },
        kind,
        scopes,
        left_out,
    }
}
