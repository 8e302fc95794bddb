//! The `openidconnect` crate as a stranger: a relying party that knows the issuer's address and its
//! own registration, over https with an authority that it trusts. What it takes for granted of a
//! provider (it refuses plain http for revocation, verifies every id_token, compares `nonce` and
//! `at_hash`) is what is tried here; what an answer says in detail is tried beside this file.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGrantType, CoreIdTokenClaims, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AsyncHttpClient, AuthType,
    AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IntrospectionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadata, RedirectUrl,
    RefreshToken, RequestTokenError, RevocationUrl, Scope, TokenIntrospectionResponse as _,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::person::Person;
use crate::world::program::{Program, Proof};
use crate::world::reply::{Delivered, Reply};
use crate::world::{World, in_both_worlds};

/// The members of the discovery document that the crate leaves to its users.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Further {
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
    end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for Further {}

type Metadata = ProviderMetadata<
    Further,
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

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointSet,
    EndpointSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A registered client that leaves everything to the crate.
struct RelyingParty<'w> {
    world: &'w World,
    http: Https,
    client: Client,
    end_session_endpoint: EndSessionUrl,
}

/// What it remembers between its request and the answer.
struct RequestedClaims {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl<'w> RelyingParty<'w> {
    /// Finds everything by discovery, keys included.
    fn new(world: &'w World, registered: &Program) -> Self {
        let issuer = IssuerUrl::new(world.issuer().to_owned()).expect("an address");
        let http = Https(world.http_client());
        let metadata = world.wait(Metadata::discover_async(issuer, &http));
        let metadata = metadata.expect("it is discovered");
        let further = metadata.additional_metadata().clone();
        let secret = match registered.proof {
            Proof::None => None,
            _ => Some(ClientSecret::new(registered.secret.clone())),
        };
        let id = ClientId::new(registered.id.clone());
        let redirect_uri = RedirectUrl::new(registered.redirect_uri.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, secret)
            .set_auth_type(match registered.proof {
                Proof::Basic => AuthType::BasicAuth,
                _ => AuthType::RequestBody,
            })
            .set_redirect_uri(redirect_uri.expect("an address"))
            .set_introspection_url(further.introspection_endpoint)
            .set_revocation_url(further.revocation_endpoint);
        Self {
            world,
            http,
            client,
            end_session_endpoint: further.end_session_endpoint,
        }
    }

    /// Its authorization request.
    fn asks(&self, scopes: &[&str]) -> (String, RequestedClaims) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = self
            .client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let path = self.world.own_path(url.as_str()).expect("it is Portico's");
        let asked = RequestedClaims {
            state,
            nonce,
            verifier,
        };
        (path.to_owned(), asked)
    }

    /// Sends a person through its request, who signs in where they are asked and allows everything.
    fn is_opened_by(&self, person: &Person, scopes: &[&str]) -> Told {
        let (request, asked) = self.asks(scopes);
        let delivered = goes_through(person, &request);
        assert_eq!(delivered.get("state"), asked.state.secret());
        let code = AuthorizationCode::new(delivered.get("code").to_owned());
        let exchange = self.client.exchange_code(code).expect("it has an endpoint");
        let exchange = exchange.set_pkce_verifier(asked.verifier);
        let answer = self.world.wait(exchange.request_async(&self.http));
        let answer = answer.expect("tokens");
        let claims = self.verifies(&answer, &asked.nonce);
        Told {
            claims: claims.expect("a good id_token"),
            nonce: asked.nonce,
            answer,
        }
    }

    /// The claims of the answer's id_token, as the crate verifies them, `at_hash` included.
    fn verifies(
        &self,
        answer: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let id_token = answer.id_token().expect("an id_token");
        let seconds = u64::try_from(self.world.now().seconds()).expect("after 1970");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let verifier = self.client.id_token_verifier();
        let verifier = verifier.set_time_fn(move || now.into());
        let claims = id_token.claims(&verifier, nonce)?;
        let hash = AccessTokenHash::from_token(
            answer.access_token(),
            id_token.signing_alg().expect("an algorithm"),
            id_token.signing_key(&verifier).expect("a known key"),
        );
        assert_eq!(claims.access_token_hash(), hash.ok().as_ref());
        Ok(claims.clone())
    }

    fn userinfo(&self, told: &Told) -> CoreUserInfoClaims {
        let access_token = told.answer.access_token().clone();
        let subject = Some(told.claims.subject().clone());
        let request = self.client.user_info(access_token, subject);
        let request = request.expect("it has an endpoint");
        self.world
            .wait(request.request_async(&self.http))
            .expect("claims")
    }

    fn refreshes(&self, token: &RefreshToken) -> Result<CoreTokenResponse, CoreErrorResponseType> {
        let request = self.client.exchange_refresh_token(token);
        let request = request.expect("it has an endpoint");
        match self.world.wait(request.request_async(&self.http)) {
            Ok(answer) => Ok(answer),
            Err(RequestTokenError::ServerResponse(refused)) => Err(refused.error().clone()),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The scopes of an active token.
    fn introspects(&self, token: &AccessToken) -> Option<Vec<String>> {
        let request = self.client.introspect(token);
        let answer = self.world.wait(request.request_async(&self.http));
        let answer = answer.expect("an answer");
        let scopes = answer.scopes().into_iter().flatten();
        answer
            .active()
            .then(|| scopes.map(|scope| scope.to_string()).collect())
    }

    fn revokes(&self, token: CoreRevocableToken) {
        let request = self.client.revoke_token(token).expect("an https endpoint");
        self.world
            .wait(request.request_async(&self.http))
            .expect("done");
    }

    /// Sends the person to sign out, who agrees where they are asked.
    fn signs_out(&self, person: &Person, told: &Told, back: &str) -> Reply {
        let id_token = told.answer.id_token().expect("an id_token");
        let back = PostLogoutRedirectUrl::new(back.to_owned()).expect("an address");
        let url = LogoutRequest::from(self.end_session_endpoint.clone())
            .set_id_token_hint(id_token)
            .set_post_logout_redirect_uri(back)
            .set_state(CsrfToken::new("a-state".to_owned()))
            .http_get_url();
        let path = self.world.own_path(url.as_str()).expect("it is Portico's");
        let page = person.browser.get(path);
        match page.status {
            200 => person.browser.presses(&page, "logout", &[]),
            _ => page,
        }
    }
}

/// What came of one authorization.
struct Told {
    answer: CoreTokenResponse,
    claims: CoreIdTokenClaims,
    nonce: Nonce,
}

impl Told {
    fn refresh_token(&self) -> &RefreshToken {
        self.answer.refresh_token().expect("a refresh token")
    }
}

/// From the request to the program, over as many pages as there are.
fn goes_through(person: &Person, request: &str) -> Delivered {
    let mut page = person.browser.get(request);
    if page.path == "/sign-in" {
        page = person.types_password(&page, &person.username, &person.password);
    }
    if page.path == "/consent" && page.location().is_none() {
        page = person.browser.presses(&page, "allow", &[]);
    }
    page.delivered()
        .unwrap_or_else(|| panic!("{}", page.words()))
}

/// The crate's requests over the world's client.
struct Https(reqwest::Client);

impl Https {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        let answer = self.0.execute(request.try_into()?).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut read = HttpResponse::new(answer.bytes().await?.to_vec());
        (*read.status_mut(), *read.headers_mut()) = (status, headers);
        Ok(read)
    }
}

impl<'c> AsyncHttpClient<'c> for Https {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// A client of each kind that the crate can be.
fn of_each_kind(w: &World) -> Vec<Program> {
    [
        json!({}),
        json!({ "token_endpoint_auth_method": "client_secret_post",
                "id_token_signed_response_alg": "ES256" }),
        json!({ "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "PS256" }),
    ]
    .into_iter()
    .map(|more: Value| w.client(more))
    .collect()
}

in_both_worlds! { over tls:
    fn it_signs_somebody_in_and_reads_who_it_is(w: &World) {
        let ada = w.person("ada");
        for registered in of_each_kind(w) {
            let shop = RelyingParty::new(w, &registered);
            let told = shop.is_opened_by(&ada, &["profile"]);
            let scopes = told.answer.scopes().expect("they are said");
            assert_eq!(scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>(), ["openid", "profile"]);
            let about = shop.userinfo(&told);
            assert_eq!(about.subject(), told.claims.subject());
            let name = about.name().and_then(|name| name.get(None)).expect("a name");
            assert_eq!(name.as_str(), "ada of Harbour Street");
            assert!(!told.claims.subject().as_str().contains("ada"));
            let again = shop.is_opened_by(&ada, &["profile"]);
            assert_eq!(again.claims.subject(), told.claims.subject());
        }
    }

    fn it_refreshes_introspects_and_revokes(w: &World) {
        let ada = w.person("ada");
        for registered in of_each_kind(w) {
            let shop = RelyingParty::new(w, &registered);
            let told = shop.is_opened_by(&ada, &["profile"]);
            let may_ask = !matches!(registered.proof, Proof::None);
            let active = |token: &AccessToken| !may_ask || shop.introspects(token).is_some();
            let dead = |token: &AccessToken| !may_ask || shop.introspects(token).is_none();
            assert!(active(told.answer.access_token()));
            let renewed = shop.refreshes(told.refresh_token()).expect("it stands");
            let refresh_token = renewed.refresh_token().unwrap_or(told.refresh_token()).clone();
            assert_ne!(renewed.access_token().secret(), told.answer.access_token().secret());
            if may_ask {
                let scopes = shop.introspects(renewed.access_token()).expect("active");
                assert_eq!(scopes, ["openid", "profile"]);
            }
            shop.revokes(renewed.access_token().clone().into());
            assert!(dead(renewed.access_token()) && active(told.answer.access_token()));
            let third = shop.refreshes(&refresh_token).expect("only that one token was revoked");
            let refresh_token = third.refresh_token().unwrap_or(&refresh_token).clone();
            shop.revokes(refresh_token.clone().into());
            assert!(dead(third.access_token()) && dead(told.answer.access_token()));
            let refused = shop.refreshes(&refresh_token).expect_err("the family has ended");
            assert_eq!(refused, CoreErrorResponseType::InvalidGrant);
        }
    }

    fn it_signs_somebody_out(w: &World) {
        let (ada, back) = (w.person("ada"), "https://shop.example/bye");
        for registered in of_each_kind(w) {
            let shop = RelyingParty::new(w, &registered);
            let told = shop.is_opened_by(&ada, &["profile"]);
            let left = shop.signs_out(&ada, &told, back);
            assert_eq!(left.location(), Some(format!("{back}?state=a-state").as_str()));
            let refused = shop.refreshes(told.refresh_token()).expect_err("the session has ended");
            assert_eq!(refused, CoreErrorResponseType::InvalidGrant);
            let (request, _) = shop.asks(&["profile"]);
            assert_eq!(ada.browser.get(&request).path, "/sign-in");
        }
    }

    /// A code or an id_token that came in answer to somebody else's request is worth nothing.
    fn it_believes_no_answer_to_another_request(w: &World) {
        let (ada, registered) = (w.person("ada"), of_each_kind(w));
        let (shop, other) = (RelyingParty::new(w, &registered[0]), RelyingParty::new(w, &registered[1]));
        let (request, _) = shop.asks(&["profile"]);
        let (_, asked) = shop.asks(&["profile"]);
        let code = AuthorizationCode::new(goes_through(&ada, &request).get("code").to_owned());
        let exchange = shop.client.exchange_code(code).expect("it has an endpoint");
        let exchange = exchange.set_pkce_verifier(asked.verifier);
        let refused = w.wait(exchange.request_async(&shop.http)).expect_err("another verifier");
        assert!(matches!(refused, RequestTokenError::ServerResponse(said)
            if *said.error() == CoreErrorResponseType::InvalidGrant));
        let told = shop.is_opened_by(&ada, &["profile"]);
        assert!(shop.verifies(&told.answer, &told.nonce).is_ok());
        assert!(shop.verifies(&told.answer, &asked.nonce).is_err(), "another request's");
        assert!(other.verifies(&told.answer, &told.nonce).is_err(), "another client's");
    }
}
