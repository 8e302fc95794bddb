//! `/account/history`: every decision, from its receipt.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use domain::consent::{DecisionKind, Receipt};
use protocol::scope::ScopeSet;
use protocol::scope_catalog::ScopeCatalog;
use text::Language;

use crate::account::way::{back_to, to_sign_in};
use crate::face::icon;
use crate::method;
use crate::page::history::{DecisionRow, HistoryPage, ShownDecision};
use crate::page::link::Link;
use crate::page::program::{ProgramFace, ShownPublisher};
use crate::page::share;
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/account/history").route(method::get().to(show)));
}

async fn show(visitor: Visitor) -> HttpResponse {
    let view = match visitor
        .state
        .services
        .account
        .history(&visitor.browser)
        .await
    {
        Ok(Some(view)) => view,
        Ok(None) => return to_sign_in(&visitor),
        Err(fault) => return visitor.fault(&fault),
    };
    let chrome = visitor.chrome_for(&view.signed_in.user);
    let catalog = &visitor.state.settings.scopes;
    let icon_of = |receipt: &Receipt| {
        let now = view.clients.iter().find(|c| c.id == receipt.client_id);
        now.and_then(icon)
    };
    let decisions = view
        .receipts
        .iter()
        .map(|receipt| row(&chrome.language, catalog, receipt, icon_of(receipt)))
        .collect();
    let icons = view.clients.iter().map(icon);
    let rules = icons.fold(PageRules::of_account(), PageRules::with_image);
    visitor.page(
        &HistoryPage {
            chrome,
            decisions,
            older: None,
            back: back_to(view.host.as_ref()),
        },
        &rules,
    )
}

/// A receipt as a row. Names are those that were shown then; the picture is today's, so that the row
/// is found by it.
fn row(
    language: &Language,
    catalog: &ScopeCatalog,
    receipt: &Receipt,
    icon: Option<&str>,
) -> DecisionRow {
    let content = &receipt.content;
    let labels = |scopes: &ScopeSet| -> Vec<String> {
        let decided = scopes.iter().filter(|scope| catalog.may_be_refused(scope));
        let scopes = catalog.in_order(decided).into_iter();
        scopes
            .map(|scope| share::label(language, catalog, scope))
            .collect()
    };
    let (kind, scopes, left_out) = match content.kind {
        DecisionKind::Consented if content.allowed.is_empty() => (
            ShownDecision::Withheld,
            labels(&content.refused),
            Vec::new(),
        ),
        DecisionKind::Consented => (
            ShownDecision::Allowed,
            labels(&content.allowed),
            labels(&content.refused),
        ),
        DecisionKind::TakenBack => (
            ShownDecision::TakenBack,
            labels(&content.refused),
            Vec::new(),
        ),
        DecisionKind::Removed => (ShownDecision::Removed, labels(&content.refused), Vec::new()),
        DecisionKind::Reopened => (
            ShownDecision::Reopened,
            labels(&content.allowed),
            Vec::new(),
        ),
    };
    DecisionRow {
        at: receipt.decided_at,
        program: ProgramFace {
            name: content.client_name.clone(),
            icon: icon.and_then(Link::parse_image),
            publisher: content
                .publisher
                .as_ref()
                .map(|(name, verified)| ShownPublisher {
                    name: name.clone(),
                    verified: *verified,
                }),
            draft: false,
            suspended: false,
            policy_uri: None,
            tos_uri: None,
        },
        kind,
        scopes,
        left_out,
    }
}
