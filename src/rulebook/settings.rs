//! `vestnik.yaml`: the settings of a project, read, checked and with defaults.
//!
//! `serde_yaml` reads the values; the spanned tree of [`yaml`](super::yaml)
//! says where each of them stands, so that a wrong one can be underlined. No
//! secret is ever in here: the token's place is an environment variable.

use super::codes;
use super::raw::{Reader, find, suggest};
use super::words;
use super::yaml::{self, Entry, Node};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources, nearest};
use crate::model::{Lang, Limits, Rate, Text};
use jiff::tz::TimeZone;
use serde::Deserialize;
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

/// How to reach Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// The environment variable that holds the bot's token.
    pub token_env: String,
    /// The Bot API server, without a slash at the end.
    pub api_url: String,
    /// How updates come in.
    pub mode: Mode,
    /// Whether updates that came in while the engine was down are dropped.
    pub drop_pending: bool,
}

/// How updates come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The engine asks for them.
    Polling,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhooks {
    /// Hosts that may be called.
    pub allow: Vec<String>,
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
            ("telegram", self.telegram != newer.telegram),
            ("http", self.http != newer.http),
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
            telegram: Telegram {
                token_env: "TELEGRAM_TOKEN".to_owned(),
                api_url: "https://api.telegram.org".to_owned(),
                mode: Mode::Polling,
                drop_pending: false,
            },
            admins: BTreeMap::new(),
            limits: Limits {
                bot: words::rate("30 per second"),
                chat: words::rate("1 per second"),
                group: words::rate("20 per minute"),
            },
            http: Http { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) },
            webhooks: Webhooks::default(),
            watch: Watch::default(),
        }
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

/// What the file says, before anything is checked. Unknown keys are reported
/// from the tree, with suggestions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    language: Option<String>,
    timezone: Option<String>,
    data: Option<String>,
    telegram: Option<RawTelegram>,
    admins: Option<BTreeMap<String, String>>,
    limits: Option<RawLimits>,
    http: Option<RawHttp>,
    webhooks: Option<RawWebhooks>,
    watch: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawTelegram {
    token_env: Option<String>,
    api_url: Option<String>,
    mode: Option<String>,
    drop_pending: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawLimits {
    bot: Option<String>,
    chat: Option<String>,
    group: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawHttp {
    listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawWebhooks {
    allow: Option<Vec<String>>,
}

const KEYS: [&str; 9] = ["language", "timezone", "data", "telegram", "admins", "limits", "http", "webhooks", "watch"];
const NESTED: [(&str, &[&str]); 4] = [
    ("telegram", &["token_env", "api_url", "mode", "drop_pending"]),
    ("limits", &["bot", "chat", "group"]),
    ("http", &["listen"]),
    ("webhooks", &["allow"]),
];

/// Reads the settings out of `source`. Whatever is wrong keeps its default.
pub(super) fn read(source: SourceId, sources: &Sources, found: &mut Diagnostics) -> Settings {
    let text = sources.text(source);
    let before = found.count(crate::diagnostic::Severity::Error);
    let Some(tree) = yaml::parse(source, text, 0, yaml::Limits::default(), found) else { return Settings::default() };
    let mut reader = Reader::default();
    shape(&tree, &mut reader);
    found.extend(reader.found);
    let misshapen = found.count(crate::diagnostic::Severity::Error) > before;
    match serde_yaml::from_str::<Raw>(text) {
        Ok(raw) => Checker { tree: &tree, found }.settings(raw),
        Err(_) if misshapen => Settings::default(),
        Err(error) => {
            found.push(unread(&error, source, text));
            Settings::default()
        }
    }
}

/// Unknown keys and sections of the wrong shape, with suggestions.
fn shape(tree: &Node, reader: &mut Reader) {
    let what = ("the settings", "настройки");
    let Some(entries) = reader.map(tree, what) else { return };
    reader.only(entries, &KEYS, what);
    for (key, known) in NESTED {
        let Some(node) = find(entries, key).filter(|node| !node.is_blank()) else { continue };
        if let Some(inner) = reader.map(node, (key, key)) {
            reader.only(inner, known, (key, key));
        }
    }
    for (path, node) in scalars(entries) {
        reader.text(node, (path, path));
    }
    let inner = |section: &str, key: &str| find(entries, section).and_then(|node| node.get(key));
    if let Some(flag) = inner("telegram", "drop_pending") {
        reader.flag(flag, ("drop_pending", "drop_pending"));
    }
    if let Some(allow) = inner("webhooks", "allow") {
        reader.list(allow, ("allow", "allow"));
    }
    if let Some(admins) = find(entries, "admins").filter(|node| !node.is_blank()) {
        for entry in reader.map(admins, ("admins", "admins")).unwrap_or_default() {
            reader.text(&entry.value, ("an admin's role", "роль администратора"));
        }
    }
}

/// The nodes that must be texts, if they are there.
fn scalars(entries: &[Entry]) -> impl Iterator<Item = (&str, &Node)> {
    let top = ["language", "timezone", "data", "watch"];
    let top = top.into_iter().filter_map(move |key| Some((key, find(entries, key)?)));
    let inner = NESTED.into_iter().filter(|(key, _)| *key != "webhooks").flat_map(move |(section, keys)| {
        let node = find(entries, section);
        keys.iter().filter(|key| **key != "drop_pending").filter_map(move |key| Some((*key, node?.get(key)?)))
    });
    top.chain(inner)
}

fn unread(error: &serde_yaml::Error, source: SourceId, text: &str) -> Diagnostic {
    let at = error.location().map_or(0, |location| location.index().min(text.len()));
    let message = Text::new(format!("a setting is not understood: {error}"), format!("непонятная настройка: {error}"));
    let help = Text::new(
        "compare it with the vestnik.yaml that `vestnik init` makes",
        "сравните с vestnik.yaml, который создаёт `vestnik init`",
    );
    Diagnostic::error(codes::BAD_SETTING, message, Place::new(source, at, at)).help(help)
}

/// From raw values to checked ones.
struct Checker<'a> {
    tree: &'a Node,
    found: &'a mut Diagnostics,
}

impl Checker<'_> {
    fn settings(mut self, raw: Raw) -> Settings {
        let default = Settings::default();
        let telegram = raw.telegram.unwrap_or_default();
        let limits = raw.limits.unwrap_or_default();
        Settings {
            language: self
                .one_of(raw.language, &["language"], codes::BAD_LANGUAGE, &[("en", Lang::En), ("ru", Lang::Ru)])
                .unwrap_or(default.language),
            timezone: raw.timezone.and_then(|name| self.zone(&name)).unwrap_or(default.timezone),
            data: raw.data.and_then(|text| self.data(text)).unwrap_or(default.data),
            telegram: self.telegram(telegram, default.telegram),
            admins: self.admins(raw.admins.unwrap_or_default()),
            limits: Limits {
                bot: self.rate(limits.bot, "bot", default.limits.bot),
                chat: self.rate(limits.chat, "chat", default.limits.chat),
                group: self.rate(limits.group, "group", default.limits.group),
            },
            http: Http { listen: self.listen(raw.http.unwrap_or_default().listen).unwrap_or(default.http.listen) },
            webhooks: Webhooks { allow: raw.webhooks.unwrap_or_default().allow.unwrap_or_default() },
            watch: self
                .one_of(raw.watch, &["watch"], codes::BAD_SETTING, &[("notify", Watch::Notify), ("poll", Watch::Poll)])
                .unwrap_or_default(),
        }
    }

    fn telegram(&mut self, raw: RawTelegram, default: Telegram) -> Telegram {
        let mode = self.one_of(raw.mode, &["telegram", "mode"], codes::BAD_SETTING, &[("polling", Mode::Polling)]);
        Telegram {
            token_env: raw.token_env.and_then(|name| self.token_env(name)).unwrap_or(default.token_env),
            api_url: raw.api_url.and_then(|url| self.api_url(&url)).unwrap_or(default.api_url),
            mode: mode.unwrap_or(default.mode),
            drop_pending: raw.drop_pending.unwrap_or(default.drop_pending),
        }
    }

    fn one_of<T: Copy>(
        &mut self,
        word: Option<String>,
        path: &[&str],
        code: crate::diagnostic::Code,
        known: &[(&str, T)],
    ) -> Option<T> {
        let word = word?;
        let value = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if value.is_none() {
            let key = path.last().copied().unwrap_or_default();
            let text = Text::new(format!("`{key}` cannot be `{word}`"), format!("`{key}` не может быть `{word}`"));
            let diagnostic = Diagnostic::error(code, text, self.place(path));
            self.found.push(suggest(diagnostic, &word, known.iter().map(|(name, _)| *name)));
        }
        value
    }

    fn zone(&mut self, name: &str) -> Option<Zone> {
        if let Ok(zone) = TimeZone::get(name) {
            return Some(Zone { name: zone.iana_name().unwrap_or(name).to_owned(), zone });
        }
        self.found.push(unknown_zone(name, self.place(&["timezone"])));
        None
    }

    fn data(&mut self, text: String) -> Option<PathBuf> {
        let plain = text.trim_start_matches("./").trim_end_matches('/');
        if !matches!(plain, "" | "." | "rules" | "templates") {
            return Some(PathBuf::from(text));
        }
        let help = Text::new("name a folder of its own, such as `data`", "укажите отдельную папку, например `data`");
        self.bad(&["data"], format!("`{text}` cannot hold the data"), format!("в `{text}` данные хранить нельзя"), help)
    }

    fn token_env(&mut self, name: String) -> Option<String> {
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if good {
            return Some(name);
        }
        let help = Text::new(
            "write the name of an environment variable and keep the token itself out of files",
            "напишите имя переменной окружения, а сам токен не храните в файлах",
        );
        let path = &["telegram", "token_env"];
        self.bad(
            path,
            "`token_env` is not the name of an environment variable".to_owned(),
            "`token_env` — не имя переменной окружения".to_owned(),
            help,
        )
    }

    fn api_url(&mut self, url: &str) -> Option<String> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_some_and(|rest| !rest.trim_matches('/').is_empty() && !rest.contains(char::is_whitespace)) {
            return Some(url.trim_end_matches('/').to_owned());
        }
        let help = Text::new(
            "it begins with https:// (or http:// for a local server)",
            "он начинается с https:// (или http:// для локального сервера)",
        );
        let path = &["telegram", "api_url"];
        self.bad(path, format!("`{url}` is not the address of a server"), format!("`{url}` — не адрес сервера"), help)
    }

    fn listen(&mut self, text: Option<String>) -> Option<SocketAddr> {
        let text = text?;
        if let Ok(address) = text.parse() {
            return Some(address);
        }
        let help = Text::new(
            "write an address and a port, such as `127.0.0.1:8080`",
            "напишите адрес и порт, например `127.0.0.1:8080`",
        );
        self.bad(
            &["http", "listen"],
            format!("`{text}` is not an address to listen on"),
            format!("`{text}` — не адрес для приёма соединений"),
            help,
        )
    }

    fn rate(&mut self, text: Option<String>, key: &'static str, default: Option<Rate>) -> Option<Rate> {
        let Some(text) = text else { return default };
        if text == "off" {
            return None;
        }
        let rate = words::rate(&text);
        if rate.is_none() {
            self.found.push(bad_rate(&text, self.place(&["limits", key])));
        }
        rate.or(default)
    }

    fn admins(&mut self, raw: BTreeMap<String, String>) -> BTreeMap<i64, Role> {
        let entries = self.tree.get("admins").and_then(Node::map).unwrap_or_default();
        let mut admins = BTreeMap::new();
        for (id, role) in &raw {
            let Some(entry) = entries.iter().find(|entry| entry.key.text == *id) else { continue };
            let (number, parsed) = (id.parse::<i64>().ok().filter(|id| *id > 0), Role::parse(role));
            match (number, parsed) {
                (Some(id), Some(role)) => {
                    admins.insert(id, role);
                }
                (None, _) => self.found.push(bad_admin(id, entry.key.place)),
                (Some(_), None) => self.found.push(bad_role(role, entry.value.place)),
            }
        }
        admins
    }

    fn bad<T>(&mut self, path: &[&str], en: String, ru: String, help: Text) -> Option<T> {
        let place = self.place(path);
        self.found.push(Diagnostic::error(codes::BAD_SETTING, Text::new(en, ru), place).help(help));
        None
    }

    /// Where the value at a path of keys stands.
    fn place(&self, path: &[&str]) -> Place {
        path.iter().try_fold(self.tree, |node, key| node.get(key)).map_or(self.tree.place, |node| node.place)
    }
}

/// The finding that there is no such time zone.
pub(super) fn unknown_zone(name: &str, place: Place) -> Diagnostic {
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let text = Text::new(format!("unknown time zone `{name}`"), format!("неизвестный часовой пояс `{name}`"));
    let near = nearest(name, known.iter().map(String::as_str)).or_else(|| by_city(name, &known));
    let diagnostic = Diagnostic::error(codes::BAD_ZONE, text, place);
    match near {
        Some(near) => {
            let help = Text::new(format!("did you mean `{near}`?"), format!("возможно, вы имели в виду `{near}`"));
            diagnostic.help(help).replace(near)
        }
        None => diagnostic.help(Text::new(
            "write a name such as `Europe/Moscow`; names are in the IANA time zone list",
            "напишите имя вида `Europe/Moscow` из списка часовых поясов IANA",
        )),
    }
}

/// The finding that a rate is not understood.
pub(super) fn bad_rate(text: &str, place: Place) -> Diagnostic {
    let message = Text::new(format!("`{text}` is not a rate"), format!("`{text}` — не скорость"));
    let help = Text::new(
        "write a rate such as `20 per second`, or `off` among limits",
        "напишите скорость вида `20 per second`, в limits можно и `off`",
    );
    Diagnostic::error(codes::BAD_RATE, message, place).help(help)
}

fn bad_admin(id: &str, place: Place) -> Diagnostic {
    let text =
        Text::new(format!("`{id}` is not the numeric id of a user"), format!("`{id}` — не числовой id пользователя"));
    let help = Text::new(
        "an id is a number such as `123456789`; a user name does not do",
        "id — это число вида `123456789`; имя пользователя не подойдёт",
    );
    Diagnostic::error(codes::BAD_ADMIN, text, place).help(help)
}

fn bad_role(role: &str, place: Place) -> Diagnostic {
    let text = Text::new(format!("unknown role `{role}`"), format!("неизвестная роль `{role}`"));
    suggest(Diagnostic::error(codes::BAD_ADMIN, text, place), role, ROLES.iter().map(|(name, _)| *name))
}

/// `Moscow` for `Europe/Moscow`.
fn by_city<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let city = name.rsplit('/').next().unwrap_or(name);
    let cities: Vec<&str> = known.iter().filter_map(|zone| zone.rsplit('/').next()).collect();
    let found = known.iter().find(|zone| zone.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(city)));
    found.map(String::as_str).or_else(|| {
        let near = nearest(city, cities)?;
        known.iter().find(|zone| zone.ends_with(near)).map(String::as_str)
    })
}
