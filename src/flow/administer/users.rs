//! People, added by the operator; shown by [`super::shown_users`], changed by `user_changes`.

use domain::administrator::Permission;
use domain::identity::{Identity, IdentityKind, normal_email, normal_phone};
use domain::profile::{Profile, ProfileError};
use domain::typed_text::{as_seen, password_form};
use domain::user::{User, Username};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::UserId;
use foundation::secret::SecretText;

use super::{Administered, Administration, Refusal};
use crate::passwords::{PASSWORD_MAX, PASSWORD_MIN};

/// A person to add.
#[derive(Debug)]
pub struct NewUser {
    /// What they sign in with; kept in lower case.
    pub username: String,
    /// Their password.
    pub password: SecretText,
    /// An e-mail address, over the profile's.
    pub email: Option<String>,
    /// A phone number, over the profile's.
    pub phone: Option<String>,
    /// A full name, over the profile's.
    pub name: Option<String>,
    /// Whether the operator vouches for e-mail and phone.
    pub verified: bool,
    /// The profile, under the names of OIDC Core §5.1.
    pub profile: Option<serde_json::Value>,
}

/// What is to change about a person; what is not named stays.
#[derive(Debug, Default)]
pub struct UserChange {
    /// Another e-mail address.
    pub email: Option<String>,
    /// Another phone number.
    pub phone: Option<String>,
    /// Another full name.
    pub name: Option<String>,
    /// Whether the operator vouches for e-mail and phone.
    pub verified: bool,
    /// Another profile in the place of the whole.
    pub profile: Option<serde_json::Value>,
    /// Take the e-mail address away.
    pub no_email: bool,
    /// Take the phone number away.
    pub no_phone: bool,
}

/// What is stored about a new person.
struct NewUserRecord {
    user: User,
    profile: Profile,
    identities: Vec<Identity>,
}

impl Administration {
    /// Adds a person; gives the username as it was stored.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn add_user(&self, new: NewUser) -> Administered<String> {
        if let Err(refusal) = self.permitted(Permission::ChangeUsers) {
            return Ok(Err(refusal));
        }
        let now = self.clock.now();
        let mut record = match checked(&new, UserId::new(now, self.entropy.as_ref()), now) {
            Ok(record) => record,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let hash = self.passwords.hash(new.password).await?;
        record.user.password_hash = Some(hash);
        let audited = self.audited("user.added").of_user(record.user.id);
        self.administer(Permission::ChangeUsers, move |tx| {
            let user = &record.user;
            for identity in &record.identities {
                let taken = taken_by_other(tx, identity.kind, &identity.value, user.id)?;
                if let Some(refusal) = taken {
                    return Ok(Err(refusal));
                }
            }
            if !store::users::insert(tx, user)? {
                return Ok(Err(Refusal::Taken {
                    what: "username",
                    value: user.username.clone(),
                }));
            }
            for identity in &record.identities {
                if !store::identities::insert(tx, user.id, identity)? {
                    return Err(Fault::unavailable(
                        "the identity",
                        "it was taken a moment ago",
                    ));
                }
            }
            store::profiles::put(tx, user.id, &record.profile, now)?;
            audited.insert(tx)?;
            Ok(Ok(user.username.clone()))
        })
        .await
    }
}

/// A password that an operator chose, in its normal form.
pub(super) fn checked_password(password: &SecretText) -> Result<SecretText, Refusal> {
    let password = password_form(password).ok_or_else(|| {
        Refusal::invalid("password", "must not be empty or have control characters")
    })?;
    let length = password.expose().chars().count();
    match (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        true => Ok(password),
        false => {
            let problem = format!("must be {PASSWORD_MIN} to {PASSWORD_MAX} characters long");
            Err(Refusal::invalid("password", problem))
        }
    }
}

/// A refusal if somebody else signs in with this.
pub(super) fn taken_by_other(
    db: &mut store::Connection,
    kind: IdentityKind,
    value: &str,
    user: UserId,
) -> Result<Option<Refusal>, Fault> {
    let found = store::identities::find_user(db, &[(kind, value.to_owned())])?;
    Ok(found
        .filter(|other| other.id != user)
        .map(|_| Refusal::Taken {
            what: kind.word(),
            value: value.to_owned(),
        }))
}

/// The profile after a change: another one where one was given, with what was said beside it.
pub(super) fn changed_profile(before: &Profile, change: &UserChange) -> Result<Profile, Refusal> {
    let mut profile = match &change.profile {
        Some(json) => Profile::parse(json).map_err(of_profile)?,
        None => before.clone(),
    };
    if change.no_email {
        (profile.email, profile.email_verified) = (None, None);
    }
    if change.no_phone {
        (profile.phone_number, profile.phone_number_verified) = (None, None);
    }
    let said = Said {
        name: change.name.as_deref(),
        email: change.email.as_deref(),
        phone: change.phone.as_deref(),
        verified: change.verified,
    };
    said.put_into(profile)
}

fn checked(new: &NewUser, id: UserId, now: Instant) -> Result<NewUserRecord, Refusal> {
    let username = Username::parse(&new.username).ok_or_else(|| {
        Refusal::invalid(
            "username",
            "must be 2 to 64 letters, digits, dots, dashes or underscores",
        )
    })?;
    checked_password(&new.password)?;
    let profile = profile_of(new)?;
    let verified = |yes: Option<bool>| (yes == Some(true)).then_some(now);
    let name = Identity {
        kind: IdentityKind::Username,
        value: username.as_str().to_owned(),
        verified_at: Some(now),
    };
    let mut identities = vec![name];
    if let Some(value) = profile.email.as_deref() {
        let value = normal_email(value)
            .ok_or_else(|| Refusal::invalid("email", "is not an e-mail address"))?;
        identities.push(Identity {
            kind: IdentityKind::Email,
            value,
            verified_at: verified(profile.email_verified),
        });
    }
    if let Some(value) = profile.phone_number.as_deref() {
        let value = normal_phone(value).ok_or_else(|| Refusal::invalid("phone", PHONE_FORM))?;
        let verified_at = verified(profile.phone_number_verified);
        identities.push(Identity {
            kind: IdentityKind::Phone,
            value,
            verified_at,
        });
    }
    let user = User {
        id,
        username: username.as_str().to_owned(),
        password_hash: None,
        language: None,
        disabled_at: None,
        created_at: now,
    };
    Ok(NewUserRecord {
        user,
        profile,
        identities,
    })
}

const PHONE_FORM: &str = "must be a number in international form, such as +375295554567";

/// The profile of a new person with what was said beside it.
fn profile_of(new: &NewUser) -> Result<Profile, Refusal> {
    let profile = match &new.profile {
        Some(json) => Profile::parse(json).map_err(of_profile)?,
        None => Profile::default(),
    };
    let said = Said {
        name: new.name.as_deref(),
        email: new.email.as_deref(),
        phone: new.phone.as_deref(),
        verified: new.verified,
    };
    said.put_into(profile)
}

/// What the operator types beside a profile.
struct Said<'a> {
    name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    verified: bool,
}

impl Said<'_> {
    /// What the operator types counts as verified if they say so; what the profile says about itself
    /// counts as it says.
    fn put_into(&self, mut profile: Profile) -> Result<Profile, Refusal> {
        if let Some(name) = self.name {
            profile.name = Some(name.trim().to_owned());
        }
        if let Some(email) = self.email {
            profile.email = Some(email.to_owned());
            profile.email_verified = None;
        }
        if let Some(phone) = self.phone {
            profile.phone_number = Some(phone.to_owned());
            profile.phone_number_verified = None;
        }
        if let Some(phone) = &profile.phone_number {
            // "E.164 is RECOMMENDED as the format of this Claim" (OIDC Core §5.1).
            let number =
                normal_phone(phone).ok_or_else(|| Refusal::invalid("phone", PHONE_FORM))?;
            profile.phone_number = Some(number);
        }
        if let Some(email) = &profile.email {
            if normal_email(email).is_none() {
                return Err(Refusal::invalid("email", "is not an e-mail address"));
            }
            profile.email = Some(as_seen(email));
        }
        if self.verified {
            profile.email_verified = profile.email.is_some().then_some(true);
            profile.phone_number_verified = profile.phone_number.is_some().then_some(true);
        }
        profile.checked().map_err(of_profile)
    }
}

/// A refusal that names the member: `profile.addresses[0].label`.
fn of_profile(error: ProfileError) -> Refusal {
    let what = match error.member.as_str() {
        "" => "profile".to_owned(),
        member => format!("profile.{member}"),
    };
    Refusal::invalid(what, error.problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foundation::entropy::SeededEntropy;
    use serde_json::json;

    fn ada() -> NewUser {
        NewUser {
            username: "Ada".into(),
            password: SecretText::new("difference engine no. 2"),
            email: Some("Ada@Example.com".into()),
            phone: Some("+375 29 555-45-67".into()),
            name: Some("Ada Lovelace".into()),
            verified: true,
            profile: None,
        }
    }

    fn record(new: &NewUser) -> Result<NewUserRecord, Refusal> {
        let now = Instant::from_seconds(60);
        checked(new, UserId::new(now, &SeededEntropy::new(1)), now)
    }

    #[test]
    fn a_person_can_sign_in_with_all_that_was_said() {
        let record = record(&ada()).expect("good");
        let values: Vec<_> = record.identities.iter().map(|i| i.value.as_str()).collect();
        assert_eq!(values, ["ada", "ada@example.com", "+375295554567"]);
        assert!(record.identities.iter().all(|i| i.verified_at.is_some()));
        assert_eq!(
            record.profile.phone_number.as_deref(),
            Some("+375295554567")
        );
        assert_eq!(record.profile.phone_number_verified, Some(true));
    }

    #[test]
    fn a_typed_address_is_not_vouched_for_by_the_file() {
        let file = json!({ "email": "old@example.com", "email_verified": true, "name": "A" });
        let new = NewUser {
            profile: Some(file),
            verified: false,
            phone: None,
            ..ada()
        };
        let record = record(&new).expect("good");
        assert_eq!(record.profile.email_verified, None);
        assert_eq!(record.profile.name.as_deref(), Some("Ada Lovelace"));
        assert!(record.identities[1].verified_at.is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (new, what) in [
            (
                NewUser {
                    username: "a b".into(),
                    ..ada()
                },
                "username",
            ),
            (
                NewUser {
                    password: SecretText::new("short"),
                    ..ada()
                },
                "password",
            ),
            (
                NewUser {
                    email: Some("ada".into()),
                    ..ada()
                },
                "email",
            ),
            (
                NewUser {
                    phone: Some("555".into()),
                    ..ada()
                },
                "phone",
            ),
            (
                NewUser {
                    profile: Some(json!(["Mallory", "x"])),
                    ..ada()
                },
                "profile: must be a JSON object",
            ),
            (
                NewUser {
                    profile: Some(json!({ "nmae": "Ada" })),
                    ..ada()
                },
                "profile.nmae: unknown field",
            ),
            (
                NewUser {
                    profile: Some(json!({ "addresses": [{ "label": "x".repeat(100_000) }] })),
                    ..ada()
                },
                "profile.addresses[0].label: is longer than 500 characters",
            ),
            (
                NewUser {
                    profile: Some(json!({ "birthdate": "May" })),
                    ..ada()
                },
                "profile.birthdate",
            ),
        ] {
            let refusal = record(&new).err().expect("refused");
            assert!(refusal.to_string().starts_with(what), "{refusal}");
        }
    }
}
