//! `/account`, the overview, and `/`, which leads there.

use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use flow::account::{Overview, ProgramView};
use flow::browser::CookieChanges;
use foundation::id::ClientId;
use protocol::scope::ScopeName;
use protocol::scope_catalog::{ScopeCatalog, TakenBack};
use serde::Deserialize;
use text::Language;

use crate::account::way::{answered, back_to, to_sign_in};
use crate::extract::page_form::PageForm;
use crate::face::{face, icon};
use crate::method;
use crate::page::account::{
    AccountNotice, AccountPage, FadingScope, KnowingProgram, KnownScope, Person, RefusedScope,
};
use crate::page::error::ErrorKind;
use crate::page::link::Link;
use crate::page::share::{self, Value};
use crate::reply::page::PageRules;
use crate::shown;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/").route(method::get().to(home)))
        .service(
            web::resource("/account")
                .route(method::get().to(show))
                .route(web::post().to(change)),
        );
}

/// What was just done, for the notice on top. Anybody can write such a link, so the notice says
/// only what is true (`notice`).
#[derive(Deserialize)]
struct OverviewDone {
    done: Option<String>,
    client: Option<String>,
    scope: Option<String>,
}

/// Whoever types the server's bare address wants their account, or to sign in.
async fn home(visitor: Visitor) -> HttpResponse {
    visitor.see_other("/account", &CookieChanges::default())
}

async fn show(visitor: Visitor, done: Query<OverviewDone>) -> HttpResponse {
    match visitor
        .state
        .services
        .account
        .overview(&visitor.browser)
        .await
    {
        Ok(Some(overview)) => page(&visitor, overview, &done),
        Ok(None) => to_sign_in(&visitor),
        Err(fault) => visitor.fault(&fault),
    }
}

async fn change(visitor: Visitor, form: PageForm) -> HttpResponse {
    let (services, csrf) = (&visitor.state.services, form.field("csrf"));
    let pressed = ["revoke", "take_back", "reopen"]
        .into_iter()
        .find(|name| !form.field(name).is_empty());
    let Some(pressed) = pressed else {
        return visitor.error(ErrorKind::ForgedForm);
    };
    let (client, scope) = form
        .field(pressed)
        .split_once(' ')
        .unwrap_or((form.field(pressed), ""));
    let (Ok(client), scope) = (ClientId::parse(client), ScopeName::parse(scope).ok()) else {
        return visitor.error(ErrorKind::ForgedForm);
    };
    let back = match &scope {
        Some(scope) => format!(
            "/account?done={pressed}&client={client}&scope={}",
            encoded(scope)
        ),
        None => format!("/account?done={pressed}&client={client}"),
    };
    let answer = match (pressed, scope) {
        ("revoke", None) => {
            services
                .account
                .remove_access(csrf, &client, &visitor.browser)
                .await
        }
        ("take_back", Some(scope)) => {
            services
                .account
                .take_back(csrf, &client, scope, &visitor.browser)
                .await
        }
        ("reopen", Some(scope)) => {
            services
                .account
                .reopen(csrf, &client, scope, &visitor.browser)
                .await
        }
        _ => return visitor.error(ErrorKind::ForgedForm),
    };
    answered(&visitor, answer, &back)
}

fn encoded(scope: &ScopeName) -> String {
    url::form_urlencoded::byte_serialize(scope.as_str().as_bytes()).collect()
}

fn page(visitor: &Visitor, overview: Overview, done: &OverviewDone) -> HttpResponse {
    let user = &overview.signed_in.user;
    let chrome = visitor.chrome_for(user);
    let profile = &overview.profile;
    let mut rules = PageRules::of_account().with_image(profile.picture.as_deref());
    for program in &overview.programs {
        rules = rules.with_image(icon(&program.client));
    }
    let phone = profile.phone_number.as_deref().map(share::phone);
    let person = Person {
        name: profile
            .name
            .clone()
            .unwrap_or_else(|| user.username.clone()),
        username: user.username.clone(),
        picture: profile.picture.as_deref().and_then(Link::parse_image),
        contacts: profile.email.iter().cloned().chain(phone).collect(),
    };
    let back = back_to(overview.host.as_ref());
    let catalog = &visitor.state.settings.scopes;
    let notice = notice(&chrome.language, catalog, done, &overview);
    let programs = overview
        .programs
        .into_iter()
        .map(|p| program(&chrome.language, catalog, p))
        .collect();
    visitor.page(
        &AccountPage {
            chrome,
            csrf: overview.form_token,
            person,
            programs,
            notice,
            back,
        },
        &rules,
    )
}

fn program(language: &Language, catalog: &ScopeCatalog, view: ProgramView) -> KnowingProgram {
    let label = |scope: &ScopeName| share::label(language, catalog, scope);
    let known = |shared: flow::account::SharedScope| KnownScope {
        label: label(&shared.scope),
        value: match shown::lines(language, &shared.values) {
            lines if lines.is_empty() => Value::None,
            lines => Value::Lines(lines),
        },
        can_take_back: catalog.taken_back(&shared.scope) == TakenBack::Alone,
        scope: shared.scope.to_string(),
    };
    let refused = |scope: &ScopeName| RefusedScope {
        scope: scope.to_string(),
        label: label(scope),
    };
    let fading = |(scope, gone_by): &(ScopeName, _)| FadingScope {
        label: label(scope),
        gone_by: *gone_by,
    };
    KnowingProgram {
        client_id: view.client.id.to_string(),
        face: face(&view.client),
        knows: view.shared.into_iter().map(known).collect(),
        refused: view.refused.iter().map(refused).collect(),
        fading: view.fading.iter().map(fading).collect(),
        since: view.since,
        last_used: Some(view.last_used),
    }
}

/// What the last tap did, as far as it is so now: a link that somebody made up says nothing else.
fn notice(
    language: &Language,
    catalog: &ScopeCatalog,
    done: &OverviewDone,
    overview: &Overview,
) -> Option<AccountNotice> {
    let client = done.client.as_deref()?;
    let mut programs = overview.programs.iter();
    let Some(view) = programs.find(|p| p.client.id.as_str() == client) else {
        let mut removed = overview.removed.iter();
        let removed = removed.find(|r| r.client_id.as_str() == client)?;
        let revoked = done.done.as_deref() == Some("revoke");
        return revoked.then(|| AccountNotice::Removed {
            program: removed.name.clone(),
            gone_by: Some(removed.gone_by),
        });
    };
    let scope = ScopeName::parse(done.scope.as_deref()?).ok()?;
    let program = view.client.name().to_owned();
    let label = share::label(language, catalog, &scope);
    let refused = view.refused.contains(&scope);
    let shared = view.shared.iter().any(|shared| shared.scope == scope);
    let known = view.client.allowed_scope().contains(scope.as_str());
    match done.done.as_deref()? {
        "take_back" if refused => Some(AccountNotice::TakenBack { program, label }),
        "reopen" if known && !refused && !shared => {
            Some(AccountNotice::Reopened { program, label })
        }
        _ => None,
    }
}
