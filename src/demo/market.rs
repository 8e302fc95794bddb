//! Market: a shelf, a cart, and orders. Greets by name, texts by telephone, copes without either.

mod basket;
mod page;
mod shelf;

use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::keep::Keep;
use crate::program::{Program, ProgramForm, doors};
use crate::site::reply::see_other;
use basket::{Basket, Delivery};
use page::MarketPage;
use shelf::Good;

/// The carts and orders of Market's people.
pub(crate) type Baskets = Keep<Basket>;

/// Market's own addresses, beside every program's.
pub(crate) fn scope(program: web::Data<Program>, baskets: web::Data<Baskets>) -> actix_web::Scope {
    let scope = web::scope("")
        .app_data(program)
        .app_data(baskets)
        .route("/", web::get().to(show))
        .route("/cart/add", web::post().to(add))
        .route("/cart/remove", web::post().to(remove))
        .route("/order", web::post().to(order));
    doors(scope)
}

async fn show(
    request: HttpRequest,
    program: web::Data<Program>,
    baskets: web::Data<Baskets>,
) -> Result<HttpResponse, Error> {
    let visitor = program.visit(&request).await?;
    let chrome = program.chrome(&request, &visitor).await?;
    let basket = baskets.with(&visitor.subject, |basket| basket.clone());
    Ok(program.page(&MarketPage::new(chrome, &visitor.shared, &basket)))
}

#[derive(Deserialize)]
struct GoodForm {
    form_token: String,
    good: String,
}

#[derive(Deserialize)]
struct OrderForm {
    form_token: String,
}

impl ProgramForm for GoodForm {
    fn form_token(&self) -> &str {
        &self.form_token
    }
}

impl ProgramForm for OrderForm {
    fn form_token(&self) -> &str {
        &self.form_token
    }
}

async fn add(
    request: HttpRequest,
    program: web::Data<Program>,
    baskets: web::Data<Baskets>,
    form: Result<web::Form<GoodForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, form) = program.visit_with(&request, form).await?;
    let Some(good) = Good::called(&form.good) else {
        return Ok(program.not_found(&request));
    };
    if !baskets.with(&visitor.subject, |basket| basket.add(good)) {
        program.site.leave_notice(
            &visitor,
            format!("{} is all we have of {}.", basket::MAX_OF_ONE, good.name),
        );
    }
    Ok(see_other(&format!("/#good-{}", good.slug)))
}

async fn remove(
    request: HttpRequest,
    program: web::Data<Program>,
    baskets: web::Data<Baskets>,
    form: Result<web::Form<GoodForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, form) = program.visit_with(&request, form).await?;
    let Some(good) = Good::called(&form.good) else {
        return Ok(program.not_found(&request));
    };
    baskets.with(&visitor.subject, |basket| basket.remove(good));
    Ok(see_other("/#cart"))
}

/// Places the order: delivered where there is a telephone number to text, to be fetched otherwise.
async fn order(
    request: HttpRequest,
    program: web::Data<Program>,
    baskets: web::Data<Baskets>,
    form: Result<web::Form<OrderForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, _) = program.visit_with(&request, form).await?;
    let delivery = match visitor.shared.phone_number.clone() {
        Some(phone_number) => Delivery::Texted { phone_number },
        None => Delivery::Fetched,
    };
    let placed = baskets.with(&visitor.subject, |basket| basket.order(delivery));
    program.site.leave_notice(
        &visitor,
        match placed {
            Some(order) => format!(
                "Thank you. Order {} is placed. {}",
                order.number, order.delivery
            ),
            None => "Your cart is empty.".to_owned(),
        },
    );
    Ok(see_other("/"))
}
