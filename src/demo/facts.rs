//! What is fixed about each mini-program: its names, its publisher, and the scopes it asks for
//! with the reason it gives. Shared by its registration and its pages, so that they agree.

/// The facts of one mini-program.
#[derive(Debug)]
pub(crate) struct ProgramFacts {
    /// In host names, file names and style classes.
    pub(crate) slug: &'static str,
    /// As people read it.
    pub(crate) name: &'static str,
    /// Who made it.
    pub(crate) publisher: &'static str,
    /// Besides `openid`.
    pub(crate) scopes: &'static [ScopeFacts],
    /// How its backend hears that a stay has ended.
    pub(crate) hears: Hears,
}

/// How a program hears that a stay has ended, besides that it asks Portico with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    /// It does not, and learns it with the next request; or the bridge tells its page.
    Nothing,
    /// Logout tokens come to [`LOGOUT_TOKENS_AT`].
    LogoutTokens,
    /// It follows the event stream of its client.
    EventStream,
}

/// Where logout tokens come, on a program's own host.
pub(crate) const LOGOUT_TOKENS_AT: &str = "/backchannel-logout";

/// One scope that a mini-program asks for.
#[derive(Debug)]
pub(crate) struct ScopeFacts {
    /// The scope's name at Portico.
    pub(crate) scope: &'static str,
    /// What a person calls it, after "your".
    pub(crate) noun: &'static str,
    /// Why the publisher wants it, by language; shown in quotation marks on the consent sheet.
    pub(crate) purposes: &'static [(&'static str, &'static str)],
    /// What the program cannot do without it; a whole sentence on its page.
    pub(crate) without: &'static str,
}

pub(crate) const PROFILE_BASIC: &str = "profile.basic";
pub(crate) const PHONE_VERIFIED: &str = "phone.verified";
pub(crate) const ADDRESSES: &str = "addresses";
pub(crate) const KYC_STATUS: &str = "kyc.status";
pub(crate) const PAYMENT_METHODS: &str = "payment_methods";

/// Market: a shelf and a cart.
pub(crate) const MARKET: ProgramFacts = ProgramFacts {
    slug: "market",
    name: "Market",
    publisher: "Meadow Trading",
    scopes: &[
        ScopeFacts {
            scope: PROFILE_BASIC,
            noun: "name",
            purposes: &[
                (
                    "en",
                    "So that we can greet you and put a name on your order.",
                ),
                ("ru", "Чтобы поздороваться и подписать заказ."),
            ],
            without: "We'll call you guest.",
        },
        ScopeFacts {
            scope: PHONE_VERIFIED,
            noun: "phone number",
            purposes: &[
                ("en", "So that we can text you when your order arrives."),
                ("ru", "Чтобы сообщить, что заказ приехал."),
            ],
            without: "We can't text you when it arrives.",
        },
    ],
    hears: Hears::Nothing,
};

/// Taxi: a ride to a saved address.
pub(crate) const TAXI: ProgramFacts = ProgramFacts {
    slug: "taxi",
    name: "Taxi",
    publisher: "Yellow Lamp Rides",
    scopes: &[
        ScopeFacts {
            scope: PROFILE_BASIC,
            noun: "name",
            purposes: &[
                ("en", "So that the driver knows whom to ask for."),
                ("ru", "Чтобы водитель знал, кого спросить."),
            ],
            without: "The driver will ask for “a guest of Nova”.",
        },
        ScopeFacts {
            scope: ADDRESSES,
            noun: "saved addresses",
            purposes: &[
                (
                    "en",
                    "So that you can pick where to go instead of typing it.",
                ),
                ("ru", "Чтобы вы могли выбрать адрес, а не набирать его."),
            ],
            without: "Type where you want to go.",
        },
    ],
    hears: Hears::EventStream,
};

/// Bank: a balance, cards and a transfer.
pub(crate) const BANK: ProgramFacts = ProgramFacts {
    slug: "bank",
    name: "Bank",
    publisher: "Harbour Savings",
    scopes: &[
        ScopeFacts {
            scope: KYC_STATUS,
            noun: "identity check",
            purposes: &[
                (
                    "en",
                    "We may show money only to people whose identity was checked.",
                ),
                (
                    "ru",
                    "Мы вправе показывать деньги только тем, чью личность проверили.",
                ),
            ],
            without: "Your balance stays hidden: we may show money only to people whose identity was checked.",
        },
        ScopeFacts {
            scope: PAYMENT_METHODS,
            noun: "cards",
            purposes: &[
                ("en", "So that your cards appear beside your balance."),
                ("ru", "Чтобы рядом с остатком были видны ваши карты."),
            ],
            without: "No card is shown here.",
        },
    ],
    hears: Hears::LogoutTokens,
};

/// Lido: a ticket for a lake. It is a page and nothing else; it has no backend, and so no secret.
pub(crate) const LIDO: ProgramFacts = ProgramFacts {
    slug: "lido",
    name: "Lido",
    publisher: "Lakeside Baths",
    scopes: &[ScopeFacts {
        scope: PROFILE_BASIC,
        noun: "name",
        purposes: &[
            ("en", "So that your ticket has your name on it."),
            ("ru", "Чтобы на билете стояло ваше имя."),
        ],
        without: "Your ticket has no name on it.",
    }],
    hears: Hears::Nothing,
};

/// Those that have a backend.
pub(crate) const PROGRAMS: [&ProgramFacts; 3] = [&MARKET, &TAXI, &BANK];

impl ProgramFacts {
    /// The scopes besides `openid`, by name.
    pub(crate) fn scope_names(&self) -> Vec<&'static str> {
        self.scopes.iter().map(|s| s.scope).collect()
    }

    /// A scope of this program by its name.
    pub(crate) fn scope(&self, name: &str) -> Option<&'static ScopeFacts> {
        self.scopes.iter().find(|s| s.scope == name)
    }
}
