//! Who may do what: each role, strangers, and buttons that nobody made.

use crate::stage::{Stage, wait};
use serde_json::{Value, json};
use vestnik::engine::automation::Unit;
use vestnik::sandbox::{ChatKind, ChatState, NewChat};

/// Data of buttons that change something, and the least chat that may press
/// them: 1 is the owner, 4 the viewer, 5 a stranger.
const DEEDS: [(&str, i64); 15] = [
    ("vestnik:a:d:reload", 3),
    ("vestnik:a:d:off:rule:thanks", 3),
    ("vestnik:a:d:on:rule:thanks", 2),
    ("vestnik:a:d:replay", 2),
    ("vestnik:a:d:tstop:greeting", 2),
    ("vestnik:a:d:tstart:greeting", 2),
    ("vestnik:a:d:ship:1:greeting", 2),
    ("vestnik:a:d:start:7:offer", 2),
    ("vestnik:a:d:pause:offer", 2),
    ("vestnik:a:d:cancel:offer", 2),
    ("vestnik:a:d:yes:asked", 2),
    ("vestnik:a:d:backup", 2),
    ("vestnik:a:d:disarm", 2),
    ("vestnik:a:d:arm", 1),
    ("vestnik:a:d:back:0000", 1),
];

#[test]
fn each_role_does_what_it_may_and_strangers_nothing() {
    let stage = Stage::new();
    let mut audited = 0;
    for (data, least) in DEEDS {
        for chat in (1..=5).rev() {
            let message = stage.forge(chat, data);
            let notice = stage.press(chat, message, data);
            let now = stage.engine().audit(1_000).unwrap();
            if chat <= least {
                audited += 1;
                assert_eq!((now.len(), now[0].by), (audited, chat), "{chat} {data}: {notice}");
            } else {
                assert_eq!(now.len(), audited, "{chat} {data}: {notice}");
                assert_eq!(notice.is_empty(), chat == 5, "{chat} {data}: {notice}");
                let shown = stage.sandbox().received(chat);
                assert!(shown.iter().all(|one| one.text == "x" || chat <= 4), "{shown:?}");
            }
        }
    }
    assert!(stage.sandbox().received(5).iter().all(|one| one.text == "x" && !one.edited));
}

#[test]
fn strangers_get_no_answer() {
    let stage = Stage::new();
    let long = "ы".repeat(1_000_000);
    for text in
        ["/admin", "/status", "/reload", "/why 41", "/find 41", "/pause offer", "/help", "/preview hello", &long]
    {
        stage.sandbox().user_says(5, text).unwrap();
    }
    for place in ["main", "mon", "user:41", "camp:offer", "conf", "log"] {
        let data = format!("vestnik:a:o:{place}");
        let message = stage.forge(5, &data);
        assert_eq!(stage.press(5, message, &data), "");
    }
    stage.settle();
    let got = stage.sandbox().received(5);
    assert!(got.iter().all(|one| one.text == "x" && !one.edited), "{got:?}");
    assert!(stage.engine().audit(10).unwrap().is_empty());
}

#[test]
fn forged_and_stale_buttons_bring_the_main_screen() {
    let stage = Stage::new();
    for (data, says) in [
        ("vestnik:a:", "of another version"),
        ("vestnik:a:d:destroy", "of another version"),
        ("vestnik:a:o:stat:4000000000", "of another version"),
        ("vestnik:a:d:off:segment:vip", "of another version"),
        ("vestnik:a:d:off:rule:#0123456789abcdef", "not there any more"),
        ("vestnik:a:d:off:rule:<b>gone", "there is no rule"),
        ("vestnik:a:d:ship:9:greeting", "not there any more"),
        ("vestnik:a:d:start:7:offer", "was started meanwhile"),
        ("vestnik:a:d:back:0000", "not there any more"),
    ] {
        let message = stage.forge(1, data);
        let notice = stage.press(1, message, data);
        assert!(notice.contains(says), "{data}: {notice}");
        let shown = stage.sandbox().received(1).pop().unwrap();
        assert!(shown.edited && !shown.buttons.is_empty(), "{data}: {shown:?}");
    }
    for place in ["camp:nothing", "test:nothing", "part:rule:nothing", "user:-7", "ed:0", "tests:9999", "auto:9999"] {
        let data = format!("vestnik:a:o:{place}");
        let message = stage.forge(1, &data);
        stage.press(1, message, &data);
        assert!(stage.sandbox().received(1).pop().unwrap().edited, "{data}");
    }
    let rules = stage.engine().rule_reports().unwrap();
    assert!(rules.iter().all(|rule| rule.on || rule.kind != Unit::Rule));
}

#[test]
fn long_and_odd_texts_of_admins_are_answered() {
    let stage = Stage::new();
    let mut talk = stage.talk(1, "en");
    let long = "<b>&🙈\u{202e}".repeat(100_000);
    for text in
        [format!("/why 41 {long}"), format!("/find @{long}"), format!("/pause {long}"), format!("/preview {long} 41")]
    {
        talk.says(&text);
        let units = talk.screen().text.encode_utf16().count();
        assert!((1..=4_096).contains(&units), "{units}");
    }
}

const GROUP: i64 = -100;

/// A message in a topic of a group.
fn in_topic(from: i64, text: &str) -> Value {
    json!({"message": {
        "message_id": 1, "date": 1_772_442_000, "text": text, "message_thread_id": 7, "is_topic_message": true,
        "chat": {"id": GROUP, "type": "supergroup", "title": "Staff", "is_forum": true},
        "from": {"id": from, "is_bot": false, "first_name": "X", "language_code": "en"},
    }})
}

#[test]
fn in_groups_the_own_id_decides_and_cards_are_private() {
    let mut stage = Stage::new();
    stage.sandbox().add_chats([NewChat::group(GROUP, "Staff", ChatKind::Supergroup, ChatState::Active)]);
    let in_group = |stage: &Stage| stage.sandbox().received(GROUP).len();
    stage.slip_in(in_topic(5, "/admin"));
    let mut anonymous = in_topic(1, "/admin");
    anonymous["message"]["sender_chat"] = anonymous["message"]["chat"].clone();
    stage.slip_in(anonymous);
    stage.slip_in(in_topic(1, "/find 41"));
    wait("the card", || stage.sandbox().received(1).iter().any(|one| one.text.contains("User 41")));
    assert_eq!(in_group(&stage), 0);
    stage.slip_in(in_topic(4, "/admin"));
    wait("the panel", || in_group(&stage) == 1);

    let message = stage.sandbox().received(GROUP)[0].message_id;
    let mut query = in_topic(4, "x")["message"].clone();
    query["message_id"] = message.into();
    let press = |from: i64, data: &str| {
        let from = json!({"id": from, "is_bot": false, "first_name": "X", "language_code": "en"});
        json!({"callback_query": {
            "id": "1", "chat_instance": "1", "from": from, "message": query.clone(), "data": data,
        }})
    };
    stage.slip_in(press(5, "vestnik:a:o:sys"));
    stage.slip_in(press(4, "vestnik:a:o:mon"));
    wait("monitoring", || stage.sandbox().received(GROUP)[0].text.starts_with("Monitoring"));
    stage.slip_in(press(4, "vestnik:a:o:user:41"));
    wait("the card", || stage.sandbox().received(4).iter().any(|one| one.text.contains("User 41")));
    assert_eq!(in_group(&stage), 1);
    assert!(stage.sandbox().received(5).is_empty());
}
