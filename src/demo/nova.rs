//! Nova, the super app: a phone with a home screen, and a frame in which it opens mini-programs.
//! A first-party client of Portico; it holds no data of its own.

mod events;
mod launch;
mod page;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::assets;
use crate::facts::{PROGRAMS, ProgramFacts};
use crate::relying_party::{Ask, Redeemed, Trouble};
use crate::site::reply::see_other;
use crate::site::{Landing, NoVisitor, NotSignedIn, Site};
use page::{HomePage, NovaMessagePage, OpenPage, SignedInPage, WelcomePage};

/// Nova's website.
pub(crate) struct Nova {
    pub(crate) site: Site,
    /// Portico's origin, for its scripts.
    pub(crate) portico: String,
    pub(crate) programs: Vec<Tile>,
}

/// A program on the home screen.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    pub(crate) facts: &'static ProgramFacts,
    pub(crate) client_id: String,
    pub(crate) origin: String,
}

/// Nova's addresses.
pub(crate) fn scope(nova: web::Data<Nova>) -> actix_web::Scope {
    web::scope("")
        .app_data(nova)
        .route("/", web::get().to(home))
        .route("/sign-in", web::get().to(sign_in))
        .route("/callback", web::get().to(callback))
        .route("/open/{program}", web::get().to(open))
        .route("/sign-out", web::post().to(sign_out))
        .route("/signed-in", web::get().to(signed_in))
        .route("/present", web::get().to(launch::present))
        .route("/launch/{program}", web::post().to(launch::launch))
        .route("/session-events", web::get().to(events::relay))
        .route("/assets/{file}", web::get().to(assets::serve))
        .default_service(web::to(nothing))
}

async fn home(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let visitor = match nova.site.visitor(&request).await {
        Ok(visitor) => visitor,
        Err(NoVisitor::Stranger) => return nova.welcome(false),
        Err(NoVisitor::Ended) => return nova.welcome(true),
        Err(NoVisitor::Trouble(trouble)) => return nova.trouble(&trouble),
    };
    match nova.site.relying_party.account_link().await {
        Ok(account) => nova.site.policy.page(
            StatusCode::OK,
            &HomePage::new(&visitor, account, &nova.programs, &nova.portico),
        ),
        Err(trouble) => nova.trouble(&trouble),
    }
}

/// What the locked pages of another tab want afterwards: a page that tells them, and closes.
const SIGNED_IN: &str = "signed-in";

#[derive(Deserialize)]
struct SignInQuery {
    /// The mini-program to open afterwards, by its slug.
    then: Option<String>,
}

async fn sign_in(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let query = web::Query::<SignInQuery>::from_query(request.query_string());
    // Only what is known is an answer to "and then?": no address comes in from outside.
    let then = query.ok().and_then(|query| query.into_inner().then);
    let aside = match then.as_deref() {
        Some(SIGNED_IN) => Some(SIGNED_IN),
        then => then.and_then(program_called).map(|facts| facts.slug),
    };
    let ask = Ask {
        consent_again: false,
        aside,
    };
    match nova.site.begin(&request, ask).await {
        Ok(answer) => answer,
        Err(trouble) => nova.trouble(&trouble),
    }
}

async fn callback(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let land = |redeemed: &Redeemed| Landing {
        path: match redeemed.aside {
            None => "/".to_owned(),
            Some(SIGNED_IN) => format!("/{SIGNED_IN}"),
            Some(slug) => format!("/open/{slug}"),
        },
        notice: None,
    };
    match nova.site.finish(&request, land).await {
        Ok(answer) => answer,
        Err(NotSignedIn::NotAsked) => nova.message(NovaMessagePage::not_asked()),
        Err(NotSignedIn::Declined) => nova.message(NovaMessagePage::declined()),
        Err(NotSignedIn::Trouble(trouble)) => nova.trouble(&trouble),
    }
}

#[derive(Deserialize)]
struct OpenQuery {
    /// A scope that the person wants to share with the program after all.
    share: Option<String>,
}

/// The page around a mini-program, for browsers without scripts; the others go to the home screen and
/// open it there. Nova navigates the frame itself, so that Portico's own cookies go along when the
/// program sends the frame on to Portico.
async fn open(
    request: HttpRequest,
    nova: web::Data<Nova>,
    slug: web::Path<String>,
) -> HttpResponse {
    let Some(facts) = program_called(&slug) else {
        return nova.message(NovaMessagePage::not_found());
    };
    match nova.site.visitor(&request).await {
        Ok(_) => {}
        Err(NoVisitor::Stranger | NoVisitor::Ended) => {
            return see_other(&format!("/sign-in?then={}", facts.slug));
        }
        Err(NoVisitor::Trouble(trouble)) => return nova.trouble(&trouble),
    }
    let query = web::Query::<OpenQuery>::from_query(request.query_string());
    let share = query
        .ok()
        .and_then(|query| facts.scope(query.share.as_deref()?));
    let Some(tile) = nova.tile(facts.slug) else {
        return nova.message(NovaMessagePage::not_found());
    };
    // Without scripts there is no bridge, and the program need not look for one.
    let entry_uri = format!("{}/open?by=redirect", tile.origin);
    let frame_uri = match share {
        Some(scope) => format!("{}/open?share={}", tile.origin, scope.scope),
        None => entry_uri.clone(),
    };
    nova.site
        .policy
        .page(StatusCode::OK, &OpenPage::new(facts, entry_uri, frame_uri))
}

#[derive(Deserialize)]
struct SignOutForm {
    form_token: String,
}

/// Sends the browser to Portico to sign out. Nova's own session needs no ending here: Portico is
/// asked on every request, so it ends with Portico's, and only then.
async fn sign_out(
    request: HttpRequest,
    nova: web::Data<Nova>,
    form: Result<web::Form<SignOutForm>, Error>,
) -> HttpResponse {
    let visitor = match nova.site.visitor(&request).await {
        Ok(visitor) => visitor,
        Err(NoVisitor::Stranger | NoVisitor::Ended) => return see_other("/"),
        Err(NoVisitor::Trouble(trouble)) => return nova.trouble(&trouble),
    };
    if !form.is_ok_and(|form| visitor.sent(&form.form_token)) {
        return nova.message(NovaMessagePage::stale_form());
    }
    match nova.site.relying_party.sign_out_link(&visitor.tokens).await {
        Ok(link) => see_other(link.as_str()),
        Err(trouble) => nova.trouble(&trouble),
    }
}

/// Somebody signed in, in a window that a locked page opened for it.
async fn signed_in(nova: web::Data<Nova>) -> HttpResponse {
    nova.site.policy.page(StatusCode::OK, &SignedInPage::new())
}

async fn nothing(nova: web::Data<Nova>) -> HttpResponse {
    nova.message(NovaMessagePage::not_found())
}

fn program_called(slug: &str) -> Option<&'static ProgramFacts> {
    PROGRAMS.into_iter().find(|facts| facts.slug == slug)
}

impl Nova {
    fn tile(&self, slug: &str) -> Option<&Tile> {
        self.programs.iter().find(|tile| tile.facts.slug == slug)
    }

    fn welcome(&self, ended: bool) -> HttpResponse {
        self.site
            .policy
            .page(StatusCode::OK, &WelcomePage::new(ended))
    }

    fn message(&self, page: NovaMessagePage) -> HttpResponse {
        self.site.policy.page(page.status, &page)
    }

    fn trouble(&self, trouble: &Trouble) -> HttpResponse {
        tracing::warn!(%trouble, "Nova could not serve a visitor");
        self.message(NovaMessagePage::trouble(trouble))
    }
}
