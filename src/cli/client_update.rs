//! What `client update` and `mini-program update` say before they do it: what changes, member by member,
//! and what people will be asked again.

use clap::Args;
use domain::registration_change::{ChangedMember, WhyAsked};
use flow::administer::client_updates::PlannedUpdate;
use foundation::bounded_text::safe_to_show;
use serde_json::{Value, json};

use super::ask::confirmed;
use super::context::Context;
use super::output::{Output, Problem};

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct ClientUpdate {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Say what would change, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

pub(super) fn run(
    plan: PlannedUpdate,
    update: &ClientUpdate,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let (mut json, text) = (shown(&plan), told(&plan));
    if update.dry_run || plan.change.is_empty() {
        json["updated"] = json!(false);
        return output.print(&json, || text);
    }
    if !update.yes {
        eprintln!("{text}");
    }
    confirmed(update.yes, "Update it?")?;
    let (id, name) = (plan.before.id.clone(), plan.before.name().to_owned());
    let updated = context.act(context.administration().update_client(plan))?;
    json["updated"] = json!(true);
    if let Some(secret) = &updated.secret {
        json["client_secret"] = json!(secret.expose());
    }
    output.print(&json, || {
        let mut said = match update.yes {
            true => format!("{text}\n\n{} ({id}) is updated.", safe_to_show(&name)),
            false => format!("{} ({id}) is updated.", safe_to_show(&name)),
        };
        if let Some(secret) = &updated.secret {
            said.push_str(&format!(
                "\n\n  client_secret  {}\n\nThe secret is not stored: keep it now.",
                secret.expose()
            ));
        }
        said
    })
}

fn shown(plan: &PlannedUpdate) -> Value {
    let change = &plan.change;
    let members = change.members.iter();
    let asked = change.asked.iter();
    json!({
        "client_id": plan.before.id,
        "changes": members.map(|m| json!({ "member": m.member, "before": m.before, "after": m.after })).collect::<Vec<_>>(),
        "asked_again": asked.map(|(name, why)| json!({ "scope": name, "why": why.word() })).collect::<Vec<_>>(),
        "lost": change.lost,
        "people": plan.people,
    })
}

fn told(plan: &PlannedUpdate) -> String {
    let change = &plan.change;
    if change.is_empty() {
        return "Nothing changes.".to_owned();
    }
    let mut text = String::new();
    for member in &change.members {
        text.push_str(&diff(member));
    }
    if !change.asked.is_empty() {
        text.push_str("\nPeople will be asked again about\n");
        for (name, why) in &change.asked {
            let why = match why {
                WhyAsked::New => "new",
                WhyAsked::OtherPurpose => "its purpose has other words",
                WhyAsked::NothingRemembered => {
                    "each time: a program that cannot prove who it is is not remembered"
                }
            };
            text.push_str(&format!("  {name}  ({why})\n"));
        }
    }
    if !change.lost.is_empty() {
        let names: Vec<String> = change.lost.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "\nIt will not be told any more: {}\n",
            names.join(", ")
        ));
    }
    text.push_str(&format!("\n{}", people(plan.people)));
    text
}

fn people(number: i64) -> String {
    match number {
        0 => "Nobody has allowed it anything yet.".to_owned(),
        1 => "One person has allowed it something.".to_owned(),
        many => format!("{many} people have allowed it something."),
    }
}

/// The lines of a member that go and that come. What stands in a file cannot move the cursor.
fn diff(changed: &ChangedMember) -> String {
    let mut text = format!("{}\n", safe_to_show(&changed.member));
    for (sign, value) in [('-', &changed.before), ('+', &changed.after)] {
        let Some(value) = value else { continue };
        let other = if sign == '-' {
            &changed.after
        } else {
            &changed.before
        };
        for entry in entries(value, other.as_ref()) {
            text.push_str(&format!("  {sign} {}\n", safe_to_show(&entry)));
        }
    }
    text
}

/// Of a list, those entries that the other does not have; of an object, those members; of anything else,
/// the whole.
fn entries(value: &Value, other: Option<&Value>) -> Vec<String> {
    let told = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (value, other) {
        (Value::Array(entries), other) => {
            let others = other.and_then(Value::as_array);
            let is_new = |entry: &&Value| others.is_none_or(|others| !others.contains(entry));
            entries.iter().filter(is_new).map(told).collect()
        }
        (Value::Object(members), Some(Value::Object(others))) => members
            .iter()
            .filter(|(name, value)| others.get(*name) != Some(value))
            .map(|(name, value)| format!("{name}: {}", told(value)))
            .collect(),
        (whole, _) => vec![told(whole)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_comes_and_goes() {
        let changed = ChangedMember {
            member: "redirect_uris".into(),
            before: Some(json!(["https://a.example/cb", "https://b.example/cb"])),
            after: Some(json!([
                "https://b.example/cb",
                "https://c.example/\u{1b}[2Jcb"
            ])),
        };
        assert_eq!(
            diff(&changed),
            "redirect_uris\n  - https://a.example/cb\n  + https://c.example/[2Jcb\n"
        );
        let gone = ChangedMember {
            member: "policy_uri".into(),
            before: Some(json!("https://a.example/policy")),
            after: None,
        };
        assert_eq!(diff(&gone), "policy_uri\n  - https://a.example/policy\n");
    }

    #[test]
    fn of_an_object_only_what_differs_is_said() {
        let changed = ChangedMember {
            member: "scope_purposes".into(),
            before: Some(json!({ "openid": "x", "profile.basic": { "en": "To greet you." } })),
            after: Some(json!({ "openid": "x", "profile.basic": { "en": "To sell it." } })),
        };
        assert_eq!(
            diff(&changed),
            "scope_purposes\n  - profile.basic: {\"en\":\"To greet you.\"}\n  \
             + profile.basic: {\"en\":\"To sell it.\"}\n"
        );
    }
}
