//! Keyboards: what the Bot API accepts as `reply_markup`.

use crate::sandbox::answer::Refusal;
use crate::sandbox::params::Params;
use serde_json::{Map, Value, json};

/// The keyboard of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Keyboard {
    /// None.
    #[default]
    None,
    /// Buttons under the message; part of the message.
    Inline(Value),
    /// Buttons instead of the person's keyboard; the message does not show it.
    Reply(Value),
}

impl Keyboard {
    /// Reads `reply_markup` and refuses what the server would refuse.
    pub(crate) fn read(params: &Params) -> Result<Self, Refusal> {
        let Some(markup) = params.json("reply_markup")? else { return Ok(Self::None) };
        let Some(object) = markup.as_object() else {
            return Err(Refusal::bad("object expected as reply markup"));
        };
        if let Some(rows) = object.get("inline_keyboard") {
            let rows = rows.as_array().ok_or_else(|| {
                Refusal::bad("can't parse inline keyboard button: Field \"inline_keyboard\" must be of type Array")
            })?;
            return inline(rows);
        }
        let is_reply = ["keyboard", "remove_keyboard", "force_reply"].iter().any(|key| object.contains_key(*key));
        Ok(if is_reply { Self::Reply(markup) } else { Self::None })
    }

    /// The part of the message that shows it.
    pub(crate) fn shown(&self) -> Option<&Value> {
        match self {
            Keyboard::Inline(markup) => Some(markup),
            Keyboard::None | Keyboard::Reply(_) => None,
        }
    }

    /// Whether an inline button sends this data.
    pub(crate) fn has_data(&self, data: &str) -> bool {
        let mut buttons = self.rows().flatten();
        buttons.any(|button| button.get("callback_data").and_then(Value::as_str) == Some(data))
    }

    /// Whether the first button is the one that pays.
    pub(crate) fn begins_with_pay(&self) -> bool {
        let first = self.rows().flatten().next();
        first.and_then(|button| button.get("pay")).and_then(Value::as_bool) == Some(true)
    }

    /// Rows of inline buttons: label, and data or URL.
    pub(crate) fn buttons(&self) -> Vec<Vec<(String, String)>> {
        let field = |button: &Value, key: &str| button.get(key).and_then(Value::as_str).map(str::to_owned);
        let show = |button: &Value| {
            let target = field(button, "callback_data").or_else(|| field(button, "url"));
            (field(button, "text").unwrap_or_default(), target.unwrap_or_default())
        };
        self.rows().map(|row| row.iter().map(show).collect()).collect()
    }

    fn rows(&self) -> impl Iterator<Item = &Vec<Value>> {
        let rows = self.shown().and_then(|markup| markup.get("inline_keyboard")).and_then(Value::as_array);
        rows.into_iter().flatten().filter_map(Value::as_array)
    }
}

fn inline(rows: &[Value]) -> Result<Keyboard, Refusal> {
    let mut shown = Vec::new();
    for row in rows {
        let Some(buttons) = row.as_array() else {
            return Err(Refusal::bad("can't parse inline keyboard button: expected an Array of InlineKeyboardButton"));
        };
        let buttons = buttons.iter().map(button).collect::<Result<Vec<_>, _>>()?;
        if !buttons.is_empty() {
            shown.push(Value::Array(buttons));
        }
    }
    Ok(if shown.is_empty() { Keyboard::None } else { Keyboard::Inline(json!({"inline_keyboard": shown})) })
}

/// One button as the message will show it.
fn button(button: &Value) -> Result<Value, Refusal> {
    let problem = |what: &str| Refusal::bad(format!("can't parse inline keyboard button: {what}"));
    let object = button.as_object().ok_or_else(|| problem("InlineKeyboardButton must be an Object"))?;
    let text = object.get("text").and_then(Value::as_str).ok_or_else(|| problem("Can't find field \"text\""))?;
    if text.trim().is_empty() {
        return Err(problem("text can't be empty"));
    }
    let mut shown = Map::new();
    shown.insert("text".into(), text.into());
    if let Some(url) = object.get("url").and_then(Value::as_str) {
        shown.insert("url".into(), checked_url(url)?.into());
        return Ok(Value::Object(shown));
    }
    if let Some(data) = object.get("callback_data").and_then(Value::as_str) {
        if data.is_empty() || data.len() > 64 {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
        shown.insert("callback_data".into(), data.into());
        return Ok(Value::Object(shown));
    }
    let others =
        ["web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat", "copy_text", "pay"];
    match others.iter().find_map(|key| object.get(*key).map(|value| (*key, value))) {
        Some((key, value)) => {
            shown.insert(key.into(), value.clone());
            Ok(Value::Object(shown))
        }
        None => Err(problem("Text buttons are unallowed in the inline keyboard")),
    }
}

fn checked_url(url: &str) -> Result<String, Refusal> {
    let refuse = || Refusal::bad(format!("inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"));
    if url.starts_with("tg://") {
        return Ok(url.to_owned());
    }
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let rest = whole.strip_prefix("https://").or_else(|| whole.strip_prefix("http://")).ok_or_else(refuse)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.') || host.starts_with("localhost") || host.starts_with('[');
    if !is_host || host.contains(char::is_whitespace) {
        return Err(refuse());
    }
    Ok(if rest.len() == host.len() { whole + "/" } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyboards_are_read_or_refused() {
        let long = "x".repeat(65);
        let rows = [
            (json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}], []]}), "ok"),
            (json!({"inline_keyboard": [[{"text": "a", "url": "example.com"}]]}), "ok"),
            (json!({"inline_keyboard": [[{"text": "a", "callback_data": long}]]}), "Bad Request: BUTTON_DATA_INVALID"),
            (json!({"inline_keyboard": [[{"text": "a", "callback_data": ""}]]}), "Bad Request: BUTTON_DATA_INVALID"),
            (
                json!({"inline_keyboard": [[{"text": "a", "url": "javascript:1"}]]}),
                "Bad Request: inline keyboard button URL 'javascript:1' is invalid: Wrong HTTP URL",
            ),
            (
                json!({"inline_keyboard": [[{"text": "a"}]]}),
                "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
            (json!({"keyboard": [["a"]]}), "ok"),
            (json!(7), "Bad Request: object expected as reply markup"),
        ];
        for (markup, expected) in rows {
            let read = Keyboard::read(&Params::of(json!({"reply_markup": markup})));
            assert_eq!(read.map_or_else(|refusal| refusal.description, |_| "ok".into()), expected);
        }
    }

    #[test]
    fn a_button_is_found_by_its_data() {
        let markup = json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}).to_string();
        let keyboard = Keyboard::read(&Params::of(json!({"reply_markup": markup}))).unwrap();
        assert!(keyboard.has_data("b") && !keyboard.has_data("a"));
    }
}
