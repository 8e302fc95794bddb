//! From the token of a page to its request, or to why the page leads nowhere any more.

use domain::interaction::Interaction;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, InteractionId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{PageTarget, PendingAuthorization, PendingAuthorizations, UnstoredAuthorization};
use crate::browser::Browser;
use crate::browser_response::{Stale, StalePage};
use crate::step::{self, FlowStep, MadeFor, TokenUse};

/// What was looked for, or why it leads nowhere.
type Found<T> = Result<Result<T, StalePage>, Fault>;

/// The payload of a page's token.
pub(crate) trait PageToken: Serialize + DeserializeOwned {
    /// The program whose request it is.
    fn client_id(&self) -> Option<&ClientId>;
}

impl PageToken for PageTarget {
    fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Interaction(_, client_id) => Some(client_id),
            Self::Unstored(unstored) => Some(&unstored.request.client_id),
            Self::Account => None,
        }
    }
}

impl PendingAuthorizations {
    /// A token of a page, for a browser.
    pub(crate) fn page_token(
        &self,
        token_use: TokenUse,
        browser: TokenDigest,
        payload: &impl PageToken,
    ) -> Result<String, Fault> {
        let (keys, made_for) = (self.keys.current(), MadeFor::Browser(browser));
        step::seal(&keys, self.entropy.as_ref(), token_use, made_for, payload)
    }

    /// What a page's token says, if the page was made for this browser.
    pub(crate) async fn opened<T: PageToken>(
        &self,
        token_use: TokenUse,
        token: &str,
        browser: &Browser,
    ) -> Found<T> {
        let Some(opened) = step::open::<T>(&self.keys.current(), token_use, token) else {
            return self.stale(Stale::Unreadable, None).await;
        };
        let digest = browser.pre_session_digest();
        match opened.counts_for(digest.map(MadeFor::Browser)) {
            Ok(payload) => Ok(Ok(payload)),
            Err(payload) => {
                let why = digest.map_or(Stale::NoCookie, |_| Stale::Elsewhere);
                self.stale(why, payload.client_id()).await
            }
        }
    }

    /// The request behind a page's token, if the page was made for this browser and still leads
    /// somewhere.
    pub(crate) async fn find(
        &self,
        flow_step: FlowStep,
        token: &str,
        browser: &Browser,
    ) -> Found<PendingAuthorization> {
        match self
            .opened(TokenUse::Page(flow_step), token, browser)
            .await?
        {
            Ok(PageTarget::Interaction(id, client_id)) => {
                self.interaction(id, &client_id, browser).await
            }
            Ok(PageTarget::Unstored(_) | PageTarget::Account) => {
                self.stale(Stale::Unreadable, None).await
            }
            Err(stale) => Ok(Err(stale)),
        }
    }

    /// What a sign-in page leads back to: a request, or the account pages.
    pub(crate) async fn sign_in_target(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Found<Option<PendingAuthorization>> {
        let page = TokenUse::Page(FlowStep::SignIn);
        let found = match self.opened(page, token, browser).await? {
            Ok(PageTarget::Account) => return Ok(Ok(None)),
            Ok(PageTarget::Interaction(id, client_id)) => {
                self.interaction(id, &client_id, browser).await?
            }
            Ok(PageTarget::Unstored(unstored)) => self.first_page(*unstored, browser).await?,
            Err(stale) => Err(stale),
        };
        Ok(found.map(Some))
    }

    /// A request that came with its token: from its row, if it has one by now.
    async fn first_page(
        &self,
        unstored: UnstoredAuthorization,
        browser: &Browser,
    ) -> Found<PendingAuthorization> {
        let client_id = unstored.request.client_id.clone();
        if let Some(row) = self.row(unstored.id).await? {
            return self.open(row, &client_id, browser).await;
        }
        let digest = browser.pre_session_digest();
        let Some(digest) = digest.filter(|_| self.clock.now() < unstored.until) else {
            return self.stale(Stale::TooOld, Some(&client_id)).await;
        };
        let Some(client) = self.clients.find(&client_id).await? else {
            return self.stale(Stale::Over, None).await;
        };
        Ok(Ok(PendingAuthorization {
            client,
            request: unstored.request.clone(),
            interaction: None,
            unstored: Some(unstored.interaction(digest)),
        }))
    }

    /// The interaction with this id, if it is open and belongs to this browser.
    pub(crate) async fn interaction(
        &self,
        id: InteractionId,
        client_id: &ClientId,
        browser: &Browser,
    ) -> Found<PendingAuthorization> {
        match self.row(id).await? {
            Some(row) => self.open(row, client_id, browser).await,
            // What is not there any more ran out.
            None => self.stale(Stale::TooOld, Some(client_id)).await,
        }
    }

    async fn row(&self, id: InteractionId) -> Result<Option<Interaction>, Fault> {
        self.store
            .read(move |db| store::interactions::find(db, id))
            .await
    }

    async fn open(
        &self,
        row: Interaction,
        client_id: &ClientId,
        browser: &Browser,
    ) -> Found<PendingAuthorization> {
        let stale = if Some(row.browser) != browser.pre_session_digest() {
            Some(Stale::Elsewhere)
        } else if row.is_open(self.clock.now()) {
            None
        } else {
            Some(row.consumed_at.map_or(Stale::TooOld, |_| Stale::Over))
        };
        if let Some(why) = stale {
            return self.stale(why, Some(client_id)).await;
        }
        let Some(client) = self.clients.find(&row.request.client_id).await? else {
            return self.stale(Stale::Over, None).await;
        };
        Ok(Ok(PendingAuthorization {
            client,
            request: row.request.clone(),
            interaction: Some(row),
            unstored: None,
        }))
    }

    async fn stale<T>(&self, why: Stale, client_id: Option<&ClientId>) -> Found<T> {
        let client = match client_id {
            Some(id) => self.clients.find(id).await?,
            None => None,
        };
        Ok(Err(StalePage::of(why, client)))
    }
}
