//! Bank: a balance, cards and a small transfer. Shows money only to people whose identity was
//! checked, by Portico's word at this moment.

mod account;
mod page;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::facts::LOGOUT_TOKENS_AT;
use crate::keep::Keep;
use crate::program::{Program, ProgramForm, doors, take_logout_token};
use crate::relying_party::Shared;
use crate::site::reply::see_other;
use account::{Account, Movement};
use page::{BankPage, Refused};

/// The accounts of Bank's people.
pub(crate) type Accounts = Keep<Account>;

/// Bank's own addresses, beside every program's.
pub(crate) fn scope(
    program: web::Data<Program>,
    accounts: web::Data<Accounts>,
) -> actix_web::Scope {
    let scope = web::scope("")
        .app_data(program)
        .app_data(accounts)
        .route("/", web::get().to(show))
        .route("/transfer", web::post().to(transfer))
        .route(LOGOUT_TOKENS_AT, web::post().to(take_logout_token));
    doors(scope)
}

async fn show(
    request: HttpRequest,
    program: web::Data<Program>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Error> {
    let visitor = program.visit(&request).await?;
    let chrome = program.chrome(&request, &visitor).await?;
    let account = accounts.with(&visitor.subject, |account| account.clone());
    Ok(program.page(&BankPage::new(chrome, &visitor.shared, &account)))
}

#[derive(Deserialize)]
struct TransferForm {
    form_token: String,
    to: String,
    amount: String,
}

impl ProgramForm for TransferForm {
    fn form_token(&self) -> &str {
        &self.form_token
    }
}

async fn transfer(
    request: HttpRequest,
    program: web::Data<Program>,
    accounts: web::Data<Accounts>,
    form: Result<web::Form<TransferForm>, Error>,
) -> Result<HttpResponse, Error> {
    let (visitor, form) = program.visit_with(&request, form).await?;
    if !may_see_money(&visitor.shared) {
        let notice = "Nothing was sent: your identity has to be checked first.".to_owned();
        program.site.leave_notice(&visitor, notice);
        return Ok(see_other("/"));
    }
    let (sent, account) = accounts.with(&visitor.subject, |account| {
        (account.transfer(&form.to, &form.amount), account.clone())
    });
    let refusal = match sent {
        Ok(Movement { amount, title, .. }) => {
            let notice = format!("{amount} is on its way to {title}.");
            program.site.leave_notice(&visitor, notice);
            return Ok(see_other("/"));
        }
        Err(refusal) => refusal,
    };
    let chrome = program.chrome(&request, &visitor).await?;
    let refused = Refused {
        to: form.to,
        amount: form.amount,
        refusal,
    };
    let page = BankPage::new(chrome, &visitor.shared, &account).after(refused);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(program.site.policy.page(status, &page))
}

/// Whether the person's identity was checked, and Bank may know it.
fn may_see_money(shared: &Shared) -> bool {
    shared
        .kyc
        .as_ref()
        .is_some_and(crate::claims::Kyc::is_verified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::chrome::samples::everything;

    #[test]
    fn money_needs_a_finished_identity_check() {
        let mut shared = everything();
        assert!(may_see_money(&shared));
        shared.kyc = shared.kyc.map(|kyc| crate::claims::Kyc {
            status: "pending".to_owned(),
            ..kyc
        });
        assert!(!may_see_money(&shared));
        shared.kyc = None;
        assert!(!may_see_money(&shared));
    }
}
