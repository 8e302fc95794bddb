//! Choosing an account (`prompt=select_account`): a browser has one session, so the choice is to go
//! on as its person or to sign in as somebody else.

use std::sync::Arc;

use domain::client::Client;
use domain::interaction::Progress;
use foundation::fault::Fault;

use crate::authorize::Authorization;
use crate::browser::{Browser, SignedIn};
use crate::browser_response::{BrowserResponse, PageOr, PageSetting};
use crate::pace::Pace;
use crate::pending_authorization::PendingAuthorizations;
use crate::sessions::Sessions;
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

/// Shows the chooser, and goes on with the choice.
#[derive(Clone)]
pub struct AccountChoice {
    authorization: Authorization,
    pending: PendingAuthorizations,
    sessions: Sessions,
    pace: Pace,
}

impl AccountChoice {
    pub(crate) fn new(
        authorization: &Authorization,
        pending: &PendingAuthorizations,
        (sessions, pace): (&Sessions, &Pace),
    ) -> Self {
        Self {
            authorization: authorization.clone(),
            pending: pending.clone(),
            sessions: sessions.clone(),
            pace: pace.clone(),
        }
    }

    /// Cancels a request from the chooser.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn cancel(&self, token: &str, browser: &Browser) -> Result<BrowserResponse, Fault> {
        match self
            .pending
            .find(FlowStep::ChooseAccount, token, browser)
            .await?
        {
            Ok(pending) => self.authorization.refuse_not_signed_in(pending).await,
            Err(stale) => Ok(BrowserResponse::stale(stale)),
        }
    }

    /// The chooser that a step token opens.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(&self, token: &str, browser: &Browser) -> Result<PageOr<ChooserView>, Fault> {
        let found = self.pending.find(FlowStep::ChooseAccount, token, browser);
        let pending = match found.await? {
            Ok(pending) => pending,
            Err(stale) => return Ok(PageOr::Response(BrowserResponse::stale(stale))),
        };
        let signed_in = self.sessions.signed_in(browser).await?;
        let Some(signed_in) = signed_in.filter(|_| pending.end().is_none()) else {
            return self
                .authorization
                .proceed(pending, browser)
                .await
                .map(PageOr::Response);
        };
        let person = Some(&signed_in.user);
        let setting = self.authorization.page_setting(&pending, person, browser);
        let setting = setting.await?;
        Ok(PageOr::Page(Box::new(ChooserView {
            setting,
            person: self.sessions.name_of(&signed_in.user).await?,
            client: pending.client,
            signed_in,
            step: token.to_owned(),
        })))
    }

    /// Goes on with the account that is signed in, or to the sign-in page for another one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn choose(
        &self,
        token: &str,
        go_on: bool,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let found = self.pending.find(FlowStep::ChooseAccount, token, browser);
        let pending = match found.await? {
            Ok(pending) => pending,
            Err(stale) => return Ok(BrowserResponse::stale(stale)),
        };
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            return self.authorization.proceed(pending, browser).await;
        };
        if !go_on {
            return self.authorization.as_other(pending, browser).await;
        }
        if let Some(wait) = self.pace.form(&signed_in) {
            return Ok(BrowserResponse::too_many(wait));
        }
        let session = signed_in.session.id;
        let noted = self.pending.note(pending, browser, |before| Progress {
            chosen: Some(session),
            ..before.clone()
        });
        match noted.await? {
            Ok(pending) => self.authorization.proceed(pending, browser).await,
            Err(stale) => Ok(BrowserResponse::stale(stale)),
        }
    }
}
