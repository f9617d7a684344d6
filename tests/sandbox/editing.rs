//! Methods that change, copy or remove messages, and the small ones.

use crate::harness::Harness;
use serde_json::{Value, json};
use teloxide::types::{BotCommand, ChatFullInfo, Message, MessageId};
use vestnik::model::TimeDelta;
use vestnik::sandbox::ChatState;

/// A sandbox in which chat 1 holds a text (1), a photo (2) and the person's
/// own message (3).
async fn with_messages() -> Harness {
    let harness = Harness::start().await;
    harness.sandbox().add_user(1, "Анна", ChatState::Active);
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]});
    harness.result("sendMessage", json!({"chat_id": 1, "text": "one", "reply_markup": keyboard})).await;
    harness.result("sendPhoto", json!({"chat_id": 1, "photo": "https://e.ru/a.jpg", "caption": "pic"})).await;
    harness.sandbox().user_says(1, "hi").unwrap();
    harness
}

#[tokio::test]
async fn edits_change_the_message() {
    let harness = with_messages().await;
    harness.clock.advance(TimeDelta::seconds(5));
    let params = json!({"chat_id": 1, "message_id": 1, "text": "<i>two</i>", "parse_mode": "HTML"});
    let message = harness.result("editMessageText", params).await;
    assert_eq!((&message["text"], &message["edit_date"]), (&json!("two"), &json!(1_767_603_605)));
    assert_eq!(message["reply_markup"], Value::Null);
    serde_json::from_value::<Message>(message).unwrap();
    let params = json!({"chat_id": 1, "message_id": 2, "caption": "new"});
    assert_eq!(harness.result("editMessageCaption", params).await["caption"], "new");
    let keyboard = json!({"inline_keyboard": [[{"text": "b", "callback_data": "b"}]]});
    let params = json!({"chat_id": 1, "message_id": 2, "reply_markup": keyboard});
    assert_eq!(harness.result("editMessageReplyMarkup", params).await["reply_markup"], keyboard);
    assert_eq!(harness.sandbox().accepted(), 2, "edits are not messages");
}

#[tokio::test]
async fn bad_edits_are_refused() {
    let harness = with_messages().await;
    let same = json!({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]});
    let rows = [
        ("editMessageText", json!({"message_id": 9, "text": "x"}), "message to edit not found"),
        ("editMessageText", json!({"message_id": 3, "text": "x"}), "message can't be edited"),
        ("editMessageText", json!({"message_id": 2, "text": "x"}), "there is no text in the message to edit"),
        ("editMessageText", json!({"message_id": 1, "text": ""}), "message text is empty"),
        (
            "editMessageText",
            json!({"message_id": 1, "text": "one", "reply_markup": same}),
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ),
        ("editMessageCaption", json!({"message_id": 1, "caption": "x"}), "there is no caption in the message to edit"),
        ("editMessageReplyMarkup", json!({}), "message identifier is not specified"),
        ("deleteMessage", json!({"message_id": 9}), "message to delete not found"),
        ("copyMessage", json!({"from_chat_id": 1, "message_id": 9}), "message to copy not found"),
        (
            "answerCallbackQuery",
            json!({"callback_query_id": "7"}),
            "query is too old and response timeout expired or query ID is invalid",
        ),
        ("sendChatAction", json!({"action": "dancing"}), "wrong parameter action in request"),
        ("setMyCommands", json!({"commands": [{"command": "Big", "description": "x"}]}), "BOT_COMMAND_INVALID"),
    ];
    for (method, mut params, words) in rows {
        params["chat_id"] = json!(1);
        let (status, answer) = harness.call(method, params).await;
        assert_eq!((status, &answer["description"]), (400, &json!(format!("Bad Request: {words}"))), "{method}");
    }
}

#[tokio::test]
async fn messages_are_deleted_for_two_days_and_copied() {
    let harness = with_messages().await;
    let copy = harness.result("copyMessage", json!({"chat_id": 1, "from_chat_id": 1, "message_id": 2})).await;
    assert_eq!(copy, json!({"message_id": 4}));
    serde_json::from_value::<MessageId>(copy).unwrap();
    assert_eq!(harness.sandbox().received(1)[2].text, "pic");
    assert_eq!(harness.result("deleteMessage", json!({"chat_id": 1, "message_id": 1})).await, json!(true));
    assert_eq!(harness.sandbox().received(1).len(), 2);
    harness.clock.advance(TimeDelta::hours(49));
    let (status, answer) = harness.call("deleteMessage", json!({"chat_id": 1, "message_id": 2})).await;
    assert_eq!((status, &answer["description"]), (400, &json!("Bad Request: message can't be deleted for everyone")));
}

#[tokio::test]
async fn commands_chats_and_actions_answer() {
    let harness = with_messages().await;
    let commands = json!([{"command": "start", "description": "Начать"}]);
    assert_eq!(harness.result("setMyCommands", json!({"commands": commands})).await, json!(true));
    let found = harness.result("getMyCommands", json!({})).await;
    assert_eq!(found, commands);
    serde_json::from_value::<Vec<BotCommand>>(found).unwrap();
    assert_eq!(harness.result("getMyCommands", json!({"language_code": "ru"})).await, json!([]));
    let chat = harness.result("getChat", json!({"chat_id": 1})).await;
    assert_eq!((&chat["id"], &chat["first_name"]), (&json!(1), &json!("Анна")));
    serde_json::from_value::<ChatFullInfo>(chat).unwrap();
    assert_eq!(harness.result("sendChatAction", json!({"chat_id": 1, "action": "typing"})).await, json!(true));
}

#[tokio::test]
async fn a_file_is_replaced_by_another() {
    let harness = with_messages().await;
    let edit = |id: i32, media: Value| {
        harness.call("editMessageMedia", json!({"chat_id": 1, "message_id": id, "media": media}))
    };
    let photo = json!({"type": "photo", "media": "https://e.ru/b.jpg", "caption": "<b>b</b>", "parse_mode": "HTML"});
    let (status, answer) = edit(2, photo.clone()).await;
    let message = &answer["result"];
    assert_eq!(
        (status, &message["caption"], &message["caption_entities"][0]["type"]),
        (200, &json!("b"), &json!("bold"))
    );
    let rows = [
        (2, photo, "message is not modified: specified new message content and reply markup are exactly"),
        (9, json!({"type": "photo", "media": "https://e.ru/b.jpg"}), "message to edit not found"),
        (3, json!({"type": "photo", "media": "https://e.ru/b.jpg"}), "message can't be edited"),
        (2, json!({"type": "photo", "media": "nothing"}), "wrong file identifier/HTTP URL specified"),
        (2, Value::Null, "there is no media in the request"),
    ];
    for (id, media, words) in rows {
        let (status, answer) = edit(id, media).await;
        let found = answer["description"].as_str().unwrap();
        assert!(status == 400 && found.starts_with(&format!("Bad Request: {words}")), "{found}");
    }
    assert_eq!((harness.sandbox().counters().edited, harness.sandbox().accepted()), (1, 2));
}

#[tokio::test]
async fn many_messages_are_deleted_at_once() {
    let harness = with_messages().await;
    harness.clock.advance(TimeDelta::hours(1));
    harness.result("sendMessage", json!({"chat_id": 1, "text": "young"})).await;
    harness.clock.advance(TimeDelta::hours(47) + TimeDelta::millis(1));
    let delete = |ids: Value| harness.call("deleteMessages", json!({"chat_id": 1, "message_ids": ids}));
    assert_eq!(delete(json!([1, 4, 77])).await.0, 200, "what is too old or not there is passed over");
    let left: Vec<_> = harness.sandbox().conversation(1).iter().map(|message| message.message_id).collect();
    assert_eq!((left, harness.sandbox().counters().deleted), (vec![1, 2, 3], 1));
    for (ids, words) in [
        (json!([]), "message identifiers are not specified"),
        (json!((1..=101).collect::<Vec<_>>()), "too many message identifiers specified"),
    ] {
        let (status, answer) = delete(ids).await;
        assert_eq!((status, &answer["description"]), (400, &json!(format!("Bad Request: {words}"))));
    }
}
