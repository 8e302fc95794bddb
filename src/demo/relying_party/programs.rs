//! Which programs there are for a person: Portico's `mini_programs_endpoint`, as a host asks it.

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION};
use openidconnect::AsyncHttpClient as _;
use serde::Deserialize;
use url::Url;

use super::trouble::Trouble;
use super::{RelyingParty, Tokens};

/// A home screen has no use for more pages than these.
const MAX_PAGES: usize = 10;

/// A program as Portico describes it to a host.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ListedProgram {
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) icon_uri: Option<Url>,
    pub(crate) entry_uri: Url,
    pub(crate) origins: Vec<Url>,
    pub(crate) scope: String,
    pub(crate) launch_types: Vec<String>,
    pub(crate) state: String,
    pub(crate) publisher: Option<ListedPublisher>,
}

/// Who made it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ListedPublisher {
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct ProgramPage {
    mini_programs: Vec<ListedProgram>,
    next: Option<String>,
}

impl RelyingParty {
    /// The programs, in the order in which Portico names them; nothing when the session has ended.
    pub(crate) async fn programs(
        &self,
        tokens: &Tokens,
    ) -> Result<Option<Vec<ListedProgram>>, Trouble> {
        let configuration = self.configuration().await?;
        let mut address = configuration
            .map(|members| members.mini_programs_endpoint)
            .ok_or_else(|| Trouble::untrustworthy("there is no list of programs"))?;
        let mut programs = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = self.page_of_programs(&address, tokens).await? else {
                return Ok(None);
            };
            programs.extend(page.mini_programs);
            let Some(next) = page.next else { break };
            address
                .query_pairs_mut()
                .clear()
                .append_pair("after", &next);
        }
        Ok(Some(programs))
    }

    async fn page_of_programs(
        &self,
        address: &Url,
        tokens: &Tokens,
    ) -> Result<Option<ProgramPage>, Trouble> {
        let bearer = format!("Bearer {}", tokens.access_token.secret());
        let request = http::Request::get(address.as_str())
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, bearer)
            .body(Vec::new())
            .map_err(|e| Trouble::untrustworthy(e.to_string()))?;
        let answer = self.transport.call(request).await?;
        match answer.status() {
            StatusCode::OK => serde_json::from_slice(answer.body())
                .map(Some)
                .map_err(|e| Trouble::untrustworthy(format!("the list of programs: {e}"))),
            StatusCode::UNAUTHORIZED => Ok(None),
            status => Err(Trouble::Unreachable(format!(
                "the list of programs answered {status}"
            ))),
        }
    }
}
