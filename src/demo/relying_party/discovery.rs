//! What Portico says about itself: OpenID Connect Discovery, and its own configuration document.

use std::sync::Arc;

use http::header::ACCEPT;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient as _, EndSessionUrl, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::RelyingParty;
use super::trouble::Trouble;

/// The members of the discovery document that the `openidconnect` crate does not name.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct FurtherMetadata {
    introspection_endpoint: IntrospectionUrl,
    end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

type Metadata = ProviderMetadata<
    FurtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type PorticoClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The members of `/.well-known/portico-configuration` that are used here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PorticoConfiguration {
    pub(crate) account_uri: Url,
    pub(crate) session_events_endpoint: Url,
    pub(crate) mini_programs_endpoint: Url,
    /// The script for a program's page, and its digest.
    pub(crate) bridge_uri: Url,
    pub(crate) bridge_integrity: String,
}

/// Portico as this relying party knows it.
#[derive(Debug)]
pub(super) struct Portico {
    pub(super) client: PorticoClient,
    pub(super) end_session_endpoint: EndSessionUrl,
    /// With which it signs, and how.
    pub(super) keys: CoreJsonWebKeySet,
    pub(super) signs_with: Vec<CoreJwsSigningAlgorithm>,
    /// Nothing where Portico has no configuration document of its own.
    pub(super) configuration: Option<PorticoConfiguration>,
}

impl RelyingParty {
    /// What Portico says about itself, asked for once.
    pub(super) async fn portico(&self) -> Result<Arc<Portico>, Trouble> {
        if let Some(portico) = self.portico.read().await.as_ref() {
            return Ok(Arc::clone(portico));
        }
        self.discover_anew(None).await
    }

    /// Asks again, unless somebody did since `outdated` was read.
    pub(super) async fn discover_anew(
        &self,
        outdated: Option<&Arc<Portico>>,
    ) -> Result<Arc<Portico>, Trouble> {
        let mut known = self.portico.write().await;
        match (known.as_ref(), outdated) {
            (Some(current), Some(outdated)) if Arc::ptr_eq(current, outdated) => {}
            (Some(current), _) => return Ok(Arc::clone(current)),
            (None, _) => {}
        }
        let portico = Arc::new(self.discover().await?);
        *known = Some(Arc::clone(&portico));
        Ok(portico)
    }

    async fn discover(&self) -> Result<Portico, Trouble> {
        let issuer = IssuerUrl::new(self.issuer.clone())
            .map_err(|e| Trouble::untrustworthy(e.to_string()))?;
        let metadata = Metadata::discover_async(issuer, &self.transport).await?;
        let configuration = self.own_configuration().await?;
        let further = metadata.additional_metadata().clone();
        let keys = metadata.jwks().clone();
        let signs_with = metadata.id_token_signing_alg_values_supported().clone();
        let registration = &self.registration;
        let client = CoreClient::from_provider_metadata(
            metadata,
            registration.client_id.clone(),
            Some(registration.client_secret.clone()),
        )
        .set_redirect_uri(registration.redirect_uri.clone())
        .set_introspection_url(further.introspection_endpoint);
        Ok(Portico {
            client,
            end_session_endpoint: further.end_session_endpoint,
            keys,
            signs_with,
            configuration,
        })
    }

    async fn own_configuration(&self) -> Result<Option<PorticoConfiguration>, Trouble> {
        let request =
            http::Request::get(format!("{}/.well-known/portico-configuration", self.issuer))
                .header(ACCEPT, "application/json")
                .body(Vec::new())
                .map_err(|e| Trouble::untrustworthy(e.to_string()))?;
        let answer = self.transport.call(request).await?;
        if answer.status() == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if answer.status() != http::StatusCode::OK {
            return Err(Trouble::Unreachable(format!(
                "its configuration answered {}",
                answer.status()
            )));
        }
        let configuration = serde_json::from_slice(answer.body())
            .map_err(|e| Trouble::untrustworthy(format!("its configuration: {e}")))?;
        Ok(Some(configuration))
    }
}
