//! Puts the demonstration together: five websites on one port, told apart by `Host`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{guard, web};
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use openidconnect::{ClientId, ClientSecret, PostLogoutRedirectUrl, RedirectUrl};
use url::Url;

use crate::addresses::{NOVA_HOST, origin, program_host};
use crate::facts::{BANK, LIDO, MARKET, ProgramFacts, TAXI};
use crate::keep::Keep;
use crate::lido::{self, Lido};
use crate::nova::{self, Nova};
use crate::operator::Operator;
use crate::program::{Program, follow};
use crate::relying_party::{Registration, RelyingParty};
use crate::scenes::{Party, Scenes};
use crate::settings::{DemoClient, DemoClients, DemoError, DemoSettings};
use crate::site::Site;
use crate::site::cookie::CookieKind;
use crate::site::reply::{Neighbours, PagePolicy};
use crate::site::sessions::Sessions;
use crate::transport::Transport;
use crate::{bank, market, taxi};

/// The longest form that is read, in bytes.
const LONGEST_FORM: usize = 4 * 1024;

/// What all websites share.
pub(crate) struct Common {
    pub(crate) issuer: Url,
    /// Where the issuer's host is reached.
    pub(crate) portico: SocketAddr,
    pub(crate) scenes: Arc<Scenes>,
    pub(crate) port: u16,
    pub(crate) one_site: bool,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

/// The routes of Nova, Market, Taxi, Bank and Lido, each behind a guard on its host. Register them
/// before Portico's own, which have no guard. The programs' memory is made here, once; clones of
/// the answer share it, so that every worker may be configured with one.
///
/// # Errors
/// A setting that a program cannot work with.
pub fn routes(
    settings: &DemoSettings,
    clock: SharedClock,
    entropy: SharedEntropy,
    operator: Arc<dyn Operator>,
) -> Result<impl Fn(&mut web::ServiceConfig) + Clone + Send + Sync + 'static + use<>, DemoError> {
    let (port, one_site) = (settings.port, settings.one_site);
    let common = Common {
        issuer: settings.portico_issuer.clone(),
        portico: settings.portico_address,
        scenes: Arc::new(Scenes::new(Arc::clone(&clock))),
        port,
        one_site,
        clock,
        entropy,
    };
    let clients = &settings.clients;
    let nova = shared(nova_with(&common, clients, operator)?);
    let market = shared(program_with(&common, &MARKET, &clients.market)?);
    let taxi = shared(program_with(&common, &TAXI, &clients.taxi)?);
    let bank = shared(program_with(&common, &BANK, &clients.bank)?);
    let lido = shared(lido_with(&common, &clients.lido));
    let (baskets, rides, accounts) = (
        shared(Keep::new()),
        shared(Keep::new()),
        shared(Keep::new()),
    );
    let following = Arc::new(AtomicBool::new(false));
    Ok(move |config: &mut web::ServiceConfig| {
        // Workers are configured one by one, each in its own runtime; the first one listens for all.
        if !following.swap(true, Ordering::Relaxed) {
            actix_web::rt::spawn(follow(taxi.clone()));
        }
        let at = |host: &str, scope: actix_web::Scope| {
            scope
                .guard(guard::Host(host))
                .app_data(web::FormConfig::default().limit(LONGEST_FORM))
        };
        let at_program =
            |facts: &ProgramFacts, scope| at(&program_host(facts.slug, one_site), scope);
        config
            .service(at(NOVA_HOST, nova::scope(nova.clone())))
            .service(at_program(
                &MARKET,
                market::scope(market.clone(), baskets.clone()),
            ))
            .service(at_program(&TAXI, taxi::scope(taxi.clone(), rides.clone())))
            .service(at_program(
                &BANK,
                bank::scope(bank.clone(), accounts.clone()),
            ))
            .service(at_program(&LIDO, lido::scope(lido.clone())));
    })
}

fn shared<T>(value: T) -> web::Data<T> {
    web::Data::from(Arc::new(value))
}

fn nova_with(
    common: &Common,
    clients: &DemoClients,
    operator: Arc<dyn Operator>,
) -> Result<Nova, DemoError> {
    let at = origin(NOVA_HOST, common.port);
    let portico = common.issuer.origin().ascii_serialization();
    // What pages around programs show besides is known when they are made.
    let neighbours = Nova::neighbours(&portico);
    let scopes = vec!["profile", "portico:launch"];
    let registration = registration(&clients.nova, &at, "/", scopes)?;
    let party = Party {
        slug: "nova",
        name: "Nova",
        client_id: clients.nova.client_id.clone(),
        is_host: true,
    };
    let kind = CookieKind::FirstParty;
    let site = site(common, party, registration, kind, &neighbours)?;
    Ok(Nova {
        site,
        origin: at,
        portico,
        scenes: Arc::clone(&common.scenes),
        market: clients.market.client_id.clone(),
        operator,
    })
}

/// A mini-program on its own host.
pub(crate) fn program_with(
    common: &Common,
    facts: &'static ProgramFacts,
    client: &DemoClient,
) -> Result<Program, DemoError> {
    let at = origin(&program_host(facts.slug, common.one_site), common.port);
    let nova = origin(NOVA_HOST, common.port);
    let portico = common.issuer.origin().ascii_serialization();
    let neighbours = Neighbours {
        frames: Vec::new(),
        forms: Vec::new(),
        scripts: vec![&portico],
        pictures: Vec::new(),
        framed_by: vec![&nova],
    };
    let registration = registration(client, &at, "/signed-out", facts.scope_names())?;
    let kind = if common.one_site {
        CookieKind::FirstParty
    } else {
        CookieKind::Partitioned
    };
    let party = Party {
        slug: facts.slug,
        name: facts.name,
        client_id: client.client_id.clone(),
        is_host: false,
    };
    let site = site(common, party, registration, kind, &neighbours)?;
    Ok(Program::new(facts, site, nova))
}

/// The page that has no backend.
fn lido_with(common: &Common, client: &DemoClient) -> Lido {
    let nova = origin(NOVA_HOST, common.port);
    let portico = common.issuer.origin().ascii_serialization();
    let policy = PagePolicy::new(&Neighbours {
        frames: Vec::new(),
        forms: Vec::new(),
        scripts: vec![&portico],
        pictures: Vec::new(),
        framed_by: vec![&nova],
    });
    // It has no backend, and is named where Nova launches it.
    common.scenes.introduce(&client.client_id, LIDO.name);
    Lido::new(&client.client_id, portico.clone(), nova, policy)
}

fn registration(
    client: &DemoClient,
    at: &str,
    after_logout: &str,
    scopes: Vec<&'static str>,
) -> Result<Registration, DemoError> {
    let unusable = |e: url::ParseError| DemoError::Address(format!("{at}: {e}"));
    let secret = client.client_secret.as_ref();
    let secret = secret.ok_or_else(|| DemoError::NoSecret(client.client_id.clone()))?;
    Ok(Registration {
        client_id: ClientId::new(client.client_id.clone()),
        client_secret: ClientSecret::new(secret.expose().to_owned()),
        redirect_uri: RedirectUrl::new(format!("{at}/callback")).map_err(unusable)?,
        post_logout_redirect_uri: PostLogoutRedirectUrl::new(format!("{at}{after_logout}"))
            .map_err(unusable)?,
        scopes,
    })
}

fn site(
    common: &Common,
    party: Party,
    registration: Registration,
    cookie_kind: CookieKind,
    neighbours: &Neighbours<'_>,
) -> Result<Site, DemoError> {
    let transport = Transport::to(&common.issuer, common.portico, party, &common.scenes)
        .map_err(DemoError::Transport)?;
    Ok(Site {
        relying_party: RelyingParty::new(registration, &common.issuer, transport),
        sessions: Sessions::default(),
        cookie_kind,
        policy: PagePolicy::new(neighbours),
        clock: Arc::clone(&common.clock),
        entropy: Arc::clone(&common.entropy),
    })
}
