//! The addresses of the demonstration: six hosts on one port, told apart by `Host`.

use serde::{Deserialize, Serialize};

/// Portico's host. It and Nova are one site, so a page of Portico framed by Nova has its cookies.
const PORTICO_HOST: &str = "portico.superapp.localhost";
pub(crate) const NOVA_HOST: &str = "app.superapp.localhost";

/// The six origins, without a trailing slash, as `demo.json` has them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct DemoAddresses {
    /// Portico itself: its issuer.
    pub portico: String,
    /// The super app Nova.
    pub app: String,
    /// The mini-program Market.
    pub market: String,
    /// The mini-program Taxi.
    pub taxi: String,
    /// The mini-program Bank.
    pub bank: String,
    /// The mini-program Lido.
    pub lido: String,
}

/// The addresses on a port. With `one_site` the mini-programs are on Nova's site; otherwise each
/// is a site of its own, as in life.
pub fn addresses(port: u16, one_site: bool) -> DemoAddresses {
    let at = |host: &str| origin(host, port);
    DemoAddresses {
        portico: at(PORTICO_HOST),
        app: at(NOVA_HOST),
        market: at(&program_host("market", one_site)),
        taxi: at(&program_host("taxi", one_site)),
        bank: at(&program_host("bank", one_site)),
        lido: at(&program_host("lido", one_site)),
    }
}

/// The host name of a mini-program.
pub(crate) fn program_host(slug: &str, one_site: bool) -> String {
    if one_site {
        format!("{slug}.superapp.localhost")
    } else {
        format!("{slug}.localhost")
    }
}

/// An origin as browsers spell it: the default port is left out.
pub(crate) fn origin(host: &str, port: u16) -> String {
    if port == 80 {
        format!("http://{host}")
    } else {
        format!("http://{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_strangers_unless_one_site_is_asked_for() {
        assert_eq!(
            addresses(8080, false).market,
            "http://market.localhost:8080"
        );
        assert_eq!(
            addresses(8080, true).market,
            "http://market.superapp.localhost:8080"
        );
        assert_eq!(addresses(80, false).app, "http://app.superapp.localhost");
    }
}
