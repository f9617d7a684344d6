//! `webhook: {url: https://crm.example.org/hook, body: {user: id}}`: posts JSON
//! to a host that the settings allow.

use super::run::values;
use super::{Action, Scope};
use crate::condition::Expression;
use crate::diagnostic::Diagnostic;
use crate::model::Text;
use crate::rulebook::codes;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::{Node, Scalar};

pub(super) const KEY: Key =
    optional("webhook", Takes::Map(&SHAPE), "posts JSON to an address", "отправляет JSON по адресу");

static SHAPE: Shape = Shape {
    what: ("`webhook`", "`webhook`"),
    keys: &[
        required("url", Takes::Text, "the address, on a host of `webhooks.allow`", "адрес на узле из `webhooks.allow`"),
        optional("body", Takes::Named(&Takes::Expression), "the fields of the JSON object", "поля объекта JSON"),
    ],
};

/// JSON posted to an address.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The fields of the object.
    pub body: Vec<(String, Expression)>,
}

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let url = find(entries, "url").and_then(|node| reader.text(node, ("`url`", "`url`")));
    let url = url.and_then(|url| address(url, scope, reader));
    let body = find(entries, "body").map(|node| values(node, ("`body`", "`body`"), scope, reader));
    let body = body.unwrap_or_else(|| Some(Vec::new()));
    Some(Action::Webhook(Webhook { url: url?, body: body? }))
}

fn address(url: &Scalar, scope: &Scope<'_>, reader: &mut Reader) -> Option<String> {
    let text = url.text.trim();
    let Some(host) = webhook_host(text) else {
        let message = Text::new(format!("`{text}` is not an address"), format!("`{text}` — не адрес"));
        let help = Text::new(
            "an address begins with https:// or http:// and has no user name or `{{…}}` in it",
            "адрес начинается с https:// или http:// и не содержит ни имени пользователя, ни `{{…}}`",
        );
        reader.found.push(Diagnostic::error(codes::HOST, message, url.place).help(help));
        return None;
    };
    if scope.settings.webhooks.allows(host) {
        return Some(text.to_owned());
    }
    let message = Text::new(
        format!("`{host}` is not among the hosts that webhooks may call"),
        format!("узла `{host}` нет среди разрешённых для вебхуков"),
    );
    let help = Text::new(
        format!("add it to vestnik.yaml: `webhooks: {{allow: [{host}]}}`"),
        format!("добавьте его в vestnik.yaml: `webhooks: {{allow: [{host}]}}`"),
    );
    reader.found.push(Diagnostic::error(codes::HOST, message, url.place).help(help));
    None
}

/// The host of an address, without its port; nothing if it is none that may be
/// called.
pub fn webhook_host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let sound = !host.is_empty()
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && port.parse::<u16>().is_ok();
    (sound && !url.contains(char::is_whitespace)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::webhook_host;

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("https://crm.example.org/hook", Some("crm.example.org")),
            ("http://localhost:8080", Some("localhost")),
            ("https://example.org?a=1", Some("example.org")),
            ("https://good.org@evil.org/", None),
            ("https://evil.org\\@good.org/", None),
            ("https://example.org:port/", None),
            ("https:///hook", None),
            ("ftp://example.org", None),
            ("https://exa mple.org", None),
            ("https://[::1]/", None),
        ] {
            assert_eq!(webhook_host(url), expected, "{url}");
        }
    }
}
