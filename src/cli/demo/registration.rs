//! Registers the demonstration's people, publishers and programs, by the same flows that an
//! operator's commands use. A second start finds them in `demo.json` and changes nothing.

use demo::{
    DemoAddresses, DemoClient, DemoClients, DemoManifest, host_metadata, manifests, people,
};
use flow::administer::Refusal;
use flow::administer::clients::Registered;
use flow::administer::users::NewUser;
use foundation::secret::SecretText;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::folder::Folder;
use crate::cli::context::Context;
use crate::cli::output::Problem;

/// What `demo.json` holds.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Known {
    issuer: String,
    addresses: DemoAddresses,
    people: Vec<KnownPerson>,
    pub(super) clients: DemoClients,
}

#[derive(Clone, Deserialize, Serialize)]
struct KnownPerson {
    username: String,
    password: String,
}

/// What is registered already, or is now.
pub(super) fn register(
    context: &Context,
    folder: &Folder,
    at: &DemoAddresses,
    port: u16,
    one_site: bool,
) -> Result<Known, Problem> {
    let before: Option<Known> = folder
        .description()
        .and_then(|text| serde_json::from_str(&text).ok());
    if let Some(known) = &before {
        if &known.addresses == at && still_there(context, &known.clients)? {
            return Ok(known.clone());
        }
        // Another port: the programs' addresses are part of their registrations.
        forget(context, &known.clients)?;
    }
    add_people(context)?;
    let known = Known {
        issuer: at.portico.clone(),
        addresses: at.clone(),
        people: people()
            .into_iter()
            .map(|p| KnownPerson {
                username: p.username.to_owned(),
                password: p.password.to_owned(),
            })
            .collect(),
        clients: add_clients(context, port, one_site)?,
    };
    let text = serde_json::to_string_pretty(&known)
        .map_err(|e| Problem::said(format!("demo.json: {e}")))?;
    folder.describe(&text)?;
    Ok(known)
}

fn ids(clients: &DemoClients) -> [&str; 4] {
    [&clients.nova, &clients.market, &clients.taxi, &clients.bank].map(|c| c.client_id.as_str())
}

fn still_there(context: &Context, clients: &DemoClients) -> Result<bool, Problem> {
    for id in ids(clients) {
        match context.act(context.flows().show_client(id)) {
            Ok(_) => {}
            Err(Problem::Refused(Refusal::NotFound { .. })) => return Ok(false),
            Err(problem) => return Err(problem),
        }
    }
    Ok(true)
}

fn forget(context: &Context, clients: &DemoClients) -> Result<(), Problem> {
    for id in ids(clients) {
        match context.act(context.flows().delete_client(id)) {
            Ok(_) | Err(Problem::Refused(Refusal::NotFound { .. })) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// Adds the people who are not there yet.
fn add_people(context: &Context) -> Result<(), Problem> {
    for person in people() {
        let new = NewUser {
            username: person.username.to_owned(),
            password: SecretText::new(person.password),
            email: None,
            phone: None,
            name: None,
            verified: false,
            profile: Some(person.profile),
        };
        match context.act(context.flows().add_user(new)) {
            Ok(_) | Err(Problem::Refused(Refusal::Taken { .. })) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

fn add_clients(context: &Context, port: u16, one_site: bool) -> Result<DemoClients, Problem> {
    let flows = context.flows();
    let nova = credentials(context.act(flows.add_client(&host_metadata(port)))?)?;
    let mut programs = Vec::new();
    for DemoManifest {
        slug,
        publisher,
        mut manifest,
    } in manifests(port, one_site)
    {
        let publisher = context.act(flows.add_publisher(publisher))?;
        context.act(flows.verify_publisher(publisher.id.as_str()))?;
        if let Some(members) = manifest.as_object_mut() {
            members.insert("publisher".into(), json!(publisher.id));
        }
        programs.push((
            slug,
            credentials(context.act(flows.add_mini_program(&manifest))?)?,
        ));
    }
    let program = |slug: &str| {
        let found = programs
            .iter()
            .find(|(known, _)| *known == slug)
            .map(|(_, client)| client.clone());
        found.ok_or_else(|| Problem::said(format!("the demonstration has no program {slug:?}")))
    };
    Ok(DemoClients {
        nova,
        market: program("market")?,
        taxi: program("taxi")?,
        bank: program("bank")?,
    })
}

fn credentials(registered: Registered) -> Result<DemoClient, Problem> {
    let client_id = registered.client.id.to_string();
    let client_secret = registered
        .secret
        .ok_or_else(|| Problem::said(format!("{client_id} has no secret")))?;
    Ok(DemoClient {
        client_id,
        client_secret,
    })
}
