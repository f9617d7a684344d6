//! What an answer of the Bot API means for the row that was sent.
//!
//! Classified by HTTP status, `error_code`, `parameters` and the beginning of
//! `description`, as the Bot API server and TDLib write them. Only texts known
//! here change what we think of a user; anything else fails its row alone. An
//! answer that is not whole JSON proves nothing: the message may have arrived.

use super::request::Order;
use crate::model::{MediaKind, Reach, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Delivered, as these messages of its chat.
    Delivered {
        /// Their ids: one, but of an album as many as it has parts. An answer
        /// that tells none counts as the id 0.
        messages: Vec<i32>,
        /// The file of each, as Telegram has it now.
        files: Vec<Option<Taken>>,
    },
    /// 429: not before this long from now. Not an attempt.
    Wait {
        /// How long Telegram wants us to wait.
        retry_after: TimeDelta,
    },
    /// Refused for good.
    Refused(Refusal),
    /// Proven not delivered: worth another attempt.
    Undelivered {
        /// What happened.
        why: String,
    },
    /// Nobody can tell.
    Unknown(Doubt),
}

/// A file that Telegram has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it became: a video without sound becomes an animation.
    pub kind: MediaKind,
    /// Its id; of a photo that of the largest size.
    pub file_id: String,
}

/// Why Telegram refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This user cannot be written to.
    Unreachable {
        /// In what way.
        reach: Reach,
        /// Telegram's words.
        text: String,
    },
    /// The message itself is wrong, whoever gets it.
    Content {
        /// Telegram's words.
        text: String,
    },
    /// The file is not one that the bot can send (any more).
    File {
        /// Telegram's words.
        text: String,
    },
    /// This chat alone refuses.
    Chat {
        /// Telegram's words.
        text: String,
    },
    /// The message that was to be changed is gone, is too old, or is as it
    /// should be already.
    Message {
        /// Telegram's words.
        text: String,
    },
    /// The group has another id now.
    Migrated {
        /// The new id.
        to: i64,
    },
    /// The bot itself is refused: wrong token.
    Bot {
        /// Telegram's words.
        text: String,
    },
}

/// Why it is unknown whether a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No answer in time.
    Timeout,
    /// The connection broke after the request was begun.
    Broken,
    /// The answer was not the Bot API's JSON.
    NotJson,
    /// This process ended meanwhile.
    Restart,
}

#[derive(Deserialize)]
struct Body {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<i64>,
    migrate_to_chat_id: Option<i64>,
}

/// Beginnings of descriptions (after the class before the colon) that mean
/// that the user cannot be reached.
const UNREACHABLE: &[(u16, &str, Reach)] = &[
    (403, "bot was blocked by the user", Reach::Blocked),
    (403, "user is deactivated", Reach::Deactivated),
    (403, "bot can't initiate conversation with a user", Reach::NeedsStart),
    (400, "chat not found", Reach::NeedsStart),
    (400, "PEER_ID_INVALID", Reach::NeedsStart),
];

/// Beginnings of 400 descriptions that blame the chat and not the message.
const CHAT: &[&str] = &[
    "not enough rights",
    "have no rights to send a message",
    "need administrator rights",
    "group chat was deactivated",
    "group is deactivated",
    "chat_write_forbidden",
    "user_is_blocked",
    "input_user_deactivated",
    "topic_closed",
    "message thread not found",
];

/// Beginnings of 400 descriptions that blame the id of a file. Telegram looks
/// at it before it sends anything.
const FILE: &[&str] = &[
    "wrong file identifier",
    "wrong remote file id",
    "wrong file_id",
    "can't use file of type",
    "file reference",
    "file_reference_",
    "file_id_invalid",
];

/// The most seconds that a 429 is believed: thirty days.
const LONGEST_WAIT: i64 = 30 * 86_400;

/// The meaning of a whole HTTP answer.
pub fn classify(status: u16, body: &[u8]) -> Answer {
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return match status {
            413 => Answer::Refused(Refusal::Content { text: "413 Request Entity Too Large".into() }),
            _ => Answer::Unknown(Doubt::NotJson),
        };
    };
    if body.ok {
        let messages = match &body.result {
            Value::Array(messages) if !messages.is_empty() => messages.as_slice(),
            message => std::slice::from_ref(message),
        };
        return Answer::Delivered {
            messages: messages.iter().map(message_id).collect(),
            files: messages.iter().map(taken).collect(),
        };
    }
    let code = body.error_code.unwrap_or(status);
    match (code, body.parameters.retry_after, body.parameters.migrate_to_chat_id) {
        (429, seconds, _) => {
            Answer::Wait { retry_after: TimeDelta::seconds(seconds.unwrap_or(1).clamp(0, LONGEST_WAIT)) }
        }
        (_, _, Some(to)) => Answer::Refused(Refusal::Migrated { to }),
        (401 | 404, _, _) => Answer::Refused(Refusal::Bot { text: body.description }),
        (500.., _, _) => Answer::Undelivered { why: body.description },
        _ => Answer::Refused(refusal(code, body.description)),
    }
}

fn message_id(message: &Value) -> i32 {
    let id = message.get("message_id").and_then(Value::as_i64);
    id.and_then(|id| i32::try_from(id).ok()).unwrap_or(0)
}

/// The file of a message. An animation has its file as a document, too.
fn taken(message: &Value) -> Option<Taken> {
    let id = |key: &str| Some(message.get(key)?.get("file_id")?.as_str()?.to_owned());
    let of = |kind| move |file_id| Taken { kind, file_id };
    largest(message)
        .map(of(MediaKind::Photo))
        .or_else(|| id("video").map(of(MediaKind::Video)))
        .or_else(|| id("animation").map(of(MediaKind::Animation)))
        .or_else(|| id("document").map(of(MediaKind::Document)))
}

/// The `file_id` of the largest size of a message's photo.
fn largest(message: &Value) -> Option<String> {
    let number = |size: &Value, key| size.get(key).and_then(Value::as_u64).unwrap_or(0);
    let sizes = message.get("photo")?.as_array()?;
    let largest = sizes.iter().max_by_key(|size| number(size, "width").saturating_mul(number(size, "height")))?;
    largest.get("file_id")?.as_str().map(str::to_owned)
}

/// Beginnings of what is said of a message that was to be changed.
const MESSAGE: [&str; 5] = [
    "message is not modified",
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message can't be deleted",
];

impl Refusal {
    /// Whether a message is already as it was to become: deleted, or edited.
    pub fn is_done_already(&self, order: Order) -> bool {
        let Self::Message { text } = self else { return false };
        match order {
            Order::Send | Order::SendPaid => false,
            Order::Edit(_) => text.contains("message is not modified"),
            Order::Delete(_) => text.contains("message to delete not found"),
        }
    }
}

fn refusal(code: u16, text: String) -> Refusal {
    let words = text.split_once(": ").map_or(text.as_str(), |(_, words)| words);
    let known = UNREACHABLE.iter().find(|(c, start, _)| *c == code && words.starts_with(start));
    let lower = words.to_lowercase();
    match known {
        Some((_, _, reach)) => Refusal::Unreachable { reach: *reach, text },
        None if code == 403 || CHAT.iter().any(|start| lower.starts_with(start)) => Refusal::Chat { text },
        None if code == 400 && MESSAGE.iter().any(|start| lower.starts_with(start)) => Refusal::Message { text },
        None if code == 400 && FILE.iter().any(|start| lower.starts_with(start)) => Refusal::File { text },
        None => Refusal::Content { text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u16, description: &str) -> Answer {
        let body = format!(r#"{{"ok":false,"error_code":{code},"description":{description:?}}}"#);
        classify(code, body.as_bytes())
    }

    #[test]
    fn success_is_delivered_whatever_the_message_looks_like() {
        for body in [
            r#"{"ok":true,"result":{"message_id":7,"chat":{"type":"a new kind"}}}"#,
            r#"{"ok":true,"result":{"message_id":7},"future":1}"#,
        ] {
            assert_eq!(classify(200, body.as_bytes()), Answer::Delivered { messages: vec![7], files: vec![None] });
        }
    }

    #[test]
    fn a_photo_is_known_by_its_largest_size() {
        for (photo, expected) in [
            (r#"[{"file_id":"s","width":90,"height":60},{"file_id":"l","width":1280,"height":853}]"#, Some("l")),
            (r#"[{"file_id":"l","width":1280,"height":853},{"file_id":"s","width":90,"height":60}]"#, Some("l")),
            (r#"[{"width":90,"height":60}]"#, None),
            ("[]", None),
            ("7", None),
        ] {
            let body = format!(r#"{{"ok":true,"result":{{"message_id":7,"photo":{photo}}}}}"#);
            let file = expected.map(|id| Taken { kind: MediaKind::Photo, file_id: id.to_owned() });
            let expected = Answer::Delivered { messages: vec![7], files: vec![file] };
            assert_eq!(classify(200, body.as_bytes()), expected, "{photo}");
        }
    }

    #[test]
    fn files_are_known_by_what_they_became() {
        use MediaKind::{Animation, Document, Photo, Video};
        let taken = |kind, id: &str| Some(Taken { kind, file_id: id.into() });
        for (result, messages, files) in [
            (r#"{"message_id":7,"video":{"file_id":"v"}}"#, vec![7], vec![taken(Video, "v")]),
            (r#"{"message_id":7,"document":{"file_id":"d"}}"#, vec![7], vec![taken(Document, "d")]),
            (
                r#"{"message_id":7,"animation":{"file_id":"a"},"document":{"file_id":"a"}}"#,
                vec![7],
                vec![taken(Animation, "a")],
            ),
            (
                r#"[{"message_id":7,"photo":[{"file_id":"p"}]},{"message_id":8,"video":{"file_id":"v"}},{"message_id":9}]"#,
                vec![7, 8, 9],
                vec![taken(Photo, "p"), taken(Video, "v"), None],
            ),
            ("[]", vec![0], vec![None]),
            ("true", vec![0], vec![None]),
        ] {
            let body = format!(r#"{{"ok":true,"result":{result}}}"#);
            assert_eq!(classify(200, body.as_bytes()), Answer::Delivered { messages, files }, "{result}");
        }
    }

    #[test]
    fn some_refusals_blame_the_id_of_a_file() {
        for text in [
            "Bad Request: wrong file identifier/HTTP URL specified",
            "Bad Request: wrong remote file identifier specified: Wrong padding in the string",
            "Bad Request: wrong remote file id specified: Wrong string length",
            "Bad Request: FILE_REFERENCE_EXPIRED",
            "Bad Request: file reference expired",
        ] {
            assert_eq!(error(400, text), Answer::Refused(Refusal::File { text: text.into() }));
        }
    }

    #[test]
    fn known_texts_change_reachability() {
        for (code, text, reach) in [
            (403, "Forbidden: bot was blocked by the user", Reach::Blocked),
            (403, "Forbidden: user is deactivated", Reach::Deactivated),
            (403, "Forbidden: bot can't initiate conversation with a user", Reach::NeedsStart),
            (400, "Bad Request: chat not found", Reach::NeedsStart),
            (400, "Bad Request: PEER_ID_INVALID", Reach::NeedsStart),
        ] {
            let expected = Answer::Refused(Refusal::Unreachable { reach, text: text.into() });
            assert_eq!(error(code, text), expected, "{text}");
        }
    }

    #[test]
    fn other_refusals_blame_the_chat_the_message_or_the_bot() {
        for text in ["Forbidden: bot was kicked from the group chat", "Forbidden: bots can't send messages to bots"] {
            assert_eq!(error(403, text), Answer::Refused(Refusal::Chat { text: text.into() }));
        }
        let text = "Bad Request: not enough rights to send text messages to the chat";
        assert_eq!(error(400, text), Answer::Refused(Refusal::Chat { text: text.into() }));
        for text in [
            "Bad Request: can't parse entities: x",
            "Bad Request: message is too long",
            "Bad Request: BUTTON_DATA_INVALID",
        ] {
            assert_eq!(error(400, text), Answer::Refused(Refusal::Content { text: text.into() }));
        }
        for (code, text) in [(401, "Unauthorized"), (404, "Not Found")] {
            assert_eq!(error(code, text), Answer::Refused(Refusal::Bot { text: text.into() }));
        }
    }

    #[test]
    fn waiting_and_migration_come_from_the_parameters() {
        let wait = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        assert_eq!(classify(429, wait), Answer::Wait { retry_after: TimeDelta::seconds(7) });
        let moved = br#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001}}"#;
        assert_eq!(classify(400, moved), Answer::Refused(Refusal::Migrated { to: -1001 }));
    }

    #[test]
    fn only_a_json_500_proves_that_nothing_was_sent() {
        let why = "Internal Server Error: restart";
        assert_eq!(error(500, why), Answer::Undelivered { why: why.into() });
        assert_eq!(classify(502, b"<html>bad gateway</html>"), Answer::Unknown(Doubt::NotJson));
        assert_eq!(classify(200, br#"{"ok":true,"resu"#), Answer::Unknown(Doubt::NotJson));
        assert!(matches!(classify(413, b"<html>"), Answer::Refused(Refusal::Content { .. })));
    }
}
