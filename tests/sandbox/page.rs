//! The page: what it shows, and that nothing a bot or a person wrote becomes
//! markup.

use crate::harness::Harness;
use serde_json::json;
use vestnik::sandbox::{ChatState, NewChat};

async fn get(harness: &Harness, path: &str, language: &str) -> (u16, String) {
    let request = harness.client.get(harness.running.url() + path).header("accept-language", language);
    let answer = request.send().await.unwrap();
    if path != "/page.css" && path != "/page.js" {
        let policy = answer.headers().get("content-security-policy").map(|value| value.to_str().unwrap().to_owned());
        assert!(answer.status() == 404 || policy.unwrap().starts_with("default-src 'none'"));
    }
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let harness = Harness::start().await;
    let evil = "<script>alert('1')</script>\"><img src=x onerror=alert(1)>";
    let chat = NewChat {
        username: Some(evil.into()),
        last_name: Some(evil.into()),
        ..NewChat::user(1, evil, ChatState::Active)
    };
    harness.sandbox().add_chats([chat]);
    let keyboard = json!({"inline_keyboard": [
        [{"text": evil, "callback_data": evil.chars().take(60).collect::<String>()}],
        [{"text": evil, "url": "https://e.ru/?\"><script>"}],
    ]});
    harness.result("sendMessage", json!({"chat_id": 1, "text": evil, "reply_markup": keyboard})).await;
    let entities = json!([{"type": "text_link", "offset": 0, "length": 3, "url": "javascript:alert(1)"},
                          {"type": "pre", "offset": 4, "length": 3, "language": evil}]);
    harness.result("sendMessage", json!({"chat_id": 1, "text": "one two", "entities": entities})).await;
    harness.result("sendPhoto", json!({"chat_id": 1, "photo": "https://e.ru/'\"><script>", "caption": evil})).await;
    let reply = json!({"keyboard": [[{"text": evil}]]});
    harness.result("sendMessage", json!({"chat_id": 1, "text": "k", "reply_markup": reply})).await;
    harness.sandbox().user_says(1, evil).unwrap();
    for path in ["/", "/chats", "/chat/1", "/chat/1/messages", "/?q=%22%3E%3Cscript%3E"] {
        let (status, page) = get(&harness, path, "en").await;
        assert_eq!(status, 200, "{path}");
        let page = page.replace("<script src=\"/page.js\" defer></script>", "");
        for bad in ["<script", "<img src=x", "javascript:", "'1'"] {
            assert!(!page.contains(bad), "{path} contains {bad}");
        }
    }
}

#[tokio::test]
async fn a_chat_shows_what_the_person_would_see() {
    let harness = Harness::start().await;
    harness.sandbox().add_user(7, "Анна", ChatState::Active);
    let keyboard = json!({"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]});
    let text = "<b>Скидка</b> <tg-spoiler>20</tg-spoiler>";
    let params =
        json!({"chat_id": 7, "text": text, "parse_mode": "HTML", "reply_markup": keyboard, "protect_content": true});
    harness.result("sendMessage", params).await;
    let (_, page) = get(&harness, "/chat/7", "ru-RU,ru;q=0.9,en;q=0.8").await;
    for part in [
        "<html lang=\"ru\">",
        "<b>Скидка</b> <span class=\"spoiler\" tabindex=\"0\">20</span>",
        "data-press=\"1\" data-data=\"yes\"",
        "2026-01-05",
        "<time datetime=\"2026-01-05T09:00:00Z\">09:00</time>",
        "нельзя переслать или сохранить",
        "Заблокировать бота",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    harness.sandbox().block(7).unwrap();
    assert!(get(&harness, "/chat/7/messages", "en").await.1.contains("Unblock the bot"));
}

#[tokio::test]
async fn the_list_is_searched_and_other_pages_answer() {
    let harness = Harness::start().await;
    harness.sandbox().add_users([(1, "Анна", ChatState::Active), (22, "Пётр", ChatState::Blocked)]);
    let (_, page) = get(&harness, "/chats?q=%D0%BF%D1%91%D1%82%D1%80", "en").await;
    assert!(page.contains("/chat/22") && !page.contains("/chat/1\"") && page.contains("blocked the bot"), "{page}");
    assert!(get(&harness, "/chats?q=nobody", "en").await.1.contains("No chat matches"));
    assert_eq!(get(&harness, "/chat/9", "en").await.0, 404);
    for (path, word) in [("/page.css", "--accent"), ("/page.js", "refresh")] {
        assert!(get(&harness, path, "en").await.1.contains(word));
    }
}
