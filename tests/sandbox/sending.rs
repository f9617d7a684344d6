//! `sendMessage` and its refusals.

use crate::harness::Harness;
use serde_json::{Value, json};
use teloxide::types::{Me, Message};
use vestnik::sandbox::{ChatKind, ChatState, DEFAULT_TOKEN, NewChat};

#[tokio::test]
async fn the_bot_knows_itself() {
    let harness = Harness::start().await;
    let me = harness.result("getme", json!({})).await;
    let parsed: Me = serde_json::from_value(me.clone()).unwrap();
    assert_eq!(parsed.user.id.0, 4_200_000_042);
    assert_eq!(me["can_join_groups"], true);
}

#[tokio::test]
async fn a_message_is_answered_and_recorded() {
    let harness = Harness::start().await;
    harness.sandbox().add_user(7, "Анна", ChatState::Active);
    let keyboard = json!({"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]});
    let params = json!({
        "chat_id": "7", "text": "<b>Привет</b>, 😀 &lt;мир&gt;", "parse_mode": "HTML", "reply_markup": keyboard.to_string(),
    });
    let message = harness.result("SENDMESSAGE", params).await;
    let expected = json!({
        "message_id": 1,
        "from": {"id": 4_200_000_042_i64, "is_bot": true, "first_name": "Sandbox bot", "username": "vestnik_sandbox_bot"},
        "chat": {"id": 7, "type": "private", "first_name": "Анна"},
        "date": 1_767_603_600,
        "text": "Привет, 😀 <мир>",
        "entities": [{"type": "bold", "offset": 0, "length": 6}],
        "reply_markup": keyboard,
    });
    assert_eq!(message, expected);
    let parsed: Message = serde_json::from_value(message).unwrap();
    assert_eq!(parsed.text(), Some("Привет, 😀 <мир>"));
    harness.sandbox().wait_accepted(1).await;
    let received = harness.sandbox().received(7);
    assert_eq!((received.len(), received[0].text.as_str()), (1, "Привет, 😀 <мир>"));
    assert_eq!(received[0].buttons, [[("Да".to_owned(), "yes".to_owned())]]);
}

#[tokio::test]
async fn refusals_have_the_status_and_words_of_the_real_server() {
    let harness = Harness::start().await;
    let states = [
        (1, ChatState::Active),
        (2, ChatState::Blocked),
        (3, ChatState::Deactivated),
        (4, ChatState::NeverStarted),
        (5, ChatState::Unknown),
    ];
    harness.sandbox().add_users(states.map(|(id, state)| (id, "Анна", state)));
    harness.sandbox().add_chats([NewChat::group(-6, "Старая", ChatKind::Group, ChatState::Migrated(-1006))]);
    let long = "я".repeat(4097);
    let rows: [(Value, u16, &str); 13] = [
        (json!({"text": "x"}), 400, "Bad Request: chat_id is empty"),
        (json!({"chat_id": 1}), 400, "Bad Request: message text is empty"),
        (json!({"chat_id": 1, "text": " \n "}), 400, "Bad Request: message text is empty"),
        (json!({"chat_id": 1, "text": long}), 400, "Bad Request: message is too long"),
        (
            json!({"chat_id": 1, "text": "<b>x", "parse_mode": "html"}),
            400,
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (json!({"chat_id": 1, "text": "x", "parse_mode": "rtf"}), 400, "Bad Request: unsupported parse_mode"),
        (json!({"chat_id": 2, "text": "x"}), 403, "Forbidden: bot was blocked by the user"),
        (json!({"chat_id": 3, "text": "x"}), 403, "Forbidden: user is deactivated"),
        (json!({"chat_id": 4, "text": "x"}), 403, "Forbidden: bot can't initiate conversation with a user"),
        (json!({"chat_id": 5, "text": "x"}), 400, "Bad Request: chat not found"),
        (json!({"chat_id": "@nobody", "text": "x"}), 400, "Bad Request: chat not found"),
        (json!({"chat_id": -77, "text": "x"}), 400, "Bad Request: chat not found"),
        (json!({"chat_id": -6, "text": "x"}), 400, "Bad Request: group chat was upgraded to a supergroup chat"),
    ];
    for (params, status, description) in rows {
        let (found, answer) = harness.call("sendMessage", params.clone()).await;
        assert_eq!((found, &answer["ok"]), (status, &json!(false)), "{params}");
        assert_eq!((&answer["error_code"], &answer["description"]), (&json!(status), &json!(description)));
        let migrated = if params["chat_id"] == -6 { json!({"migrate_to_chat_id": -1006}) } else { Value::Null };
        assert_eq!(answer["parameters"], migrated);
    }
    assert_eq!(harness.sandbox().accepted(), 0);
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized_and_a_broken_one_not_found() {
    let harness = Harness::start().await;
    let url = harness.running.url();
    let rows = [
        (format!("/bot1{DEFAULT_TOKEN}/getMe"), 401, "Unauthorized"),
        ("/botx/getMe".to_owned(), 404, "Not Found"),
        (format!("/bot{DEFAULT_TOKEN}/getNothing"), 404, "Not Found"),
        (format!("/bot{DEFAULT_TOKEN}"), 404, "Not Found"),
        ("/nothing".to_owned(), 404, "Not Found"),
    ];
    for (path, status, description) in rows {
        let answer = harness.client.get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let expected = json!({"ok": false, "error_code": status, "description": description});
        assert_eq!(answer.json::<Value>().await.unwrap(), expected);
    }
}
