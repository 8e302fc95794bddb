//! What a host does for its person: launching a program, showing its sheet, closing it for good.

use super::act::Act;
use super::{BEFORE, Done, MORE, Ready, Scene, short, summary};
use crate::world::World;
use crate::world::host::{self, Launcher};
use crate::world::reply::Reply;
use crate::world::sheet::Sheet;

impl Scene {
    /// The host, with the person in it.
    pub(super) fn nova(&self) -> &Launcher {
        let signs_in = || Launcher::of(&host::host(&self.market.world), &self.ada);
        self.nova.get_or_init(signs_in)
    }

    /// What the host is told where the sheet leads on to a page of ours.
    pub(super) fn told_to_the_host(&self, page: &str) -> String {
        let (sheet, _) = self.sheet_in_host();
        result(&self.market.world, &sheet.browser.get(page))
    }

    /// The one sheet of a launch.
    pub(super) fn sheet_in_host(&self) -> &(Sheet, Reply) {
        self.sheet_in_host.get_or_init(|| {
            let asked = self.nova().token(&self.market, &[("scope", MORE)]);
            let sheet = Sheet::of(&self.market.world, &asked);
            let page = sheet.opens();
            (sheet, page)
        })
    }
}

impl Ready<'_> {
    /// What the host asks for, and what is pressed on the sheet that it shows.
    pub(super) fn is_done_in_the_host_at(&self, node: &World) -> Done {
        let Scene { market, .. } = self.scene;
        let nova = self.scene.nova().at(node);
        match self.act {
            Act::IsLaunched => {
                let reply = nova.code(market, &[("scope", BEFORE)]);
                let code = (reply.status == 200).then(|| reply.text("access_token"));
                Done {
                    code,
                    ..Done::answered(short(&reply))
                }
            }
            Act::IsLeft => {
                let reply = nova.calls("POST", "/leave", &[("client_id", &market.id)]);
                Done::answered(match reply.status {
                    204 => "left".to_owned(),
                    _ => short(&reply),
                })
            }
            _ => {
                let (sheet, _) = self.scene.sheet_in_host();
                let reply = self.presses((&sheet.browser.at(node), node), "allow", &[]);
                let own = reply.location().and_then(|to| node.own_path(to));
                Done {
                    page: own.map(str::to_owned),
                    ..Done::answered(result(node, &reply))
                }
            }
        }
    }
}

/// What the host is told. That the session ended and that there is no such sheet any more is the same to it.
fn result(node: &World, reply: &Reply) -> String {
    let delivered = reply.delivered();
    let told = delivered.map(|to| to.get("result").to_owned());
    match told.as_deref() {
        Some("ended") => "over".to_owned(),
        None if reply.status == 410 => "over".to_owned(),
        Some(result) => result.to_owned(),
        None => summary(node, reply),
    }
}
