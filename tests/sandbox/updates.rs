//! What people do reaches the bot through `getUpdates`.

use crate::harness::Harness;
use serde_json::{Value, json};
use teloxide::types::{Update, UpdateKind};
use vestnik::sandbox::{ActError, ChatState};

async fn poll(harness: &Harness, params: Value) -> Vec<Value> {
    serde_json::from_value(harness.result("getUpdates", params).await).unwrap()
}

#[tokio::test]
async fn everything_a_person_does_is_an_update_that_teloxide_reads() {
    let harness = Harness::start().await;
    let sandbox = harness.sandbox();
    sandbox.add_user(1, "Анна", ChatState::NeverStarted);
    sandbox.start_bot(1, "promo").unwrap();
    let keyboard = json!({"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]});
    let sent = harness.result("sendMessage", json!({"chat_id": 1, "text": "?", "reply_markup": keyboard})).await;
    let query = sandbox.press(1, 2, "yes").unwrap();
    sandbox.block(1).unwrap();
    sandbox.unblock(1).unwrap();
    let updates = poll(&harness, json!({})).await;
    let kinds: Vec<_> = updates
        .iter()
        .map(|update| match serde_json::from_str::<Update>(&update.to_string()).unwrap().kind {
            UpdateKind::Message(message) => format!("message {}", message.text().unwrap()),
            UpdateKind::CallbackQuery(query) => format!("press {}", query.data.unwrap()),
            UpdateKind::MyChatMember(change) => format!("member {:?}", change.new_chat_member.kind.status()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["message /start promo", "press yes", "member Banned", "member Member"]);
    assert_eq!(updates[0]["message"]["entities"][0], json!({"type": "bot_command", "offset": 0, "length": 6}));
    assert_eq!(updates[1]["callback_query"]["message"], sent);
    assert_eq!(sandbox.press_answer(&query), None);
    harness.result("answerCallbackQuery", json!({"callback_query_id": query, "text": "спасибо"})).await;
    assert_eq!(sandbox.press_answer(&query).as_deref(), Some("спасибо"));
}

#[tokio::test]
async fn offsets_confirm_and_unconfirmed_updates_come_again() {
    let harness = Harness::start().await;
    harness.sandbox().add_user(1, "Анна", ChatState::Active);
    for text in ["a", "b", "c"] {
        harness.sandbox().user_says(1, text).unwrap();
    }
    let texts = |updates: Vec<Value>| -> String {
        updates.iter().map(|update| update["message"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = poll(&harness, json!({"limit": 2})).await;
    let next = first[0]["update_id"].as_i64().unwrap() + 1;
    assert_eq!(texts(first), "ab");
    assert_eq!(texts(poll(&harness, json!({})).await), "abc");
    assert_eq!(texts(poll(&harness, json!({"offset": next.to_string()})).await), "bc");
    assert_eq!(texts(poll(&harness, json!({"offset": -1})).await), "c");
    assert_eq!(texts(poll(&harness, json!({"offset": next + 2})).await), "");
    assert_eq!(harness.sandbox().pending_updates(), 0);
}

#[tokio::test]
async fn a_poll_waits_for_an_allowed_update() {
    let harness = Harness::start().await;
    harness.sandbox().add_user(1, "Анна", ChatState::Active);
    let params = json!({"timeout": 50, "allowed_updates": ["my_chat_member"]});
    let waiting = poll(&harness, params);
    let acting = async {
        while harness.sandbox().counters().requests == 0 || harness.sandbox().counters().max_in_flight == 0 {
            tokio::task::yield_now().await;
        }
        harness.sandbox().block(1).unwrap();
    };
    let (updates, ()) = tokio::join!(waiting, acting);
    assert_eq!(updates.len(), 1);
    harness.sandbox().unblock(1).unwrap();
    harness.sandbox().user_says(1, "not asked for").unwrap();
    assert_eq!(harness.sandbox().pending_updates(), 2);
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let harness = Harness::start().await;
    let first = harness.call("getUpdates", json!({"timeout": 50}));
    let second = async {
        while harness.sandbox().counters().max_in_flight == 0 {
            tokio::task::yield_now().await;
        }
        harness.call("getUpdates", json!({})).await
    };
    let ((status, answer), (other, _)) = tokio::join!(first, second);
    assert_eq!((status, other), (409, 200));
    let words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    assert_eq!(answer["description"], words);
}

#[tokio::test]
async fn people_who_cannot_act_do_not() {
    let harness = Harness::start().await;
    let sandbox = harness.sandbox();
    sandbox.add_user(1, "Анна", ChatState::Active);
    sandbox.add_user(2, "Пётр", ChatState::Deactivated);
    sandbox.user_says(1, "x").unwrap();
    let state = ChatState::Deactivated;
    assert_eq!(sandbox.user_says(9, "x"), Err(ActError::NoChat { chat: 9 }));
    assert_eq!(sandbox.user_says(1, "  "), Err(ActError::NoText));
    assert_eq!(sandbox.user_says(2, "x"), Err(ActError::Silent { chat: 2, state }));
    assert_eq!(sandbox.block(2), Err(ActError::Silent { chat: 2, state }));
    assert_eq!(sandbox.press(1, 9, "x"), Err(ActError::NoMessage { chat: 1, message_id: 9 }));
    assert_eq!(sandbox.press(1, 1, "x"), Err(ActError::NoButton { chat: 1, message_id: 1, data: "x".to_owned() }));
    sandbox.block(1).unwrap();
    sandbox.start_bot(1, "").unwrap();
    assert_eq!(sandbox.state(1), Some(ChatState::Active));
    assert_eq!(sandbox.conversation(1).last().unwrap().text, "/start");
}
