//! The services, put together in one place: who is made of what, from the ground up.
//!
//! A constructor names the services that its own calls; the parts that it keeps stand in its type.

use std::sync::Arc;

use keys::key_ring::Keys;
use outbound::jwks::ClientKeys;

use crate::account::Account;
use crate::administer::Administration;
use crate::administer::signing_keys::SigningKeys;
use crate::answer_host::HostEndpoints;
use crate::answer_token_request::{GrantTable, TokenEndpoint};
use crate::answer_userinfo::Userinfo;
use crate::authenticate_client::ClientAuthentication;
use crate::authorize::Authorization;
use crate::choose_account::AccountChoice;
use crate::consent_sheet::ConsentSheets;
use crate::decide_consent::Consent;
use crate::deliver::Deliveries;
use crate::end_session::SignOut;
use crate::find_client::ClientLookup;
use crate::health::Health;
use crate::host_token::HostTokens;
use crate::introspect::Introspection;
use crate::issue::Issuance;
use crate::memory::Memory;
use crate::pace::Pace;
use crate::parts::Parts;
use crate::passwords::Passwords;
use crate::pending_authorization::PendingAuthorizations;
use crate::refresh_keys::KeyRefresh;
use crate::renew_history::LogHistory;
use crate::resources::Resources;
use crate::revoke::Revocation;
use crate::sessions::Sessions;
use crate::sign_in::SignIn;
use crate::subject::PairwiseSubjects;
use crate::throttle::SignInThrottle;
use crate::upkeep::Upkeep;
use crate::verify_access_token::AccessTokenVerifier;
use crate::verify_proof::ProofVerifier;
use crate::watch_session::SessionWatching;
use crate::web_ticket::WebTickets;

/// Everything that can be asked of Portico, by whom it is asked. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The token endpoint.
    pub token_endpoint: TokenEndpoint,
    /// The introspection endpoint.
    pub introspection: Introspection,
    /// The revocation endpoint.
    pub revocation: Revocation,
    /// The UserInfo endpoint.
    pub userinfo: Userinfo,
    /// What happens to sessions, as it happens.
    pub session_watching: SessionWatching,
    /// What hosts ask besides launching.
    pub host_endpoints: HostEndpoints,
    /// The authorization endpoint.
    pub authorization: Authorization,
    /// The sign-in page.
    pub sign_in: SignIn,
    /// The account chooser.
    pub account_choice: AccountChoice,
    /// The consent pages.
    pub consent: Consent,
    /// The consent sheets of hosts.
    pub consent_sheets: ConsentSheets,
    /// The endpoint of web tickets.
    pub web_tickets: WebTickets,
    /// The logout endpoint and the sign-out page.
    pub sign_out: SignOut,
    /// Who is signed in.
    pub sessions: Sessions,
    /// The account pages.
    pub account: Account,
    /// What an operator does.
    pub administration: Administration,
    /// The life of signing keys.
    pub signing_keys: SigningKeys,
    /// Nonces for proofs of possession.
    pub proofs: ProofVerifier,
    /// Reading keys and secrets again.
    pub key_refresh: KeyRefresh,
    /// Beginning the log anew where it went back.
    pub log_history: LogHistory,
    /// The keys as of now.
    pub keys: Arc<Keys>,
    /// Clients, and the origins of hosts.
    pub clients: ClientLookup,
    /// Telling clients what they must hear.
    pub deliveries: Deliveries,
    /// What the clock alone decides.
    pub upkeep: Upkeep,
    /// Whether this node can serve.
    pub health: Health,
}

impl Services {
    /// All services, from their parts, with these grants.
    pub fn new(parts: &Parts, grants: GrantTable) -> Self {
        let memory = Memory::new(parts);
        let clients = ClientLookup::new(parts, &memory);
        let subjects = PairwiseSubjects::new(parts);
        let resources = Resources::new(parts);
        let sessions = Sessions::new(parts, &memory);
        let passwords = Passwords::new(parts);
        let throttle = SignInThrottle::new(parts);
        let pace = Pace::new(parts);
        let key_refresh = KeyRefresh::new(parts, &memory);
        let log_history = LogHistory::new(parts);
        let verifier = AccessTokenVerifier::new(parts, &memory, &key_refresh, &log_history);
        let hosts = HostTokens::new(parts, &verifier, &clients);
        let client_keys = ClientKeys::new(Arc::clone(&parts.fetch), Arc::clone(&parts.clock));
        let authentication =
            ClientAuthentication::new(parts, &memory, &clients, Arc::new(client_keys));
        let issuance = Issuance::new(parts, &subjects);
        let proofs = ProofVerifier::new(parts);
        let pending = PendingAuthorizations::new(parts, &clients);
        let authorization =
            Authorization::new(parts, &memory, (&clients, &resources), (&pending, &pace));
        let administration = Administration::new(parts, &memory, &passwords, grants);
        Self {
            token_endpoint: TokenEndpoint::new(
                parts,
                &memory,
                (&authentication, &proofs),
                (&issuance, &resources),
                (grants, &hosts),
                &clients,
            ),
            introspection: Introspection::new(parts, &authentication, &verifier, &subjects),
            revocation: Revocation::new(parts, &memory, &authentication, &verifier),
            userinfo: Userinfo::new(parts, (&verifier, &proofs), &clients, &subjects),
            session_watching: SessionWatching::new(
                parts,
                &memory,
                (&verifier, &proofs),
                (&clients, &subjects),
            ),
            host_endpoints: HostEndpoints::new(parts, (&hosts, &proofs), (&clients, &sessions)),
            sign_in: SignIn::new(
                parts,
                &memory,
                (&authorization, &pending, &sessions),
                (&passwords, &throttle, &pace),
            ),
            account_choice: AccountChoice::new(&authorization, &pending, (&sessions, &pace)),
            consent: Consent::new(parts, &authorization, &pending, (&sessions, &pace)),
            consent_sheets: ConsentSheets::new(parts, &memory, (&clients, &pace)),
            web_tickets: WebTickets::new(parts, &clients),
            sign_out: SignOut::new(parts, &clients, &sessions),
            account: Account::new(
                parts,
                &memory,
                (&clients, &sessions),
                (&passwords, &throttle, &pace),
            ),
            signing_keys: SigningKeys::new(parts, &administration),
            deliveries: Deliveries::new(parts, &clients, &subjects),
            upkeep: Upkeep::new(parts),
            health: Health::new(parts, &memory),
            keys: Arc::clone(&parts.keys),
            authorization,
            sessions,
            administration,
            proofs,
            key_refresh,
            log_history,
            clients,
        }
    }
}
