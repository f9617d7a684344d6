//! From the text of `vestnik.yaml` to checked [`Settings`].
//!
//! Values are read out of the spanned tree of [`yaml`], so that a wrong one can
//! be underlined, and each by itself, so that one mistake hides no other.

mod payments;

use super::{Http, Instance, Mode, ROLES, Role, Settings, Telegram, Watch, Webhooks, Zone, shape};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources, nearest};
use crate::model::{Lang, Limits, Rate, Text};
use crate::rulebook::raw::{Reader, suggest};
use crate::rulebook::yaml::{self, Kind, Node};
use crate::rulebook::{codes, words};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Characters in the name of an installation.
const LONGEST_ID: usize = 64;

/// Reads the settings out of `source`. Whatever is wrong keeps its default.
pub(in crate::rulebook) fn read(source: SourceId, sources: &Sources, found: &mut Diagnostics) -> Settings {
    let Some(tree) = yaml::parse(source, sources.text(source), 0, yaml::Limits::default(), found) else {
        return Settings::default();
    };
    let mut reader = Reader::default();
    shape::conform(&tree, &mut reader);
    found.extend(reader.found);
    Checker { tree: &tree, found }.settings()
}

/// From texts to values. What has the wrong shape is reported already and
/// reads as absent.
struct Checker<'a> {
    tree: &'a Node,
    found: &'a mut Diagnostics,
}

impl<'a> Checker<'a> {
    fn settings(mut self) -> Settings {
        let default = Settings::default();
        Settings {
            language: self
                .one_of(&["language"], codes::BAD_LANGUAGE, &[("en", Lang::En), ("ru", Lang::Ru)])
                .unwrap_or(default.language),
            timezone: self.text(&["timezone"]).and_then(|name| self.zone(name)).unwrap_or(default.timezone),
            data: self.text(&["data"]).and_then(|text| self.data(text)).unwrap_or(default.data),
            instance: Instance { id: self.text(&["instance", "id"]).and_then(|id| self.instance(id)) },
            telegram: self.telegram(default.telegram),
            admins: self.admins(),
            limits: Limits {
                bot: self.rate("bot", default.limits.bot),
                chat: self.rate("chat", default.limits.chat),
                group: self.rate("group", default.limits.group),
                paid: self.rate("paid", default.limits.paid),
            },
            http: Http {
                listen: self
                    .text(&["http", "listen"])
                    .and_then(|text| self.listen(text))
                    .unwrap_or(default.http.listen),
            },
            webhooks: self.webhooks(default.webhooks),
            payments: self.payments(default.payments),
            watch: self
                .one_of(&["watch"], codes::BAD_SETTING, &[("notify", Watch::Notify), ("poll", Watch::Poll)])
                .unwrap_or_default(),
        }
    }

    fn telegram(&mut self, default: Telegram) -> Telegram {
        let modes = [("polling", Mode::Polling), ("webhook", Mode::Webhook)];
        let mode = self.one_of(&["telegram", "mode"], codes::BAD_SETTING, &modes).unwrap_or(default.mode);
        let (url, secret) = (&["telegram", "webhook_url"], &["telegram", "secret_env"]);
        let webhook_url = self.text(url).and_then(|text| self.webhook_url(url, text));
        if mode == Mode::Webhook && self.text(url).is_none() {
            let help = Text::new(
                "add where Telegram is to bring updates: `webhook_url: https://example.com/telegram`",
                "добавьте, куда Telegram приносить обновления: `webhook_url: https://example.com/telegram`",
            );
            let (en, ru) = ("the mode `webhook` needs `webhook_url`", "режиму `webhook` нужен `webhook_url`");
            self.bad::<()>(&["telegram", "mode"], en.to_owned(), ru.to_owned(), help);
        }
        Telegram {
            token_env: self
                .text(&["telegram", "token_env"])
                .and_then(|name| self.variable(&["telegram", "token_env"], name))
                .unwrap_or(default.token_env),
            api_url: self.text(&["telegram", "api_url"]).and_then(|url| self.api_url(url)).unwrap_or(default.api_url),
            mode,
            webhook_url,
            secret_env: self.text(secret).and_then(|name| self.variable(secret, name)),
            drop_pending: self.text(&["telegram", "drop_pending"]).map_or(default.drop_pending, |flag| flag == "true"),
        }
    }

    fn one_of<T: Copy>(&mut self, path: &[&str], code: crate::diagnostic::Code, known: &[(&str, T)]) -> Option<T> {
        let word = self.text(path)?;
        let value = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if value.is_none() {
            let key = path.last().copied().unwrap_or_default();
            let text = Text::new(format!("`{key}` cannot be `{word}`"), format!("`{key}` не может быть `{word}`"));
            let diagnostic = Diagnostic::error(code, text, self.place(path));
            self.found.push(suggest(diagnostic, word, known.iter().map(|(name, _)| *name)));
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

    fn data(&mut self, text: &str) -> Option<PathBuf> {
        let plain = text.trim_start_matches("./").trim_end_matches('/');
        if !matches!(plain, "" | "." | "rules" | "templates") {
            return Some(PathBuf::from(text));
        }
        let help = Text::new("name a folder of its own, such as `data`", "укажите отдельную папку, например `data`");
        self.bad(&["data"], format!("`{text}` cannot hold the data"), format!("в `{text}` данные хранить нельзя"), help)
    }

    fn instance(&mut self, id: &str) -> Option<String> {
        let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.chars().count() <= LONGEST_ID && id.chars().all(good) {
            return Some(id.to_owned());
        }
        let help = Text::new(
            format!("write letters, digits, `-`, `_` and `.`, at most {LONGEST_ID}, such as `shop`"),
            format!("пишите буквы, цифры, `-`, `_` и `.`, не больше {LONGEST_ID}, например `shop`"),
        );
        self.bad(&["instance", "id"], format!("`{id}` cannot be an `id`"), format!("`id` не может быть `{id}`"), help)
    }

    fn webhooks(&mut self, default: Webhooks) -> Webhooks {
        let secret_env = self
            .text(&["webhooks", "secret_env"])
            .and_then(|name| self.variable(&["webhooks", "secret_env"], name))
            .unwrap_or(default.secret_env);
        let (allow, private) = (self.texts(&["webhooks", "allow"]), self.texts(&["webhooks", "private"]));
        let webhooks = Webhooks { allow, private, secret_env };
        for host in webhooks.private.iter().filter(|host| !webhooks.allows(host)) {
            let help = Text::new("add it to `allow`, or take it out here", "добавьте его в `allow` или уберите отсюда");
            let (en, ru) = (format!("`{host}` is not among `allow`"), format!("`{host}` нет в `allow`"));
            self.bad::<()>(&["webhooks", "private"], en, ru, help);
        }
        webhooks
    }

    /// The name of an environment variable that holds a secret.
    fn variable(&mut self, path: &[&str], name: &str) -> Option<String> {
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if good {
            return Some(name.to_owned());
        }
        let help = match path.first() {
            Some(&"webhooks" | &"payments") => Text::new(
                "write the name of an environment variable and keep the secret itself out of files",
                "напишите имя переменной окружения, а сам секрет не храните в файлах",
            ),
            _ => Text::new(
                "write the name of an environment variable and keep the token itself out of files",
                "напишите имя переменной окружения, а сам токен не храните в файлах",
            ),
        };
        let key = path.last().copied().unwrap_or_default();
        self.bad(
            path,
            format!("`{key}` is not the name of an environment variable"),
            format!("`{key}` — не имя переменной окружения"),
            help,
        )
    }

    fn api_url(&mut self, url: &str) -> Option<String> {
        self.address(&["telegram", "api_url"], url)
    }

    /// Telegram calls https only; a sandbox on this machine may call http.
    fn webhook_url(&mut self, path: &[&str], url: &str) -> Option<String> {
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if url.starts_with("https://") || local.iter().any(|start| url.starts_with(start)) {
            return self.address(path, url);
        }
        let help = Text::new(
            "Telegram calls https:// only, at a name and a certificate that everybody can check",
            "Telegram обращается только по https://, к имени с сертификатом, который может проверить любой",
        );
        let (en, ru) = (format!("`{url}` cannot be a webhook"), format!("`{url}` не может быть вебхуком"));
        self.bad(path, en, ru, help)
    }

    /// An address without a user name, a query or a slash at the end.
    fn address(&mut self, path: &[&str], url: &str) -> Option<String> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        // The token is appended to it, and it is printed in logs.
        let bare = |rest: &str| !rest.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '?' | '#'));
        if rest.is_some_and(|rest| !rest.starts_with('/') && !rest.is_empty() && bare(rest)) {
            return Some(url.trim_end_matches('/').to_owned());
        }
        let help = Text::new(
            "it begins with https:// (or http:// for a local server), without a user name and without `?` and `#`",
            "он начинается с https:// (или http:// для локального сервера), без имени пользователя и без `?` и `#`",
        );
        self.bad(path, format!("`{url}` is not the address of a server"), format!("`{url}` — не адрес сервера"), help)
    }

    fn listen(&mut self, text: &str) -> Option<SocketAddr> {
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

    fn rate(&mut self, key: &'static str, default: Option<Rate>) -> Option<Rate> {
        let Some(text) = self.text(&["limits", key]) else { return default };
        if text == "off" {
            return None;
        }
        let rate = words::rate(text);
        if rate.is_none() {
            self.found.push(bad_rate(text, self.place(&["limits", key])));
        }
        rate.or(default)
    }

    fn admins(&mut self) -> BTreeMap<i64, Role> {
        let mut admins = BTreeMap::new();
        for entry in self.tree.get("admins").and_then(Node::map).unwrap_or_default() {
            let (id, Some(role)) = (&entry.key, written(&entry.value)) else { continue };
            let number = id.text.parse::<i64>().ok().filter(|id| *id > 0);
            match (number, Role::parse(role)) {
                (Some(id), Some(role)) => {
                    admins.insert(id, role);
                }
                (None, _) => self.found.push(bad_admin(&id.text, id.place)),
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

    /// The text at a path of keys.
    fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.node(path).and_then(written)
    }

    /// The texts of the list at a path of keys.
    fn texts(&self, path: &[&str]) -> Vec<String> {
        match self.node(path).map(|node| &node.kind) {
            Some(Kind::List(items)) => items.iter().filter_map(written).map(str::to_owned).collect(),
            Some(Kind::Scalar(_) | Kind::Map(_) | Kind::Refused) | None => Vec::new(),
        }
    }

    /// Where the value at a path of keys stands.
    fn place(&self, path: &[&str]) -> Place {
        self.node(path).map_or(self.tree.place, |node| node.place)
    }

    fn node(&self, path: &[&str]) -> Option<&'a Node> {
        path.iter().try_fold(self.tree, |node, key| node.get(key))
    }
}

/// A text that is not blank.
fn written(node: &Node) -> Option<&str> {
    node.scalar().filter(|scalar| !scalar.is_blank()).map(|scalar| scalar.text.as_str())
}

/// The finding that there is no such time zone.
pub(in crate::rulebook) fn unknown_zone(name: &str, place: Place) -> Diagnostic {
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let text = Text::new(format!("unknown time zone `{name}`"), format!("неизвестный часовой пояс `{name}`"));
    let near = nearest(name, known.iter().map(String::as_str)).or_else(|| by_city(name, &known));
    let diagnostic = Diagnostic::error(codes::BAD_ZONE, text, place);
    match near {
        Some(near) => {
            let help = Text::new(format!("did you mean `{near}`?"), format!("возможно, вы имели в виду `{near}`?"));
            diagnostic.help(help).replace(near)
        }
        None => diagnostic.help(Text::new(
            "write a name such as `Europe/Moscow`; names are in the IANA time zone list",
            "напишите имя вида `Europe/Moscow` из списка часовых поясов IANA",
        )),
    }
}

/// The finding that a rate is not understood.
pub(in crate::rulebook) fn bad_rate(text: &str, place: Place) -> Diagnostic {
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
