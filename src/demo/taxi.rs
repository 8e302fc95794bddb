//! Taxi: a ride to a saved address, or to a typed one where none is shared.

mod fare;
mod page;
mod rides;

use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::keep::Keep;
use crate::program::{Program, ProgramForm, doors};
use crate::relying_party::Shared;
use crate::site::reply::see_other;
use page::TaxiPage;
use rides::{Place, Rides};

/// The rides of Taxi's people.
pub(crate) type AllRides = Keep<Rides>;

/// Taxi's own addresses, beside every program's.
pub(crate) fn scope(program: web::Data<Program>, rides: web::Data<AllRides>) -> actix_web::Scope {
    let scope = web::scope("")
        .app_data(program)
        .app_data(rides)
        .route("/", web::get().to(show))
        .route("/quote", web::post().to(quote))
        .route("/ride", web::post().to(ride));
    doors(scope)
}

async fn show(
    request: HttpRequest,
    program: web::Data<Program>,
    rides: web::Data<AllRides>,
) -> Result<HttpResponse, Error> {
    let visitor = program.visit(&request).await?;
    let chrome = program.chrome(&request, &visitor).await?;
    let rides = rides.with(&visitor.subject, |rides| rides.clone());
    Ok(program.page(&TaxiPage::new(
        chrome,
        &visitor.shared,
        &rides,
        program.site.clock.now(),
    )))
}

/// Asking for the price of a typed address.
#[derive(Deserialize)]
struct QuoteForm {
    form_token: String,
    to: String,
}

/// Ordering: `place` is the index of a saved address, or `typed` for the one asked for last.
#[derive(Deserialize)]
struct RideForm {
    form_token: String,
    place: Option<String>,
}

impl ProgramForm for QuoteForm {
    fn form_token(&self) -> &str {
        &self.form_token
    }
}

impl ProgramForm for RideForm {
    fn form_token(&self) -> &str {
        &self.form_token
    }
}

async fn quote(
    request: HttpRequest,
    program: web::Data<Program>,
    rides: web::Data<AllRides>,
    form: Result<web::Form<QuoteForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, form) = program.visit_with(&request, form).await?;
    match Place::typed(&form.to) {
        Some(place) => rides.with(&visitor.subject, |rides| rides.typed = Some(place)),
        None => program
            .site
            .leave_notice(&visitor, "Please type a street and a number."),
    }
    Ok(see_other("/"))
}

async fn ride(
    request: HttpRequest,
    program: web::Data<Program>,
    rides: web::Data<AllRides>,
    form: Result<web::Form<RideForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, form) = program.visit_with(&request, form).await?;
    let now = program.site.clock.now();
    let notice = rides.with(&visitor.subject, |rides| {
        let place = form
            .place
            .as_deref()
            .and_then(|chosen| choose(chosen, &visitor.shared, rides))?;
        Some(format!(
            "A car takes you to {}.",
            rides.order(place, now).to.title
        ))
    });
    program.site.leave_notice(
        &visitor,
        notice.unwrap_or_else(|| "Please pick where to go.".to_owned()),
    );
    Ok(see_other("/"))
}

/// The chosen place, if it is still there: a saved address may have been taken back meanwhile.
fn choose(chosen: &str, shared: &Shared, rides: &mut Rides) -> Option<Place> {
    match chosen {
        "typed" => rides.typed.take(),
        index => shared
            .addresses
            .get(index.parse::<usize>().ok()?)
            .map(Place::saved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::chrome::samples::everything;

    #[test]
    fn only_an_address_that_is_shared_now_can_be_chosen() {
        let mut rides = Rides::default();
        assert!(choose("0", &everything(), &mut rides).is_some());
        for gone in ["0", "typed", "-1", "", "99999999999999999999"] {
            assert!(
                choose(gone, &Shared::default(), &mut rides).is_none(),
                "{gone}"
            );
        }
        rides.typed = Place::typed("Main Street 1");
        assert_eq!(
            choose("typed", &Shared::default(), &mut rides)
                .map(|p| p.line)
                .as_deref(),
            Some("Main Street 1")
        );
        assert!(
            choose("typed", &Shared::default(), &mut rides).is_none(),
            "a quote is used once"
        );
    }
}
