//! The home screen's tiles, made from what Portico lists: nothing about any program is known here.

use std::collections::HashMap;

use url::{Host, Url};

use crate::relying_party::ListedProgram;

/// The id of the tile that leads to Portico's account pages.
const SETTINGS: &str = "account";

/// A program on the home screen.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    /// What it is called in Nova's own addresses: the first label of its host, or its client id where that
    /// says nothing or two programs would share it.
    pub(crate) handle: String,
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) publisher: String,
    pub(crate) icon_uri: Option<String>,
    pub(crate) entry_uri: Url,
    pub(crate) origins: Vec<String>,
    pub(crate) launch_types: Vec<String>,
    scopes: Vec<String>,
    state: String,
}

impl Tile {
    /// The tiles of the programs that Portico lists, in its order.
    pub(crate) fn all(programs: Vec<ListedProgram>) -> Vec<Self> {
        let mut times = HashMap::new();
        for program in &programs {
            *times.entry(label(&program.entry_uri)).or_insert(0) += 1;
        }
        let named = |program: &ListedProgram| {
            label(&program.entry_uri)
                .filter(|label| times.get(&Some(label.clone())) == Some(&1))
                .unwrap_or_else(|| program.client_id.clone())
        };
        programs
            .into_iter()
            .map(|program| Self {
                handle: named(&program),
                client_id: program.client_id,
                name: program.client_name,
                publisher: program
                    .publisher
                    .map(|made_by| made_by.name)
                    .unwrap_or_default(),
                icon_uri: program.icon_uri.map(Url::into),
                entry_uri: program.entry_uri,
                origins: program.origins.iter().map(origin_of).collect(),
                launch_types: program.launch_types,
                scopes: program.scope.split(' ').map(str::to_owned).collect(),
                state: program.state,
            })
            .collect()
    }

    /// Stands where there is no picture.
    pub(crate) fn initial(&self) -> String {
        let first = self.name.chars().next();
        first.into_iter().flat_map(char::to_uppercase).collect()
    }

    /// Whether it opens at all.
    pub(crate) fn is_suspended(&self) -> bool {
        self.state == "suspended"
    }

    /// What somebody should know before opening it.
    pub(crate) fn remark(&self) -> Option<&'static str> {
        match self.state.as_str() {
            "released" => None,
            "suspended" => Some("not available"),
            _ => Some("draft"),
        }
    }

    /// Whether the program may ask for a scope.
    pub(crate) fn may_ask_for(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known == scope)
    }
}

/// The origins that pages around these programs show in frames, and those whose pictures they show.
pub(crate) fn shown_from(tiles: &[Tile]) -> (Vec<String>, Vec<String>) {
    let mut frames: Vec<String> = tiles.iter().flat_map(|tile| tile.origins.clone()).collect();
    let icons = tiles.iter().filter_map(|tile| tile.icon_uri.as_deref());
    let icons = icons.filter_map(|icon| Url::parse(icon).ok());
    let mut icons: Vec<String> = icons.map(|icon| origin_of(&icon)).collect();
    for origins in [&mut frames, &mut icons] {
        origins.retain(|origin| is_plain(origin));
        origins.dedup();
    }
    (frames, icons)
}

fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether an origin can stand in a policy without meaning something else there.
fn is_plain(origin: &str) -> bool {
    origin
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/[]".contains(&byte))
}

fn label(entry: &Url) -> Option<String> {
    let Some(Host::Domain(host)) = entry.host() else {
        return None;
    };
    let label = host.split('.').next()?;
    let is_word = label
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_word && label != SETTINGS).then(|| label.to_owned())
}

#[cfg(test)]
pub(crate) mod samples {
    //! Programs as Portico lists them.

    use serde_json::json;

    use super::*;

    /// One that was released, on a host of its own.
    pub(crate) fn listed(name: &str, host: &str) -> ListedProgram {
        serde_json::from_value(json!({
            "client_id": format!("id-of-{name}-at-{host}"),
            "client_name": name,
            "icon_uri": format!("http://{host}:8080/icon.svg"),
            "entry_uri": format!("http://{host}:8080/open"),
            "origins": [format!("http://{host}:8080")],
            "scope": "openid profile.basic phone.verified",
            "launch_types": ["code"],
            "state": "released",
            "publisher": { "name": format!("Makers of {name}"), "verified": true },
        }))
        .expect("a program")
    }
}

#[cfg(test)]
mod tests {
    use super::samples::listed;
    use super::*;

    #[test]
    fn a_program_is_called_by_its_host_unless_that_says_too_little() {
        let handles = |hosts: &[&str]| -> Vec<String> {
            let programs = hosts.iter().map(|host| listed("Notes", host)).collect();
            let tiles = Tile::all(programs).into_iter();
            tiles.map(|tile| tile.handle).collect()
        };
        assert_eq!(
            handles(&["market.localhost", "notes.example"]),
            ["market", "notes"]
        );
        assert_eq!(
            handles(&["market.localhost", "market.example"]),
            [
                "id-of-Notes-at-market.localhost",
                "id-of-Notes-at-market.example"
            ]
        );
        assert_eq!(
            handles(&["127.0.0.1", "account.localhost"]),
            [
                "id-of-Notes-at-127.0.0.1",
                "id-of-Notes-at-account.localhost"
            ]
        );
    }

    #[test]
    fn a_draft_says_so_and_what_was_suspended_does_not_open() {
        let in_state = |state: &str| {
            let mut program = listed("notes", "notes.localhost");
            program.state = state.to_owned();
            let tile = Tile::all(vec![program]).remove(0);
            (tile.remark(), tile.is_suspended())
        };
        assert_eq!(in_state("released"), (None, false));
        assert_eq!(in_state("draft"), (Some("draft"), false));
        assert_eq!(in_state("suspended"), (Some("not available"), true));
    }

    #[test]
    fn no_origin_adds_a_word_to_the_policy() {
        let mut program = listed("Notes", "notes.localhost");
        program.origins = [
            "http://notes.localhost:8080/",
            "http://a;script-src.example/",
        ]
        .map(|text| Url::parse(text).expect("a url"))
        .into();
        program.icon_uri = Url::parse("https://icons.example/notes.png?v=1").ok();
        let (frames, icons) = shown_from(&Tile::all(vec![program]));
        assert_eq!(frames, ["http://notes.localhost:8080"]);
        assert_eq!(icons, ["https://icons.example"]);
    }

    #[test]
    fn the_first_letter_stands_where_there_is_no_picture() {
        let tiles = Tile::all(vec![listed("éclair", "eclair.localhost")]);
        assert_eq!(tiles[0].initial(), "É");
    }
}
