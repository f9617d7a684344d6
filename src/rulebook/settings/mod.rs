//! `vestnik.yaml`: the settings of a project, read, checked and with defaults.
//!
//! `shape` has the keys, `read` makes values of them. No secret is ever in
//! here: the token's place is an environment variable.

mod read;
mod shape;

pub(super) use read::{bad_rate, read, unknown_zone};
pub(super) use shape::SHAPE;

use super::words;
use crate::model::{Lang, Limits, TimeDelta};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The settings of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The language in which the product speaks to those who run it.
    pub language: Lang,
    /// The project's time zone.
    pub timezone: Zone,
    /// Where data live, relative to the project folder unless absolute.
    pub data: PathBuf,
    /// Which installation this is.
    pub instance: Instance,
    /// How to reach Telegram.
    pub telegram: Telegram,
    /// Who may use the panel, by Telegram id.
    pub admins: BTreeMap<i64, Role>,
    /// How fast messages may leave.
    pub limits: Limits,
    /// The HTTP interface.
    pub http: Http,
    /// Outgoing webhooks.
    pub webhooks: Webhooks,
    /// How users pay.
    pub payments: Payments,
    /// How changes of files are noticed.
    pub watch: Watch,
}

/// A time zone and its IANA name.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Such as `Europe/Moscow`.
    pub name: String,
    /// Its rules.
    pub zone: TimeZone,
}

/// Which installation this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// A name that stays when the machine or the folder is another; absent: the
    /// machine and the data folder tell.
    pub id: Option<String>,
}

/// How to reach Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// The environment variable that holds the bot's token.
    pub token_env: String,
    /// The Bot API server, without a slash at the end.
    pub api_url: String,
    /// How updates come in.
    pub mode: Mode,
    /// Where Telegram brings them, in the mode `webhook`.
    pub webhook_url: Option<String>,
    /// The environment variable that holds the secret which Telegram shows there;
    /// without it the engine draws one.
    pub secret_env: Option<String>,
    /// Whether updates that came in while the engine was down are dropped.
    pub drop_pending: bool,
}

/// How updates come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The engine asks for them.
    Polling,
    /// Telegram brings them.
    Webhook,
}

/// What an admin may do; each role may do what those below it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look.
    Viewer,
    /// Also write rules and start campaigns that need approval.
    Author,
    /// Also approve, pause and cancel.
    Operator,
    /// Everything.
    Owner,
}

/// The HTTP interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http {
    /// The address it listens on.
    pub listen: SocketAddr,
}

/// Outgoing webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhooks {
    /// Hosts that may be called.
    pub allow: Vec<String>,
    /// Those of them that may stand at a private address.
    pub private: Vec<String>,
    /// The environment variable that holds the secret of signatures.
    pub secret_env: String,
}

/// How users pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payments {
    /// The environment variable that holds the token of a payment provider, for
    /// invoices in roubles; without it there are none.
    pub provider_token_env: Option<String>,
    /// What a Star is worth, in hundredths of a rouble; without it Stars are not
    /// added to roubles.
    pub rub_per_star: Option<i64>,
    /// A payment belongs to the last mailing that its user got within this time.
    pub attribution: TimeDelta,
    /// Payments through YooKassa itself.
    pub yookassa: Option<YooKassa>,
}

/// A shop at YooKassa.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YooKassa {
    /// The shop's number.
    pub shop_id: String,
    /// The environment variable that holds its secret key.
    pub secret_env: String,
    /// Where people come back to after paying.
    pub return_url: String,
    /// The API, without a slash at the end.
    pub api_url: String,
}

impl YooKassa {
    /// The usual variable.
    pub const SECRET_ENV: &str = "YOOKASSA_SECRET";
    /// The real server.
    pub const API_URL: &str = "https://api.yookassa.ru/v3";
}

/// How changes of files are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// The system tells.
    #[default]
    Notify,
    /// The files are looked at every few seconds: for network folders.
    Poll,
}

impl Settings {
    /// Names of settings that differ and take effect only after a restart.
    pub fn restart_needed(&self, newer: &Self) -> Vec<&'static str> {
        let differ = [
            ("data", self.data != newer.data),
            ("instance", self.instance != newer.instance),
            ("telegram", self.telegram != newer.telegram),
            ("http", self.http != newer.http),
            ("payments", self.payments.needs_restart(&newer.payments)),
            ("watch", self.watch != newer.watch),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Lang::En,
            timezone: Zone { name: "UTC".to_owned(), zone: TimeZone::UTC },
            data: PathBuf::from("data"),
            instance: Instance::default(),
            telegram: Telegram {
                token_env: "TELEGRAM_TOKEN".to_owned(),
                api_url: "https://api.telegram.org".to_owned(),
                mode: Mode::Polling,
                webhook_url: None,
                secret_env: None,
                drop_pending: false,
            },
            admins: BTreeMap::new(),
            limits: Limits {
                bot: words::rate("30 per second"),
                chat: words::rate("1 per second"),
                group: words::rate("20 per minute"),
                paid: words::rate("1000 per second"),
            },
            http: Http { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) },
            webhooks: Webhooks::default(),
            payments: Payments::default(),
            watch: Watch::default(),
        }
    }
}

impl Default for Payments {
    fn default() -> Self {
        Self { provider_token_env: None, rub_per_star: None, attribution: TimeDelta::days(7), yookassa: None }
    }
}

impl Payments {
    /// Whether what is read once, at the start, is another.
    fn needs_restart(&self, newer: &Self) -> bool {
        self.provider_token_env != newer.provider_token_env || self.yookassa != newer.yookassa
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { allow: Vec::new(), private: Vec::new(), secret_env: "VESTNIK_WEBHOOK_SECRET".to_owned() }
    }
}

impl Webhooks {
    /// Whether a host may be called.
    pub fn allows(&self, host: &str) -> bool {
        self.allow.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Whether a host may be called where it stands at a private address.
    pub fn allows_private(&self, host: &str) -> bool {
        self.allows(host) && self.private.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

impl Role {
    /// The role called `word`.
    pub fn parse(word: &str) -> Option<Self> {
        ROLES.iter().find(|(name, _)| *name == word).map(|(_, role)| *role)
    }
}

const ROLES: [(&str, Role); 4] =
    [("owner", Role::Owner), ("operator", Role::Operator), ("author", Role::Author), ("viewer", Role::Viewer)];
