//! What a person and their programs do, at random, until the server is gone.

use serde_json::Value;

use super::chance::Chance;
use super::ledger::{Code, Family, Fate, Grant, Ledger, SignIn};
use super::visit::{Acknowledged, Browser, Http, Lost, Opened};

/// A program's registration.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) id: String,
    pub(super) secret: String,
}

impl Program {
    pub(super) fn credential(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

/// Where the codes are sent; nobody listens there.
pub(super) const CALLBACK: &str = "https://programs.example/callback";
/// The example of RFC 7636, Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const PASSWORD: &str = "open sesame 1793";

/// One person at work.
pub(super) struct Actor<'a> {
    pub(super) username: String,
    pub(super) programs: &'a [Program],
    pub(super) ledger: Ledger,
    pub(super) chance: Chance,
}

/// The usual request of a program.
pub(super) fn request(program: &Program) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &program.id)
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("scope", "openid profile.basic phone.verified")
        .append_pair("state", "s")
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .finish();
    format!("/authorize?{query}")
}

/// A token as a JSON answer has it.
pub(super) fn text(answer: &Value, member: &str) -> String {
    let found = answer.get(member).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {member}: {answer}"))
        .to_owned()
}

impl Actor<'_> {
    /// Does something, whatever it is.
    pub(super) async fn act(&mut self, http: &Http) -> Acknowledged<()> {
        let Some(sign_in) = self.ledger.signed_in() else {
            return self.sign_in(http).await;
        };
        let program = self.chance.below(self.programs.len());
        let some_family = self.some_family();
        match (self.chance.below(20), some_family) {
            (0, _) => self.sign_in(http).await,
            (1, _) => self.sign_out(http, sign_in).await,
            (2, _) => self.remove(http, sign_in, program).await,
            (3, _) => self.take_back_phone(http, sign_in, program).await,
            (4..=9, Some(family)) => self.refresh(http, family).await,
            (10, Some(family)) => self.revoke_refresh(http, family).await,
            (11, Some(family)) => self.revoke_access(http, family).await,
            _ => self.open(http, sign_in, program).await,
        }
    }

    /// One of the last families that have tokens and should be good.
    fn some_family(&mut self) -> Option<usize> {
        let ledger = &self.ledger;
        let good =
            |f: &Family| f.refresh.is_some() && !f.refreshing && ledger.fate(f) == Fate::Stands;
        let all = ledger.families.iter().enumerate().rev();
        let good: Vec<usize> = all
            .filter(|(_, f)| good(f))
            .map(|(i, _)| i)
            .take(6)
            .collect();
        (!good.is_empty()).then(|| good[self.chance.below(good.len())])
    }

    pub(super) async fn sign_in(&mut self, http: &Http) -> Acknowledged<()> {
        let mut browser = Browser::default();
        let done = browser.sign_in(http, &self.username, PASSWORD).await;
        // Cut off, the cookie never came, so there is nothing to keep.
        if browser.has_session() {
            done?;
            self.ledger.tally.sign_ins += 1;
            self.ledger.sign_ins.push(SignIn {
                browser,
                fate: Fate::Stands,
            });
            return Ok(());
        }
        done
    }

    async fn sign_out(&mut self, http: &Http, sign_in: usize) -> Acknowledged<()> {
        let entry = &mut self.ledger.sign_ins[sign_in];
        entry.fate = Fate::Unknown;
        entry.browser.clone().sign_out(http).await?;
        entry.fate = Fate::Ended;
        self.ledger.tally.revocations += 1;
        Ok(())
    }

    /// Opens a program, decides if asked, and lets it redeem its code, mostly.
    async fn open(&mut self, http: &Http, sign_in: usize, program: usize) -> Acknowledged<()> {
        let asked = request(&self.programs[program]);
        let mut browser = self.ledger.sign_ins[sign_in].browser.clone();
        let known = self.ledger.grant(program);
        let (grant, code) = match browser.open(http, &asked).await? {
            Opened::AtOnce(code) => {
                let grant = known.expect("no code without a consent");
                let entry = &mut self.ledger.grants[grant];
                assert_ne!(entry.fate, Fate::Ended, "a withdrawn consent serves");
                entry.fate = Fate::Stands;
                (grant, code)
            }
            Opened::Sheet(sheet) => {
                if let Some(grant) = known {
                    let entry = &mut self.ledger.grants[grant];
                    assert_ne!(entry.fate, Fate::Stands, "what was allowed is asked again");
                    entry.fate = Fate::Ended;
                }
                let phone = self.chance.below(3) > 0;
                // A row that is not offered was refused before.
                let phone_then = match phone && sheet.offers_phone {
                    true => Fate::Stands,
                    false => Fate::Ended,
                };
                self.ledger.grants.push(Grant {
                    program,
                    fate: Fate::Unknown,
                    phone: phone_then,
                });
                let grant = self.ledger.grants.len() - 1;
                let code = browser.allow(http, sheet, phone).await?;
                self.ledger.grants[grant].fate = Fate::Stands;
                self.ledger.tally.consents += 1;
                (grant, code)
            }
        };
        self.ledger.note_code((sign_in, program), grant, code);
        if self.chance.below(8) == 0 {
            return Ok(());
        }
        self.redeem(http, self.ledger.families.len() - 1).await
    }

    async fn redeem(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        self.ledger.families[family].redeemed = Code::Presented;
        let answer = self.present_code(http, family).await?;
        let answer = answer.expect("a good code is good");
        self.ledger.tally.redemptions += 1;
        let entry = &mut self.ledger.families[family];
        entry.redeemed = Code::Redeemed;
        entry.keep(&answer);
        Ok(())
    }

    /// Presents a code: an answer with tokens, or the refusal's `error`.
    pub(super) async fn present_code(
        &self,
        http: &Http,
        family: usize,
    ) -> Acknowledged<Result<Value, String>> {
        let entry = &self.ledger.families[family];
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", entry.code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(http, entry.program, &fields).await
    }

    /// Presents a family's refresh token.
    pub(super) async fn present_refresh(
        &self,
        http: &Http,
        family: usize,
    ) -> Acknowledged<Result<Value, String>> {
        let entry = &self.ledger.families[family];
        let refresh_token = entry.refresh.as_deref().expect("it has one");
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.token(http, entry.program, &fields).await
    }

    async fn token(
        &self,
        http: &Http,
        program: usize,
        fields: &[(&str, &str)],
    ) -> Acknowledged<Result<Value, String>> {
        let credential = self.programs[program].credential();
        let answer = http.backend("/token", credential, fields).await?;
        match answer.status {
            200 => Ok(Ok(answer.json())),
            400 => Ok(Err(text(&answer.json(), "error"))),
            _ => panic!("{answer:?}"),
        }
    }

    async fn refresh(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        self.ledger.families[family].refreshing = true;
        let answer = self.present_refresh(http, family).await?;
        let answer = answer.expect("a good refresh token is good");
        self.ledger.tally.refreshes += 1;
        let entry = &mut self.ledger.families[family];
        entry.refreshing = false;
        entry.keep(&answer);
        Ok(())
    }

    async fn revoke(&self, http: &Http, program: usize, token: &str) -> Acknowledged<()> {
        let credential = self.programs[program].credential();
        let answer = http
            .backend("/revoke", credential, &[("token", token)])
            .await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(())
    }

    async fn revoke_refresh(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        let entry = &mut self.ledger.families[family];
        entry.fate = Fate::Unknown;
        let (program, token) = (entry.program, entry.refresh.clone().expect("it has one"));
        self.revoke(http, program, &token).await?;
        self.ledger.families[family].fate = Fate::Ended;
        self.ledger.tally.revocations += 1;
        Ok(())
    }

    async fn revoke_access(&mut self, http: &Http, family: usize) -> Acknowledged<()> {
        let entry = &mut self.ledger.families[family];
        let program = entry.program;
        let (token, fate) = entry.access.last_mut().expect("it has one");
        *fate = Fate::Unknown;
        let token = token.clone();
        self.revoke(http, program, &token).await?;
        let entry = &mut self.ledger.families[family];
        entry.access.last_mut().expect("it has one").1 = Fate::Ended;
        self.ledger.tally.revocations += 1;
        Ok(())
    }

    /// Takes everything back from a program, on the account page.
    async fn remove(&mut self, http: &Http, sign_in: usize, program: usize) -> Acknowledged<()> {
        let Some(grant) = self.standing_grant(program) else {
            return Ok(());
        };
        self.ledger.grants[grant].fate = Fate::Unknown;
        let id = &self.programs[program].id;
        let mut browser = self.ledger.sign_ins[sign_in].browser.clone();
        browser.change(http, "revoke", id).await?;
        self.ledger.grants[grant].fate = Fate::Ended;
        self.ledger.tally.revocations += 1;
        Ok(())
    }

    async fn take_back_phone(
        &mut self,
        http: &Http,
        sign_in: usize,
        program: usize,
    ) -> Acknowledged<()> {
        let Some(grant) = self.standing_grant(program) else {
            return Ok(());
        };
        if self.ledger.grants[grant].phone != Fate::Stands {
            return Ok(());
        }
        self.ledger.grants[grant].phone = Fate::Unknown;
        let value = format!("{} phone.verified", self.programs[program].id);
        let mut browser = self.ledger.sign_ins[sign_in].browser.clone();
        browser.change(http, "take_back", &value).await?;
        self.ledger.grants[grant].phone = Fate::Ended;
        self.ledger.tally.revocations += 1;
        Ok(())
    }

    fn standing_grant(&self, program: usize) -> Option<usize> {
        let grant = self.ledger.grant(program)?;
        (self.ledger.grants[grant].fate == Fate::Stands).then_some(grant)
    }

    /// Acts until the server is gone. `told` is rung before each act.
    pub(super) async fn act_until_cut_off(&mut self, http: &Http, told: impl Fn()) -> String {
        loop {
            told();
            match self.act(http).await {
                Ok(()) => {}
                Err(Lost::Busy) => self.ledger.tally.cut_off += 1,
                Err(Lost::Cut(how)) => {
                    self.ledger.tally.cut_off += 1;
                    return how;
                }
            }
        }
    }
}

impl Family {
    /// Keeps the tokens of an answer.
    pub(super) fn keep(&mut self, answer: &Value) {
        self.access
            .push((text(answer, "access_token"), Fate::Stands));
        if let Some(token) = answer.get("refresh_token").and_then(Value::as_str) {
            self.refresh = Some(token.to_owned());
        }
    }
}
