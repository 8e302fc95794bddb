//! A request on its way: reading it back from its row, and what is known about the person in front
//! of the browser.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::Refusal;
use domain::grant::Grant;
use domain::interaction::{Interaction, Progress};
use foundation::fault::Fault;
use foundation::id::{InteractionId, Subject, UserId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;

use crate::Flows;
use crate::browser::{Browser, SignedIn, signed_in};
use crate::step::{self, Hop, SignInTarget};

/// A request on its way: who asks for what, and the pages it has been on.
pub(crate) struct Underway {
    pub(crate) client: Arc<Client>,
    pub(crate) request: AuthorizationRequest,
    pub(crate) interaction: Option<Interaction>,
}

impl Underway {
    pub(crate) fn progress(&self) -> Progress {
        self.interaction
            .as_ref()
            .map(|i| i.progress.clone())
            .unwrap_or_default()
    }
}

/// What is known about the person in front of the browser.
pub(crate) struct Known {
    pub(crate) signed_in: Option<SignedIn>,
    pub(crate) grant: Option<Grant>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) hinted: Option<UserId>,
}

impl Flows {
    /// Reads who is signed in and what they agreed to, in one go.
    pub(crate) async fn known(
        &self,
        underway: &Underway,
        browser: &Browser,
    ) -> Result<Result<Known, AuthorizationRefusal>, Fault> {
        let (cookie, now) = (browser.session_digest(), self.now());
        let client_id = underway.client.id.clone();
        let hint = match self.hinted_subject(underway) {
            Ok(hint) => hint,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let sector = underway.client.sector().key();
        let known = self.store().read(move |db| {
            let signed_in = signed_in(db, cookie, now)?;
            let hinted = match &hint {
                Some(subject) => store::subjects::find_user(db, &sector, subject)?,
                None => None,
            };
            let (grant, refusals) = match &signed_in {
                Some(s) => (
                    store::grants::live(db, s.user.id, &client_id)?,
                    store::refusals::of(db, s.user.id, &client_id)?,
                ),
                None => (None, Vec::new()),
            };
            Ok((
                hint.is_some() && hinted.is_none(),
                Known {
                    signed_in,
                    grant,
                    refusals,
                    hinted,
                },
            ))
        });
        let (stranger, known) = known.await?;
        if stranger {
            return Ok(Err(bad_hint()));
        }
        Ok(Ok(known))
    }

    /// The subject that `id_token_hint` names. "the ID Token … is passed as a hint"; an expired
    /// one is accepted, one that we did not sign for this client is not.
    fn hinted_subject(&self, underway: &Underway) -> Result<Option<Subject>, AuthorizationRefusal> {
        let Some(hint) = &underway.request.id_token_hint else {
            return Ok(None);
        };
        let claims = crate::end_session::read_hint(&self.keys(), &self.policy().issuer, hint)
            .ok_or_else(bad_hint)?;
        if claims.client_id != underway.client.id {
            return Err(bad_hint());
        }
        Ok(Some(claims.subject))
    }

    /// The request behind a page's token, if the page was made for this browser, is not too old
    /// and was not answered yet.
    pub(crate) async fn underway(
        &self,
        hop: Hop,
        token: &str,
        browser: &Browser,
    ) -> Result<Option<Underway>, Fault> {
        let Some(digest) = browser.pre_session_digest() else {
            return Ok(None);
        };
        match step::read_for_browser(&self.keys(), hop, digest, token) {
            Some(SignInTarget::Interaction(id)) => self.interaction(id, browser).await,
            Some(SignInTarget::Account) | None => Ok(None),
        }
    }

    /// The open interaction with this id, if it belongs to this browser.
    pub(crate) async fn interaction(
        &self,
        id: InteractionId,
        browser: &Browser,
    ) -> Result<Option<Underway>, Fault> {
        let found = self
            .store()
            .read(move |db| store::interactions::find(db, id))
            .await?;
        let now = self.now();
        let digest = browser.pre_session_digest();
        let Some(interaction) = found
            .filter(|i| i.consumed_at.is_none() && now < i.expires_at && Some(i.browser) == digest)
        else {
            return Ok(None);
        };
        let Some(client) = self.find_client(&interaction.request.client_id).await? else {
            return Ok(None);
        };
        Ok(Some(Underway {
            client,
            request: interaction.request.clone(),
            interaction: Some(interaction),
        }))
    }
}

fn bad_hint() -> AuthorizationRefusal {
    AuthorizationRefusal::new(
        AuthorizationErrorCode::InvalidRequest,
        "id_token_hint is not ours for this client",
    )
}
