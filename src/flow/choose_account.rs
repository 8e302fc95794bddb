//! Choosing an account (`prompt=select_account`): a browser has one session, so the choice is to go
//! on as its person or to sign in as somebody else.

use std::sync::Arc;

use domain::client::Client;
use domain::interaction::Progress;
use foundation::fault::Fault;

use crate::Flows;
use crate::authorize::{BrowserResponse, PageSetting, ShownError};
use crate::browser::{Browser, SignedIn};
use crate::decide_consent::PageOr;
use crate::sign_in::not_signed_in;
use crate::step::FlowStep;

/// What the chooser shows.
#[derive(Debug)]
pub struct ChooserView {
    /// The program that it leads to.
    pub client: Arc<Client>,
    /// The account to go on with.
    pub signed_in: SignedIn,
    /// What that person is called.
    pub person: String,
    /// The token of the form.
    pub step: String,
    /// How it is framed and worded.
    pub setting: PageSetting,
}

impl Flows {
    /// Cancels a request from the chooser.
    pub async fn cancel_choice(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        match self
            .pending_authorization(FlowStep::ChooseAccount, token, browser)
            .await?
        {
            Some(pending) => self.refuse(pending, not_signed_in()).await,
            None => Ok(BrowserResponse::shown(ShownError::StepExpired)),
        }
    }

    /// The chooser that a step token opens.
    pub async fn chooser_page(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<PageOr<ChooserView>, Fault> {
        let Some(pending) = self
            .pending_authorization(FlowStep::ChooseAccount, token, browser)
            .await?
        else {
            return Ok(PageOr::Response(BrowserResponse::shown(
                ShownError::StepExpired,
            )));
        };
        let Some(signed_in) = self.signed_in(browser).await? else {
            return self.proceed(pending, browser).await.map(PageOr::Response);
        };
        Ok(PageOr::Page(Box::new(ChooserView {
            setting: self.page_setting(&pending).await?,
            person: self.name_of(&signed_in.user).await?,
            client: pending.client,
            signed_in,
            step: token.to_owned(),
        })))
    }

    /// Goes on with the account that is signed in, or to the sign-in page for another one.
    pub async fn choose_account(
        &self,
        token: &str,
        go_on: bool,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let pending = self
            .pending_authorization(FlowStep::ChooseAccount, token, browser)
            .await?;
        let (Some(mut pending), Some(signed_in)) = (pending, self.signed_in(browser).await?) else {
            return Ok(BrowserResponse::shown(ShownError::StepExpired));
        };
        if !go_on {
            return self.to_page(pending, browser, FlowStep::SignIn, true).await;
        }
        let before = pending.progress();
        let after = Progress {
            chosen: Some(signed_in.session.id),
            ..before.clone()
        };
        if !self.save_progress(&mut pending, before, after).await? {
            return Ok(BrowserResponse::shown(ShownError::StepExpired));
        }
        self.proceed(pending, browser).await
    }
}
