//! The language that a person chose for the pages of Portico.

use foundation::fault::Fault;
use text::{Language, Languages};

use super::{Account, AccountAnswer};
use crate::browser::Browser;

impl Account {
    /// Keeps the language of a tag; without one, the person leaves it to their browser.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn choose_language(
        &self,
        form: &str,
        tag: Option<&str>,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        let signed_in = match self.form_sender(form, browser).await? {
            Ok(signed_in) => signed_in,
            Err(answer) => return Ok(answer),
        };
        let chosen = tag.map(|tag| Languages::built_in().named(tag));
        // Our own page offers our own languages only.
        if chosen == Some(None) {
            return Ok(AccountAnswer::Forged);
        }
        let user_id = signed_in.user.id;
        let written = self.store.write(move |tx| {
            let chosen = chosen.flatten();
            store::users::set_language(tx, user_id, chosen.as_ref().map(Language::tag))
        });
        Ok(match written.await?.value {
            true => AccountAnswer::Done,
            false => AccountAnswer::NothingThere,
        })
    }
}
