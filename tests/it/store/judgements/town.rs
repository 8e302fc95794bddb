//! Two people, two clients, what they gave each other, and a node's memory of it. Rows and events are
//! written as the flows write them.

use domain::client::Client;
use domain::event::Event;
use domain::event::effect::{Effect, NotBefore};
use domain::grant::Grant;
use domain::mini_program::MiniProgramState;
use domain::session::{EndReason, Session};
use domain::token_family::TokenFamily;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use domain::user::User;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{HistoryId, Position};
use live::ended::Ended;
use protocol::scope::ScopeSet;
use store::{Store, Transaction};

use super::super::database::Beside;
use super::super::fixture::{self, NOW, digest, logged, read, scopes, write};
use super::acts::{Act, TWO, What};

/// On the boot clock, which stands still: nothing is forgotten.
const ARRIVED: Span = Span::seconds(100);

/// A token family, and where it began.
pub(super) struct Family {
    pub(super) family: TokenFamily,
    pub(super) began: Position,
    /// Whether it was ever found dead: then it stays so.
    pub(super) was_dead: bool,
}

/// An access token.
pub(super) struct Token {
    pub(super) handle: TokenHandle,
    pub(super) jti: TokenDigest,
    pub(super) scope: ScopeSet,
}

pub(super) struct Town<'s> {
    pub(super) store: &'s Store,
    users: Vec<(User, bool)>,
    clients: Vec<(Client, MiniProgramState)>,
    sessions: [Option<Session>; TWO],
    grants: [[Option<Grant>; TWO]; TWO],
    pub(super) families: Vec<Family>,
    pub(super) tokens: Vec<Token>,
    made: i64,
    /// What a node knows.
    pub(super) memory: Ended,
    /// The same without what spares families.
    pub(super) memory_of_families: Ended,
    read_up_to: Position,
    /// Where the log ended when it was last purged: that is long ago.
    purged_at: Position,
}

impl<'s> Town<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        // What a town before this one left is nobody's business, and would keep marks from going.
        let over = NOW + Span::days(10_000);
        write(store, move |tx| store::token_families::purge(tx, over));
        let users: Vec<_> = (0..TWO).map(|_| (fixture::user(), false)).collect();
        let clients: Vec<_> = (0..TWO)
            .map(|_| (fixture::client(), MiniProgramState::Released))
            .collect();
        write(store, {
            let (users, clients) = (users.clone(), clients.clone());
            move |tx| {
                users
                    .iter()
                    .try_for_each(|(user, _)| store::users::insert(tx, user).map(drop))?;
                clients
                    .iter()
                    .try_for_each(|(client, _)| store::clients::insert(tx, client))
            }
        });
        // What was said before this town stood is long ago.
        let start = read(store, store::events::end);
        Self {
            store,
            users,
            clients,
            sessions: Default::default(),
            grants: Default::default(),
            families: Vec::new(),
            tokens: Vec::new(),
            made: 0,
            memory: Ended::default(),
            memory_of_families: Ended::default(),
            read_up_to: start,
            purged_at: start,
        }
    }

    pub(super) fn play(&mut self, act: &Act, beside: &mut Beside) {
        let before = read(self.store, store::events::end);
        self.act(&act.what);
        if act.is_from_the_future {
            beside.run(&format!(
                "UPDATE events SET kind = 'from_the_future', session_id = NULL, grant_id = NULL,
                     family_id = NULL, user_id = NULL, client_id = NULL
                 WHERE position > {before}"
            ));
        }
        self.follow();
    }

    /// As `job/tail` does.
    fn follow(&mut self) {
        for event in logged(self.store, self.read_up_to) {
            let effect = event.effect.expect("this program obeys it");
            self.memory.apply(&effect, event.position, ARRIVED);
            if effect != Effect::NotBefore(NotBefore::AccessTokens) {
                self.memory_of_families
                    .apply(&effect, event.position, ARRIVED);
            }
            self.read_up_to = event.position;
        }
    }

    fn act(&mut self, what: &What) {
        match *what {
            What::Authorize {
                user,
                client,
                offline,
            } => self.authorize(user, client, offline),
            What::Issue { family, behind } => {
                let standing = self.families.iter().filter(|f| self.stands(&f.family));
                let standing: Vec<_> = standing.map(|f| f.family.clone()).collect();
                if !standing.is_empty() {
                    self.issue(family.get(&standing), behind);
                }
            }
            What::IssueToClient { client, behind } => {
                if self.clients[client].1 == MiniProgramState::Released {
                    self.issue_to_client(client, behind);
                }
            }
            What::EndSession { user } => self.end_session(user),
            What::LeaveClient { user, client } => self.leave(user, client),
            What::EndGrant { user, client } => self.end_grant(user, client),
            What::ChangeGrant {
                user,
                client,
                scopes,
            } => self.change_grant(user, client, scopes),
            What::EndFamily { family } => {
                if !self.families.is_empty() {
                    self.end_family(&family.get(&self.families).family.clone());
                }
            }
            What::RevokeToken { token } => {
                if !self.tokens.is_empty() {
                    let token = token.get(&self.tokens);
                    self.append(Event::TokenRevoked {
                        token: token.jti,
                        client_id: token.handle.client_id.clone(),
                        user_id: None,
                        session_id: None,
                    });
                }
            }
            What::DisableUser { user } => self.disable(user),
            What::RevokeUser { user } => {
                let user_id = self.users[user].0.id;
                self.append(Event::UserTokensRevoked { user_id });
            }
            What::RevokeClient { client } => {
                let client_id = self.clients[client].0.id.clone();
                self.append(Event::ClientTokensRevoked {
                    client_id,
                    reason: EndReason::Operator,
                });
            }
            What::SuspendClient { client } => self.suspend(client),
            What::RevokeAll => self.append(Event::AllTokensRevoked),
            What::SetClockBack => self.append(Event::ClockSetBack),
            What::ChangeClient { client } => {
                let client_id = self.clients[client].0.id.clone();
                self.append(Event::ClientChanged { client_id });
            }
            What::Purge { oldest } => {
                let until = oldest.index(self.families.len() + 1);
                self.purge(until);
            }
        }
    }

    fn authorize(&mut self, user: usize, client: usize, offline: bool) {
        let ((person, disabled), (program, state)) = (&self.users[user], &self.clients[client]);
        if *disabled || *state != MiniProgramState::Released {
            return;
        }
        let new_session = self.sessions[user]
            .is_none()
            .then(|| fixture::session(person));
        let session = new_session.clone().or(self.sessions[user].clone());
        let session = session.expect("the old one or the new one");
        let new_grant = self.grants[user][client]
            .is_none()
            .then(|| fixture::grant(person, program));
        let grant = new_grant.clone().or(self.grants[user][client].clone());
        let grant = grant.expect("the old one or the new one");
        self.made += 1;
        let family = TokenFamily {
            expires_at: NOW + Span::days(self.made),
            ..fixture::family(&grant, &session, offline)
        };
        self.sessions[user] = Some(session);
        self.grants[user][client] = Some(grant);
        let began = read(self.store, store::events::end);
        let row = family.clone();
        write(self.store, move |tx| {
            if let Some(session) = &new_session {
                store::sessions::insert(tx, session, digest())?;
            }
            if let Some(grant) = &new_grant {
                store::grants::insert(tx, grant)?;
            }
            let begins = store::events::end(tx)?;
            store::token_families::insert(tx, &row, begins)
        });
        self.families.push(Family {
            family,
            began,
            was_dead: false,
        });
    }

    /// A position that some node may have confirmed before it read what is so now. None is so far
    /// behind that it has not heard of what is purged.
    fn confirmed(&self, behind: i64) -> Position {
        let end = read(self.store, store::events::end);
        Position((end.0 - behind).max(self.purged_at.0))
    }

    fn issue(&mut self, family: &TokenFamily, behind: i64) {
        let grant = read(self.store, |db| store::grants::find(db, family.grant_id));
        let scope = grant.expect("it stands").scopes.names();
        let handle = handle_of(family, self.confirmed(behind));
        self.tokens.push(Token {
            scope: family.authorized.scope.intersection(&scope),
            handle,
            jti: digest(),
        });
    }

    fn issue_to_client(&mut self, client: usize, behind: i64) {
        self.tokens.push(Token {
            handle: TokenHandle {
                client_id: self.clients[client].0.id.clone(),
                on_behalf_of: None,
                number: 1,
                history: HistoryId::BEFORE,
                position: self.confirmed(behind),
                opens_userinfo: false,
            },
            jti: digest(),
            scope: scopes("orders"),
        });
    }

    fn end_session(&mut self, user: usize) {
        let Some(session) = self.sessions[user].take() else {
            return;
        };
        let reason = EndReason::Logout;
        self.write(move |tx| {
            store::sessions::end(tx, session.id, NOW, reason)?;
            tx.append(Event::SessionEnded {
                session_id: session.id,
                user_id: session.user_id,
                reason,
            });
            Ok(())
        });
    }

    fn leave(&self, user: usize, client: usize) {
        let Some(session) = self.sessions[user].clone() else {
            return;
        };
        let client_id = self.clients[client].0.id.clone();
        self.write(move |tx| {
            let (id, reason) = (session.id, EndReason::Logout);
            store::token_families::end_of_session_and_client(tx, id, &client_id, NOW, reason)?;
            tx.append(Event::SessionLeft {
                session_id: id,
                user_id: session.user_id,
                client_id,
            });
            Ok(())
        });
    }

    fn end_grant(&mut self, user: usize, client: usize) {
        let Some(grant) = self.grants[user][client].take() else {
            return;
        };
        self.write(move |tx| {
            store::grants::end(tx, grant.id, NOW)?;
            tx.append(Event::GrantEnded {
                grant_id: grant.id,
                user_id: grant.user_id,
                client_id: grant.client_id,
                reason: EndReason::Withdrawn,
            });
            Ok(())
        });
    }

    fn change_grant(&self, user: usize, client: usize, names: &'static str) {
        let Some(grant) = self.grants[user][client].clone() else {
            return;
        };
        self.write(move |tx| {
            store::grants::set_scopes(tx, grant.id, &fixture::granted(names), NOW)?;
            tx.append(Event::GrantChanged {
                grant_id: grant.id,
                user_id: grant.user_id,
                client_id: grant.client_id,
                scopes: scopes(names),
                removed: ScopeSet::default(),
            });
            Ok(())
        });
    }

    fn end_family(&self, family: &TokenFamily) {
        let (family, reason) = (family.clone(), EndReason::ReuseDetected);
        self.write(move |tx| {
            if store::token_families::end(tx, family.id, NOW, reason)? {
                tx.append(Event::FamilyEnded {
                    family_id: family.id,
                    user_id: family.user_id,
                    session_id: family.authorized.session_id,
                    client_id: family.client_id,
                    reason,
                });
            }
            Ok(())
        });
    }

    fn disable(&mut self, user: usize) {
        let (person, disabled) = &mut self.users[user];
        *disabled = !*disabled;
        let (user_id, disabled) = (person.id, *disabled);
        self.write(move |tx| {
            store::users::set_disabled(tx, user_id, disabled.then_some(NOW))?;
            if disabled {
                tx.append(Event::UserDisabled { user_id });
            }
            Ok(())
        });
    }

    fn suspend(&mut self, client: usize) {
        let (program, state) = &mut self.clients[client];
        *state = match state {
            MiniProgramState::Suspended => MiniProgramState::Released,
            _ => MiniProgramState::Suspended,
        };
        let (client_id, state) = (program.id.clone(), *state);
        self.write(move |tx| {
            store::clients::set_state(tx, &client_id, state, NOW)?;
            if state == MiniProgramState::Suspended {
                tx.append(Event::ClientTokensRevoked {
                    client_id: client_id.clone(),
                    reason: EndReason::Suspended,
                });
            }
            tx.append(Event::ClientChanged { client_id });
            Ok(())
        });
    }

    /// The first families end by themselves; every event is old.
    fn purge(&mut self, until: usize) {
        self.tokens.clear();
        if let Some(last) = until.checked_sub(1) {
            let over = self.families[last].family.expires_at + Span::millis(1);
            write(self.store, move |tx| store::token_families::purge(tx, over));
            let store = self.store;
            let gone = |id| read(store, |db| store::token_families::find(db, id)).is_none();
            for over in self.families.drain(..until) {
                assert!(gone(over.family.id), "it is over: {:?}", over.family);
            }
            // Those that ended are purged as well: they are dead in every judgement.
            self.families
                .retain(|known| !gone(known.family.id) || !known.was_dead);
        }
        let never = Instant::from_seconds(i64::MAX / 2000);
        write(self.store, move |tx| {
            let oldest_family = store::token_families::oldest_position(tx)?;
            store::events::purge(tx, never, oldest_family)
        });
        self.purged_at = read(self.store, store::events::end);
    }

    fn append(&self, event: Event) {
        self.write(move |tx| {
            tx.append(event);
            Ok(())
        });
    }

    fn write(&self, f: impl FnOnce(&mut Transaction<'_>) -> Result<(), Fault> + Send + 'static) {
        write(self.store, f);
    }
}

pub(super) fn handle_of(family: &TokenFamily, position: Position) -> TokenHandle {
    TokenHandle {
        client_id: family.client_id.clone(),
        on_behalf_of: Some(OnBehalfOf {
            user_id: family.user_id,
            grant_id: family.grant_id,
            session_id: family.session_id,
            family_id: Some(family.id),
        }),
        number: 1,
        history: HistoryId::BEFORE,
        position,
        opens_userinfo: true,
    }
}
