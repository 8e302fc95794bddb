//! A consent sheet as a host shows it: in a frame that sends no cookies of ours.

use super::World;
use super::browser::Browser;
use super::html;
use super::reply::Reply;

/// A sheet that a refused launch named.
#[derive(Clone)]
pub(crate) struct Sheet {
    pub(crate) browser: Browser,
    /// Its public id.
    pub(crate) interaction: String,
    /// Its address on our site.
    pub(crate) path: String,
}

impl Sheet {
    /// The sheet of a launch that was refused with `consent_required`.
    pub(crate) fn of(world: &World, refused: &Reply) -> Self {
        assert_eq!(refused.error(), "400 consent_required");
        assert_eq!(refused.json()["interaction_expires_in"], 300);
        let address = refused.text("interaction_uri");
        let path = world.own_path(&address).expect("an address of ours");
        Self {
            browser: Browser::new(world),
            interaction: refused.text("interaction"),
            path: path.to_owned(),
        }
    }

    /// Opens it.
    pub(crate) fn opens(&self) -> Reply {
        self.browser.get(&self.path)
    }

    /// Opens it and presses a button.
    pub(crate) fn presses(&self, button: &str) -> Reply {
        self.browser.presses(&self.opens(), button, &[])
    }

    /// Opens it and allows some.
    pub(crate) fn allows_only(&self, scopes: &[&str]) -> Reply {
        let (form, fields) = super::browser::filled(&self.opens(), "allow");
        let kept =
            |field: &(String, String)| field.0 != "scope" || scopes.contains(&field.1.as_str());
        let fields: Vec<_> = fields.into_iter().filter(kept).collect();
        self.browser.post(&form.action, &fields)
    }

    /// What the host is told: that it was this sheet, and the result.
    pub(crate) fn result(&self, reply: &Reply) -> String {
        let said = match reply.location() {
            Some(_) => {
                let told = reply.delivered().expect("a redirect to the host");
                assert_eq!(told.to, "https://nova.example/back");
                (
                    told.get("interaction").to_owned(),
                    told.get("result").to_owned(),
                )
            }
            None => {
                let tags = html::tags(&reply.body);
                let message = tags
                    .iter()
                    .find(|tag| tag.get("id").as_deref() == Some("web-message"));
                let message = message.unwrap_or_else(|| panic!("no result: {reply:?}"));
                let get = |name| message.get(name).unwrap_or_default().to_owned();
                assert_eq!(get("data-origin"), "https://nova.example");
                (get("data-interaction"), get("data-result"))
            }
        };
        assert_eq!(said.0, self.interaction);
        said.1
    }
}
