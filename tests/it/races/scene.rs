//! A person with everything at hand that acts need, and a program that they use.

use std::sync::OnceLock;

use flow::administer::Administered;
use flow::administer::client_updates::PlannedUpdate;
use foundation::secret::SecretText;
use serde_json::{Value, json};

use self::act::Act;
use crate::world::World;
use crate::world::browser::{Browser, filled, form_body};
use crate::world::host::Launcher;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::sheet::Sheet;

pub(super) mod act;
mod in_the_host;

const SCOPE: &str = "openid profile.basic phone.verified email.verified";
const BEFORE: &str = "openid profile.basic phone.verified";
const MORE: &str = "openid email.verified";
const NEW: &str = "seven green bicycles";

/// What is there before two acts meet.
pub(super) struct Scene {
    ada: Person,
    this_session: String,
    /// The same person in another browser, and the session there.
    elsewhere: OnceLock<(Person, String)>,
    /// Who knows the password and is not signed in.
    stranger: Person,
    market: Program,
    /// The same program by its other secret.
    second: OnceLock<Program>,
    secrets: OnceLock<[String; 2]>,
    tokens: Tokens,
    code: OnceLock<String>,
    sheet: OnceLock<Reply>,
    /// The host in which this person has the program open.
    nova: OnceLock<Launcher>,
    sheet_in_host: OnceLock<(Sheet, Reply)>,
}

/// What came of an act.
pub(super) struct Done {
    answer: String,
    /// The page of ours that it leads to.
    page: Option<String>,
    tokens: Option<Tokens>,
    code: Option<String>,
}

impl Done {
    fn answered(answer: String) -> Self {
        Self {
            answer,
            page: None,
            tokens: None,
            code: None,
        }
    }
}

/// An act with the page that it is done on.
pub(super) struct Ready<'a> {
    scene: &'a Scene,
    act: Act,
    page: Option<Reply>,
    plan: Option<PlannedUpdate>,
}

impl Scene {
    pub(super) fn new(world: &World, number: usize, program: &Value) -> Self {
        let ada = world.person(&format!("person{number}"));
        let mut metadata = program.clone();
        metadata["launch_types"] = json!(["code", "token"]);
        let market = world.mini_program_with(&format!("market{number}"), SCOPE, metadata);
        let tokens = ada.uses(&market.asking(BEFORE));
        let this_session = ada.sessions().remove(0);
        Self {
            this_session,
            elsewhere: OnceLock::new(),
            stranger: ada.with_another_browser(),
            ada,
            market,
            second: OnceLock::new(),
            secrets: OnceLock::new(),
            tokens,
            code: OnceLock::new(),
            sheet: OnceLock::new(),
            nova: OnceLock::new(),
            sheet_in_host: OnceLock::new(),
        }
    }

    /// Opens whatever an act is done on.
    pub(super) fn ready(&self, act: Act) -> Ready<'_> {
        let page = match act {
            Act::TakesBackName | Act::TakesBackPhone | Act::Removes => {
                Some(self.ada.looks_at("/account"))
            }
            Act::AllowsMore => Some(self.sheet().clone()),
            Act::AllowsInHost => Some(self.sheet_in_host().1.clone()),
            Act::ChangesPassword => Some(self.ada.looks_at("/account/password")),
            Act::EndsOthers | Act::EndsElsewhere => {
                self.elsewhere();
                Some(self.ada.looks_at("/account/sessions"))
            }
            Act::ElsewhereEndsThis => Some(self.elsewhere().0.looks_at("/account/sessions")),
            Act::SignsOut => Some(self.ada.looks_at("/sign-out")),
            Act::SignsInElsewhere => Some(self.stranger.looks_at("/sign-in")),
            _ => None,
        };
        match act {
            Act::ChangesPassword | Act::PasswordIsSet | Act::IsSwitchedOff | Act::IsDeleted => {
                self.elsewhere();
            }
            Act::Redeems => {
                self.code();
            }
            Act::IsLaunched | Act::IsLeft => {
                self.nova();
            }
            Act::FirstSecretIsRetired | Act::SecondSecretIsRetired => {
                self.secrets();
            }
            _ => {}
        }
        Ready {
            plan: (act == Act::IsRenamed).then(|| self.another_name()),
            scene: self,
            act,
            page,
        }
    }

    /// The other session, in another browser.
    fn elsewhere(&self) -> &(Person, String) {
        self.elsewhere.get_or_init(|| {
            let elsewhere = self.ada.with_another_browser();
            elsewhere.signs_in();
            let mut sessions = self.ada.sessions();
            sessions.retain(|id| *id != self.this_session);
            (elsewhere, sessions.remove(0))
        })
    }

    /// The one sheet, however often it is answered.
    fn sheet(&self) -> &Reply {
        let opened = || self.ada.opens(&self.market.asking(MORE)).page;
        self.sheet.get_or_init(opened)
    }

    /// The one code.
    fn code(&self) -> &str {
        let opened = || self.ada.opens(&self.market.asking(BEFORE)).code();
        self.code.get_or_init(opened)
    }

    /// The two secrets, by their ids.
    fn secrets(&self) -> &[String; 2] {
        self.secrets.get_or_init(|| {
            let world = &self.market.world;
            let acts = world.administration();
            let first = world.operator(acts.show_client(&self.market.id)).secrets[0].id;
            let (second, given) = world.operator(acts.add_client_secret(&self.market.id));
            let secret = given.secret.expect("a secret").expose().to_owned();
            let by_the_second = Program {
                secret,
                ..self.market.clone()
            };
            assert!(self.second.set(by_the_second).is_ok(), "once");
            [first.to_string(), second.to_string()]
        })
    }

    fn another_name(&self) -> PlannedUpdate {
        let world = &self.market.world;
        let mut manifest = self.market.registration();
        manifest["client_name"] = json!("Another name");
        let acts = world.administration();
        world.operator(acts.plan_mini_program_update(&self.market.id, &manifest, true))
    }

    /// What came of an act. A page of a request decides nothing before it is opened, so what counts is
    /// where whoever is sent there arrives.
    pub(super) fn answer(&self, done: &Done) -> String {
        match &done.page {
            Some(page)
                if self.sheet_in_host.get().is_some() && page.starts_with("/interaction") =>
            {
                self.told_to_the_host(page)
            }
            Some(page) => format!("to {}", self.ada.looks_at(page).path),
            None => done.answer.clone(),
        }
    }

    /// What everybody finds afterwards, and what is worth what was gained.
    pub(super) fn state(&self, done: &[&Done]) -> String {
        let world = &self.market.world;
        let acts = world.administration();
        let registration = match world.wait(acts.show_client(&self.market.id)) {
            Ok(Ok(client)) => {
                let state = client.state.word();
                // What it held stays dead, and that is looked at.
                world.operator(acts.release(&self.market.id));
                format!(
                    "{} {state}",
                    client.name().trim_end_matches(char::is_numeric)
                )
            }
            other => panic!("{other:?}"),
        };
        let works = |program: &Program| program.introspects("nothing").status == 200;
        let second = self.second.get();
        let secrets = [Some(&self.market), second].map(|program| program.is_some_and(works));
        let market = match (secrets, second) {
            ([false, true], Some(second)) => second,
            _ => &self.market,
        };
        let access = |tokens: &Tokens| market.introspects(&tokens.access).json()["scope"].clone();
        let refresh = |tokens: &Tokens| {
            let refreshed = tokens
                .refresh
                .as_deref()
                .map(|token| market.refreshes(token));
            refreshed.as_ref().map_or_else(String::new, short)
        };
        let gained = |done: &&Done| {
            let code = done.code.as_ref().map(|code| market.redeems(code));
            let redeemed = code.as_ref().map(|reply| match reply.status {
                200 => Tokens::of(reply).scope,
                _ => short(reply),
            });
            let tokens = done.tokens.as_ref();
            let tokens = tokens.map(|tokens| format!("{} {}", access(tokens), refresh(tokens)));
            format!("{:?}", tokens.or(redeemed).unwrap_or_default())
        };
        // A refresh token that was rotated is worth its answer: asked first, it is the same press.
        let before = format!("{} {}", access(&self.tokens), refresh(&self.tokens));
        let gained: Vec<String> = done.iter().map(gained).collect();
        let signed_in = |person: &Person| person.looks_at("/account").path == "/account";
        let visit = self.ada.opens(&market.asking(BEFORE));
        let opened = match visit.at() {
            "program" => visit.tokens().scope,
            "/consent" => format!("asks for {:?}", visit.asks_for()),
            path => path.to_owned(),
        };
        let launched = self.nova.get().map(|nova| {
            let reply = nova.token(market, &[("scope", BEFORE)]);
            match reply.status {
                200 => reply.text("scope"),
                _ => short(&reply),
            }
        });
        let sessions = match world.wait(acts.list_sessions(&self.ada.username)) {
            Ok(Ok(sessions)) => sessions.len().to_string(),
            _ => "nobody".to_owned(),
        };
        format!(
            "{registration}, secrets {secrets:?}, tokens {before}, gained {gained:?}, signed in {} {} {}, \
             sessions {sessions}, next {opened}, in the host {launched:?}",
            signed_in(&self.ada),
            self.elsewhere
                .get()
                .is_some_and(|(person, _)| signed_in(person)),
            signed_in(&self.stranger),
        )
    }
}

impl Ready<'_> {
    /// Does it at a node.
    pub(super) fn is_done_at(&self, node: &World) -> Done {
        match self.act {
            Act::PasswordIsSet
            | Act::IsSwitchedOff
            | Act::IsDeleted
            | Act::IsSuspended
            | Act::IsRenamed
            | Act::FirstSecretIsRetired
            | Act::SecondSecretIsRetired => Done::answered(self.is_administered_at(node)),
            Act::Redeems | Act::Refreshes | Act::RevokesRefresh | Act::RevokesAccess => {
                self.is_asked_at(node)
            }
            Act::IsLaunched | Act::AllowsInHost | Act::IsLeft => self.is_done_in_the_host_at(node),
            _ => self.is_pressed_at(node),
        }
    }

    /// What a program asks for.
    fn is_asked_at(&self, node: &World) -> Done {
        let Scene { market, tokens, .. } = self.scene;
        let market = market.at(node);
        let reply = match self.act {
            Act::Redeems => market.redeems(self.scene.code()),
            Act::Refreshes => market.refreshes(tokens.refresh()),
            Act::RevokesRefresh => market.revokes(tokens.refresh()),
            _ => market.revokes(&tokens.access),
        };
        let has_tokens = reply.status == 200 && !reply.body.is_empty();
        Done {
            tokens: has_tokens.then(|| Tokens::of(&reply)),
            ..Done::answered(refused_or(&reply))
        }
    }

    /// What a person presses: one request, whose redirect nobody follows. What comes after it is another
    /// act.
    fn is_pressed_at(&self, node: &World) -> Done {
        let scene = self.scene;
        // No answer changes what another window sends.
        let window = |person: &Person| person.browser.copied().at(node);
        let (this, id) = (window(&scene.ada), &scene.market.id);
        let password = scene.ada.password.as_str();
        let changing = [("current_password", password), ("new_password", NEW)];
        let signing_in = [
            ("username", scene.ada.username.as_str()),
            ("password", password),
        ];
        // This one is seen again.
        let elsewhere = scene.stranger.browser.at(node);
        let reply = match self.act {
            Act::Opens => {
                let request = scene.market.asking(BEFORE).request();
                this.send(node.http("GET", &request.path()))
            }
            Act::TakesBackName => {
                self.presses((&this, node), &format!("take-back-{id}-profile-basic"), &[])
            }
            Act::TakesBackPhone => self.presses(
                (&this, node),
                &format!("take-back-{id}-phone-verified"),
                &[],
            ),
            Act::Removes => self.presses((&this, node), &format!("revoke-{id}"), &[]),
            Act::AllowsMore => self.presses((&this, node), "allow", &[]),
            Act::ChangesPassword => self.presses((&this, node), "change-password", &changing),
            Act::SignsInElsewhere => self.presses((&elsewhere, node), "sign-in", &signing_in),
            Act::EndsOthers => self.presses((&this, node), "end-others", &[]),
            Act::EndsElsewhere => {
                let button = format!("end-{}", scene.elsewhere().1);
                self.presses((&this, node), &button, &[])
            }
            Act::ElsewhereEndsThis => {
                let button = format!("end-{}", scene.this_session);
                self.presses((&window(&scene.elsewhere().0), node), &button, &[])
            }
            Act::SignsOut => self.presses((&this, node), "logout", &[]),
            other => panic!("nobody presses {other:?}"),
        };
        let delivered = reply.delivered();
        let code = delivered.as_ref().map(|to| to.get("code").to_owned());
        Done {
            code: code.filter(|code| !code.is_empty()),
            page: match self.act {
                Act::Opens | Act::AllowsMore => reply
                    .location()
                    .and_then(|to| node.own_path(to))
                    .map(str::to_owned),
                _ => None,
            },
            ..Done::answered(summary(node, &reply))
        }
    }

    fn presses(
        &self,
        (browser, node): (&Browser, &World),
        button: &str,
        typed: &[(&str, &str)],
    ) -> Reply {
        let page = self.page.as_ref().expect("a page");
        let (form, mut fields) = filled(page, button);
        for (name, value) in typed {
            let field = fields.iter_mut().find(|(n, _)| n == name);
            field.expect("the field").1 = (*value).to_owned();
        }
        browser.send(form_body(node.http("POST", &form.action), &fields))
    }

    /// What the operator does.
    fn is_administered_at(&self, node: &World) -> String {
        let Scene { market, ada, .. } = self.scene;
        let (acts, id, username) = (node.administration(), &market.id, &ada.username);
        let retires = |number: usize| {
            let secret = &self.scene.secrets()[number];
            told(node, acts.retire_client_secret(id, Some(secret)))
        };
        match (self.act, &self.plan) {
            (Act::PasswordIsSet, _) => {
                told(node, acts.set_user_password(username, SecretText::new(NEW)))
            }
            (Act::IsSwitchedOff, _) => told(node, acts.disable_user(username)),
            (Act::IsDeleted, _) => told(node, acts.delete_user(username)),
            (Act::IsSuspended, _) => told(node, acts.suspend(id)),
            (Act::IsRenamed, Some(plan)) => told(node, acts.update_client(plan.clone())),
            (Act::FirstSecretIsRetired, _) => retires(0),
            (Act::SecondSecretIsRetired, _) => retires(1),
            (other, _) => panic!("no operator does {other:?}"),
        }
    }
}

/// What an operator is told, without names.
fn told<T>(node: &World, act: impl Future<Output = Administered<T>>) -> String {
    match node.wait(act) {
        Ok(Ok(_)) => "done".to_owned(),
        Ok(Err(refusal)) => {
            let words = refusal.to_string();
            words.split('"').step_by(2).collect()
        }
        Err(fault) => format!("503 {}", fault.chain()),
    }
}

/// The status and the place, without what differs every time.
fn summary(node: &World, reply: &Reply) -> String {
    if let Some(delivered) = reply.delivered() {
        return format!("program {}", delivered.get("error"));
    }
    let location = reply.location().and_then(|to| node.own_path(to));
    let path = location.map_or("", |to| to.split('?').next().unwrap_or(to));
    format!("{} {path}", reply.status)
}

/// What a token request comes to. To a program that is suspended meanwhile both are true: that it is not
/// in service, and, for good, that what it held is worth nothing. It is told the one or the other.
fn refused_or(reply: &Reply) -> String {
    match short(reply).as_str() {
        "400 unauthorized_client" | "400 invalid_grant" => "refused".to_owned(),
        other => other.to_owned(),
    }
}

fn short(reply: &Reply) -> String {
    match reply.status {
        200 | 503 => reply.status.to_string(),
        _ => reply.error(),
    }
}
