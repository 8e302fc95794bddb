//! Nova, the super app: a phone with a home screen, and a frame in which it opens mini-programs.
//! A first-party client of Portico; it holds no data of its own.

mod drawer;
mod events;
mod home_screen;
mod launch;
mod page;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::assets;
use crate::operator::Operator;
use crate::relying_party::{Ask, Redeemed, Trouble};
use crate::scenes::Scenes;
use crate::site::reply::{Neighbours, PagePolicy, see_other};
use crate::site::{Landing, NoVisitor, NotSignedIn, Site, Visitor};
use home_screen::{Tile, shown_from};
use page::{HomePage, NovaMessagePage, OpenPage, SignedInPage, WelcomePage};

/// Nova's website.
pub(crate) struct Nova {
    pub(crate) site: Site,
    /// Its own origin.
    pub(crate) origin: String,
    /// Portico's origin, for its scripts.
    pub(crate) portico: String,
    /// What is said between the websites and Portico.
    pub(crate) scenes: Arc<Scenes>,
    /// Market's client id, for whoever suspends it.
    pub(crate) market: String,
    /// Who does what the drawer's buttons ask for.
    pub(crate) operator: Arc<dyn Operator>,
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
        .route("/exchanges", web::get().to(drawer::exchanges))
        .route("/exchanges/live", web::get().to(drawer::live))
        .route("/operator/{act}", web::post().to(drawer::operate))
        .route("/assets/{file}", web::get().to(assets::serve))
        .default_service(web::to(nothing))
}

async fn home(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let (visitor, tiles) = match nova.visit(&request).await {
        Ok(found) => found,
        Err(NoVisitor::Stranger) => return nova.welcome(false),
        Err(NoVisitor::Ended) => return nova.welcome(true),
        Err(NoVisitor::Trouble(trouble)) => return nova.trouble(&trouble),
    };
    match nova.site.relying_party.account_link().await {
        Ok(account) => nova.policy_around(&tiles).page(
            StatusCode::OK,
            &HomePage::new(&visitor, account, tiles, &nova.portico),
        ),
        Err(trouble) => nova.trouble(&trouble),
    }
}

/// What the locked pages of another tab want afterwards: a page that tells them, and closes.
const SIGNED_IN: &str = "signed-in";

#[derive(Deserialize)]
struct SignInQuery {
    /// The mini-program to open afterwards, by its handle.
    then: Option<String>,
}

async fn sign_in(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let query = web::Query::<SignInQuery>::from_query(request.query_string());
    // Only a word is an answer to "and then?": no address comes in from outside.
    let then = query.ok().and_then(|query| query.into_inner().then);
    let aside = then.filter(|then| is_word(then));
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
        path: match redeemed.aside.as_deref() {
            None => "/".to_owned(),
            Some(SIGNED_IN) => format!("/{SIGNED_IN}"),
            Some(handle) => format!("/open/{handle}"),
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
    handle: web::Path<String>,
) -> HttpResponse {
    if !is_word(&handle) {
        return nova.message(NovaMessagePage::not_found());
    }
    let (_, tiles) = match nova.visit(&request).await {
        Ok(found) => found,
        Err(NoVisitor::Stranger | NoVisitor::Ended) => {
            return see_other(&format!("/sign-in?then={handle}"));
        }
        Err(NoVisitor::Trouble(trouble)) => return nova.trouble(&trouble),
    };
    let Some(tile) = tiles.iter().find(|tile| tile.handle == *handle) else {
        return nova.message(NovaMessagePage::not_found());
    };
    let query = web::Query::<OpenQuery>::from_query(request.query_string());
    let share = query.ok().and_then(|query| query.into_inner().share);
    let share = share.filter(|scope| tile.may_ask_for(scope));
    // Without scripts there is no bridge, and the program need not look for one.
    let entry_with = |name, value: &str| {
        let mut entry = tile.entry_uri.clone();
        entry.query_pairs_mut().append_pair(name, value);
        entry.to_string()
    };
    let entry_uri = entry_with("by", "redirect");
    let frame_uri = match share {
        Some(scope) => entry_with("share", &scope),
        None => entry_uri.clone(),
    };
    nova.policy_around(&tiles)
        .page(StatusCode::OK, &OpenPage::new(tile, entry_uri, frame_uri))
}

/// Whether a text can stand in one of Nova's own paths as it is.
fn is_word(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_letter)
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

impl Nova {
    /// What every page of Nova has to do with others; `portico` is an origin.
    pub(crate) fn neighbours(portico: &str) -> Neighbours<'_> {
        Neighbours {
            // The sheet; and, without scripts, Portico's pages on the way into a program.
            frames: vec![portico],
            // Signing out is a form that Portico answers.
            forms: vec![portico],
            scripts: vec![portico],
            pictures: Vec::new(),
            framed_by: Vec::new(),
        }
    }

    /// The policy of a page that opens these programs.
    fn policy_around(&self, tiles: &[Tile]) -> PagePolicy {
        let (frames, pictures) = shown_from(tiles);
        let mut neighbours = Self::neighbours(&self.portico);
        neighbours.frames.extend(frames.iter().map(String::as_str));
        neighbours
            .pictures
            .extend(pictures.iter().map(String::as_str));
        PagePolicy::new(&neighbours)
    }

    /// Who is there, and the programs that there are for them at this moment.
    async fn visit(&self, request: &HttpRequest) -> Result<(Visitor, Vec<Tile>), NoVisitor> {
        let visitor = self.site.visitor(request).await?;
        match self.site.relying_party.programs(&visitor.tokens).await {
            Ok(Some(programs)) => Ok((visitor, Tile::all(programs))),
            Ok(None) => Err(NoVisitor::Ended),
            Err(trouble) => Err(NoVisitor::Trouble(trouble)),
        }
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
