//! Which texts and buttons mean what, what they change, and the answers.

use super::*;
use crate::model::UserId;
use crate::rulebook::{Files, load_files};

const TOPICS: &str = "topics:\n  news: {title: {ru: Новости, en: News}}\n  tips: {title: {ru: Советы, en: Tips}}\n";
const POLICY: &str = "policy: {stop_words: [stop, стоп, \"не надо\"]}\n";

fn rulebook(rules: &str, settings: &str) -> Arc<Rulebook> {
    let rules = format!("segments: {{all: true}}\n{rules}");
    let loaded = load_files(&Files::from_list([("vestnik.yaml", settings), ("rules/all.yaml", &rules)]));
    loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn both() -> Arc<Rulebook> {
    rulebook(&format!("{TOPICS}{POLICY}"), "language: en\n")
}

#[test]
fn texts_that_ask() {
    let (rulebook, bare) = (both(), rulebook("", "language: en\n"));
    let (stop, subscribe) = (Some(Ask::Wish(Wish::Stop(None))), Some(Ask::Wish(Wish::Subscribe(None))));
    for (text, expected, without_words_and_topics) in [
        ("/stop", stop, stop),
        ("  /STOP  ", stop, stop),
        ("/stop@Our_Bot", stop, stop),
        ("/stop please", stop, stop),
        ("/stop@other_bot", None, None),
        ("/stopping", None, None),
        ("/subscribe", subscribe, subscribe),
        ("/topics", Some(Ask::Topics), None),
        ("/start", None, None),
        ("/start stop", None, None),
        ("stop", stop, None),
        ("Stop", stop, None),
        (" СТОП\n", stop, None),
        ("Не надо", stop, None),
        ("stop it", None, None),
        ("non-stop", None, None),
        ("subscribe", None, None),
        ("", None, None),
        ("/", None, None),
    ] {
        assert_eq!(of_text(&rulebook, text, "our_bot"), expected, "{text}");
        assert_eq!(of_text(&bare, text, "our_bot"), without_words_and_topics, "{text} without words and topics");
    }
}

/// A user with these values, as they are asked in a row.
struct Case {
    rulebook: Arc<Rulebook>,
    profile: Profile,
}

impl Case {
    fn new(rulebook: Arc<Rulebook>) -> Self {
        let profile = Profile::new(&rulebook.schema, UserId(7));
        Self { rulebook, profile }
    }

    /// Carries the wish out, and shows the fields and the answer.
    fn ask(&mut self, data: &str) -> String {
        let ask = if data == "/topics" { Ask::Topics } else { of_press(data).unwrap() };
        let (patch, message) = answer(&self.rulebook, Asker { known: Some(&self.profile), language: None }, ask);
        for (field, value) in patch.sets {
            let id = self.rulebook.schema.find(&field).unwrap();
            self.profile.set(&self.rulebook.schema, id, value);
        }
        let buttons = message.buttons.iter().flatten().map(|button| match &button.action {
            ButtonAction::Press(data) => format!("[{} {}]", button.text, data.strip_prefix("vestnik:").unwrap()),
            ButtonAction::Url(url) => panic!("{url}"),
        });
        let choice = Choice::of(Some(&self.profile));
        let buttons: String = buttons.collect();
        format!("{} {:?} {}", choice.stopped, choice.without, buttons)
    }
}

#[test]
fn wishes_are_remembered_and_may_be_said_twice() {
    let mut case = Case::new(both());
    let all = "[✅ News stop:news][✅ Tips stop:tips][Stop everything stop]";
    let without_news = "[❌ News subscribe:news][✅ Tips stop:tips][Stop everything stop]";
    for (data, expected) in [
        ("/topics", format!("false [] {all}")),
        ("vestnik:stop:news", format!("false [\"news\"] {without_news}")),
        ("vestnik:stop:news", format!("false [\"news\"] {without_news}")),
        ("vestnik:stop:gone", format!("false [\"news\"] {without_news}")),
        ("vestnik:stop", "true [\"news\"] [Get mailings again subscribe]".to_owned()),
        ("vestnik:stop", "true [\"news\"] [Get mailings again subscribe]".to_owned()),
        ("/topics", "true [\"news\"] [Get mailings again subscribe]".to_owned()),
        ("vestnik:subscribe", format!("false [\"news\"] {without_news}")),
        ("vestnik:subscribe:news", format!("false [] {all}")),
        ("vestnik:subscribe:news", format!("false [] {all}")),
        ("vestnik:stop", "true [] [Get mailings again subscribe]".to_owned()),
        ("vestnik:stop:tips", "true [\"tips\"] [Get mailings again subscribe]".to_owned()),
        ("vestnik:subscribe:tips", "true [] [Get mailings again subscribe]".to_owned()),
    ] {
        assert_eq!(case.ask(data), expected, "{data}");
    }
    let mut bare = Case::new(rulebook("", "language: en\n"));
    assert_eq!(bare.ask("vestnik:stop"), "true [] [Get mailings again subscribe]");
    assert_eq!(bare.ask("vestnik:subscribe"), "false [] ");
}

#[test]
fn the_answer_is_in_the_users_language() {
    for (project, profile, told, expected) in [
        ("en", None, None, "You are subscribed"),
        ("ru", None, None, "Вы подписаны"),
        ("en", None, Some("ru"), "Вы подписаны"),
        ("ru", None, Some("en-GB"), "You are subscribed"),
        ("en", Some("ru"), Some("en"), "Вы подписаны"),
        ("ru", Some("de"), None, "Вы подписаны"),
        ("en", Some("de"), Some("ru"), "You are subscribed"),
    ] {
        let rulebook = rulebook(TOPICS, &format!("language: {project}\n"));
        let mut known = Profile::new(&rulebook.schema, UserId(7));
        known.set(&rulebook.schema, builtin::LANGUAGE, profile.map_or(Value::Missing, Value::text));
        let asker = Asker { known: Some(&known).filter(|_| profile.is_some()), language: told };
        let (_, message) = answer(&rulebook, asker, Ask::Wish(Wish::Subscribe(None)));
        assert!(message.text.starts_with(expected), "{project} {profile:?} {told:?}: {}", message.text);
    }
}

#[test]
fn the_answer_names_the_topic() {
    let rulebook = both();
    let mut stopped = Profile::new(&rulebook.schema, UserId(7));
    stopped.set(&rulebook.schema, builtin::OPTED_OUT, Value::Bool(true));
    for (known, data, expected) in [
        (None, "vestnik:stop:news", "No more about “News”."),
        (None, "vestnik:subscribe:news", "You will hear about “News” again."),
        (Some(&stopped), "vestnik:subscribe:news", "“News” is on, but you have stopped all mailings."),
        (None, "vestnik:stop:gone", "There is no such topic any more."),
    ] {
        let (_, message) = answer(&rulebook, Asker { known, language: None }, of_press(data).unwrap());
        assert!(message.text.starts_with(expected), "{data}: {}", message.text);
    }
}
