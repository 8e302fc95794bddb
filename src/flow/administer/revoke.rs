//! What the operator revokes: every token of a client, of a person, or of everybody that was given out
//! before now is dead. Sessions and grants stand; programs can ask again.

use domain::administrator::Permission;
use domain::event::Event;
use domain::session::EndReason;
use domain::user::Username;
use foundation::id::ClientId;
use serde_json::json;

use super::{Administered, Administration, Refusal};

/// Whose tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokensOf {
    /// A client's, by its id.
    Client(String),
    /// A person's, by username.
    User(String),
    /// Everybody's.
    All,
}

impl Administration {
    /// Revokes tokens: families by their rows, access tokens by the event.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn revoke_tokens(&self, whose: TokensOf) -> Administered<()> {
        match whose {
            TokensOf::Client(id) => self.revoke_client(&id).await,
            TokensOf::User(username) => self.revoke_user(&username).await,
            TokensOf::All => self.revoke_all().await,
        }
    }

    async fn revoke_client(&self, id: &str) -> Administered<()> {
        let Ok(client_id) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let audited = self
            .audited("tokens.revoked")
            .of_client(&client_id)
            .with(json!({ "of": "client" }));
        self.administer(Permission::RevokeTokens, move |tx| {
            if store::clients::find(tx, &client_id)?.is_none() {
                return Ok(Err(Refusal::not_found("client", client_id)));
            }
            tx.append(Event::ClientTokensRevoked {
                client_id,
                reason: EndReason::Operator,
            });
            audited.insert(tx)?;
            Ok(Ok(()))
        })
        .await
    }

    async fn revoke_user(&self, username: &str) -> Administered<()> {
        let username = Username::stored(username);
        let audited = self.audited("tokens.revoked").with(json!({ "of": "user" }));
        self.administer(Permission::RevokeTokens, move |tx| {
            let Some(user) = store::users::find_by_username(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            tx.append(Event::UserTokensRevoked { user_id: user.id });
            audited.of_user(user.id).insert(tx)?;
            Ok(Ok(()))
        })
        .await
    }

    async fn revoke_all(&self) -> Administered<()> {
        let audited = self
            .audited("tokens.revoked")
            .with(json!({ "of": "everybody" }));
        self.administer(Permission::RevokeTokens, move |tx| {
            tx.append(Event::AllTokensRevoked);
            audited.insert(tx)?;
            Ok(Ok(()))
        })
        .await
    }
}
