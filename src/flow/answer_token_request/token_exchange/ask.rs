//! A launch that a person has to be asked about first: it is refused with a consent sheet, which the host
//! shows before it asks again.

use domain::client::Client;
use domain::consent_sheet::{ConsentSheet, SheetRequest};
use domain::interaction::Progress;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{InteractionId, SessionId};
use foundation::secret::{SecretKind, SecretText};
use protocol::discovery::Endpoints;
use protocol::oauth_error::{OAuthError, consent_required};
use protocol::token_exchange::InteractionMode;
use protocol::web_uri::origin_of;

/// Made before the transaction, so that nothing inside it asks for randomness.
pub(super) struct SheetIds {
    id: InteractionId,
    secret: SecretText,
    digest: TokenDigest,
}

impl SheetIds {
    pub(super) fn new(now: Instant, entropy: &dyn Entropy) -> Self {
        let (secret, digest) = SecretKind::ConsentSheet.issue(entropy);
        Self {
            id: InteractionId::new(now, entropy),
            secret,
            digest,
        }
    }
}

/// What a person has to be asked, by whom, and where.
pub(super) struct NewSheet<'a> {
    pub(super) issuer: &'a str,
    pub(super) host: &'a Client,
    pub(super) session: SessionId,
    pub(super) program: &'a Client,
    pub(super) request: SheetRequest,
}

impl NewSheet<'_> {
    /// Refuses a launch with this sheet, in the transaction that holds the session: what ends that ends the
    /// sheet.
    pub(super) fn refuse(
        self,
        tx: &mut store::Transaction<'_>,
        drawn: SheetIds,
        now: Instant,
    ) -> Result<OAuthError, Fault> {
        let refusal = consent_required("the person has not decided about this yet");
        if let Err(cause) = self.is_heard() {
            return Ok(refusal.because(cause));
        }
        let sheet = ConsentSheet {
            id: drawn.id,
            digest: drawn.digest,
            session: self.session,
            host: self.host.id.clone(),
            program: self.program.id.clone(),
            request: self.request,
            progress: Progress::default(),
            created_at: now,
            opened_at: None,
            expires_at: now + ConsentSheet::TO_OPEN,
            ended: None,
        };
        store::consent_sheets::insert(tx, &sheet)?;
        let endpoint = Endpoints::of(self.issuer).interaction;
        let address = format!("{endpoint}?sheet={}", drawn.secret.expose());
        let seconds = ConsentSheet::TO_OPEN.as_seconds();
        Ok(refusal
            .with("interaction", drawn.id.to_string())
            .with("interaction_uri", address)
            .with("interaction_expires_in", seconds))
    }

    /// Whether the host can hear what comes of it.
    fn is_heard(&self) -> Result<(), &'static str> {
        let uri = self.host.metadata.interaction_return_uri.as_deref();
        let uri = uri.ok_or("the host registered no interaction_return_uri")?;
        match self.request.mode {
            InteractionMode::WebMessage if origin_of(uri).is_none() => {
                Err("the interaction_return_uri has no origin that a page could tell")
            }
            InteractionMode::Redirect | InteractionMode::WebMessage => Ok(()),
        }
    }
}
