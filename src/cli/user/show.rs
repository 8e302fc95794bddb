//! How a person is shown to an operator: in a list, and whole.

use domain::identity::IdentityKind;
use domain::user::User;
use flow::administer::shown_users::ShownUser;
use foundation::bounded_text::safe_to_show;
use serde_json::{Value, json};

use crate::cli::output::{lines, table};

pub(super) const HEAD: &[&str] = &["username", "state", "since"];

fn state(user: &User) -> &'static str {
    if user.is_active() {
        "active"
    } else {
        "disabled"
    }
}

pub(super) fn row(user: &User) -> Vec<String> {
    vec![
        user.username.clone(),
        state(user).to_owned(),
        user.created_at.rfc3339(),
    ]
}

pub(super) fn listed(user: &User) -> Value {
    json!({
        "username": user.username,
        "state": state(user),
        "created_at": user.created_at.rfc3339(),
        "disabled_at": user.disabled_at.map(|at| at.rfc3339()),
    })
}

pub(super) fn json(shown: &ShownUser) -> Value {
    let mut json = listed(&shown.user);
    json["language"] = json!(shown.user.language);
    json["identities"] = shown
        .identities
        .iter()
        .map(|i| {
            let verified_at = i.verified_at.map(|at| at.rfc3339());
            json!({ "kind": i.kind.word(), "value": i.value, "verified_at": verified_at })
        })
        .collect();
    json["profile"] = json!(shown.profile);
    json["sessions"] = json!(shown.sessions);
    json["programs"] = shown
        .programs
        .iter()
        .map(|p| {
            json!({
                "client_id": p.grant.client_id,
                "client_name": p.name,
                "scope": p.grant.scopes.names().to_string(),
                "since": p.grant.created_at.rfc3339(),
                "last_used_at": p.grant.last_used_at.rfc3339(),
            })
        })
        .collect();
    json
}

pub(super) fn text(shown: &ShownUser) -> String {
    let user = &shown.user;
    let mut pairs = vec![
        ("username", user.username.clone()),
        ("state", state(user).to_owned()),
        ("since", user.created_at.rfc3339()),
        ("sessions", shown.sessions.to_string()),
    ];
    if let Some(language) = &user.language {
        pairs.push(("language", language.clone()));
    }
    let others = shown.identities.iter();
    for identity in others.filter(|i| i.kind != IdentityKind::Username) {
        let verified = match identity.verified_at {
            Some(_) => "",
            None => " (not verified)",
        };
        pairs.push((
            identity.kind.word(),
            format!("{}{verified}", identity.value),
        ));
    }
    let mut text = lines(&pairs);
    if let Ok(profile) = serde_json::to_string_pretty(&shown.profile) {
        let profile: Vec<String> = profile.lines().map(safe_to_show).collect();
        text.push_str(&format!("\nProfile\n{}\n", profile.join("\n")));
    }
    if !shown.programs.is_empty() {
        let rows: Vec<Vec<String>> = shown
            .programs
            .iter()
            .map(|p| {
                vec![
                    p.name.clone(),
                    p.grant.client_id.to_string(),
                    p.grant.scopes.names().to_string(),
                    p.grant.created_at.rfc3339(),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(&table(
            &["program", "client_id", "may know", "since"],
            &rows,
        ));
    }
    text
}
