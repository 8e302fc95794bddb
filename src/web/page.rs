//! Pages as values: one struct per page that holds everything it shows, ready, and renders it.
//!
//! Owns the shape of what the templates read (`templates/*.html`), and the words that they choose.
//! Owns no request, no reply and no I/O: handlers fill these structs and send what
//! [`askama::Template::render`] gives. Every page has samples, and a test renders and checks each.

pub mod account;
pub mod assets;
pub mod choose_account;
pub mod chrome;
pub mod consent;
pub mod device;
pub mod error;
pub mod form_post;
pub mod history;
pub mod language;
pub mod link;
pub mod makers;
pub mod password;
pub mod program;
pub mod sensitive_scope;
pub mod sessions;
pub mod share;
pub mod sign_in;
pub mod sign_out;
pub mod signed_out;
pub mod web_message;

macro_rules! pages {
    ($($page:path),+ $(,)?) => {$(
        impl chrome::PageTemplate for $page {
            fn chrome(&self) -> &chrome::Chrome {
                &self.chrome
            }
        }
    )+};
}

pages! {
    account::AccountPage,
    choose_account::ChooseAccountPage,
    consent::ConsentPage,
    error::ErrorPage,
    form_post::FormPostPage,
    history::HistoryPage,
    language::LanguagePage,
    password::PasswordPage,
    sensitive_scope::SensitiveScopePage,
    sessions::SessionsPage,
    sign_in::SignInPage,
    sign_out::SignOutPage,
    signed_out::SignedOutPage,
    web_message::WebMessagePage,
}

#[cfg(test)]
mod html;
#[cfg(test)]
mod samples;
