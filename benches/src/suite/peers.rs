//! Portico beside npm's `oidc-provider`, on the same core.

use super::{Access, Around, CONNECTIONS, Issued, Portico, Row, SEEN, Server, Suite, requests};
use crate::Outcome;
use crate::peer;

impl Suite<'_> {
    /// Both doing the same; nothing where the peer is not installed.
    pub(super) fn peers(
        &mut self,
        portico: &Portico,
        server: &Server,
        issued: &[Issued],
    ) -> Outcome<()> {
        let Some(folder) = &self.options.peer else {
            return Ok(());
        };
        let other = peer::start(&self.load, self.options.server_core, folder)?;
        let tokens = |asked| Around::new(asked, "\"access_token\"");
        let ours = tokens(requests::client_credentials(
            portico.population,
            Access::Zipf,
            SEEN,
        ));
        let theirs = tokens(peer::client_credentials());
        let path = "client credentials (ES256 JWT)";
        let rates = self.by_turns(
            path,
            (server, || ours.scripts(CONNECTIONS)),
            (&other, || theirs.scripts(CONNECTIONS)),
        )?;
        self.report.beside(Row::new(path, rates, Some(1.0)));
        let active = |asked| Around::new(asked, "\"active\":true");
        let issued = &issued[..SEEN.min(issued.len())];
        let ours = active(requests::introspections(issued));
        let theirs = active(peer::introspections(&self.load, &other, 100)?);
        let path = "introspection";
        let rates = self.by_turns(
            path,
            (server, || ours.scripts(CONNECTIONS)),
            (&other, || theirs.scripts(CONNECTIONS)),
        )?;
        self.report.beside(Row::new(path, rates, Some(1.0)));
        Ok(())
    }
}
