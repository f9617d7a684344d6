//! Users say that they want no more marketing, all of it or a topic, and take
//! it back: in words, by commands and by buttons.

use crate::support::{Api, Engine, Project, wait};
use vestnik::sandbox::{ChatState, NewChat};

const POLICY: &str = "\
policy: {stop_words: [стоп]}
topics:
  news: {title: {ru: Новости, en: News}}
rules:
  heard:
    when: event message
    then: [{set: {visits: coalesce(visits, 0) + 1}}]
  pressed:
    when: event press
    then: [{tag: pressed}]
profile: {visits: int}
segments:
  stopped: opted_out
  no_news: opted_out_of contains \"news\"
  both_told: visits = 5 and tags contains \"pressed\"
";

struct Scene {
    api: Api,
    project: Project,
}

impl Scene {
    fn in_segment(&self, name: &str, count: u64) {
        wait(&format!("segment {name} to be {count}"), || self.project.count(name) == Some(count));
    }

    /// Waits for the next answer, which begins so.
    fn answered(&self, chat: i64, before: usize, expected: &str) {
        wait(&format!("the answer {expected}"), || self.api.sandbox().received(chat).len() > before);
        let said = self.api.sandbox().received(chat).pop().unwrap();
        assert!(said.text.starts_with(expected), "{said:?}");
    }

    fn say(&self, chat: i64, text: &str, expected: &str) {
        let before = self.api.sandbox().received(chat).len();
        self.api.sandbox().user_says(chat, text).unwrap();
        self.answered(chat, before, expected);
    }

    /// Presses a button of the last message.
    fn press(&self, chat: i64, label: &str, expected: &str) {
        let received = self.api.sandbox().received(chat);
        let message = received.last().unwrap();
        let (_, data) = message.buttons.iter().flatten().find(|(text, _)| text == label).unwrap();
        let query = self.api.sandbox().press(chat, message.message_id, data).unwrap();
        self.answered(chat, received.len(), expected);
        wait("the press to be answered", || self.api.sandbox().press_answer(&query).is_some());
    }
}

#[test]
fn users_opt_out_and_in_again() {
    let scene = Scene { api: Api::start(), project: Project::new() };
    scene.project.connect(&scene.api.url());
    scene.project.write("rules/policy.yaml", POLICY);
    let engine = Engine::start(&scene.project);
    let anna = NewChat { language_code: Some("ru".into()), ..NewChat::user(77, "Anna", ChatState::Active) };
    scene.api.sandbox().add_chats([anna, NewChat::user(78, "Bob", ChatState::Active)]);

    // a user whom nobody knew before
    scene.say(77, " СТОП", "Рассылок больше не будет.");
    scene.in_segment("stopped", 1);
    scene.say(77, "/stop", "Рассылок больше не будет.");
    scene.api.sandbox().start_bot(77, "").unwrap();
    scene.say(77, "/topics", "Рассылки отключены.");
    scene.in_segment("stopped", 1);
    scene.press(77, "Вернуть рассылки", "Вы подписаны на рассылки.");
    scene.in_segment("stopped", 0);

    scene.press(77, "✅ Новости", "О теме «Новости» больше не пишем.");
    scene.in_segment("no_news", 1);
    scene.press(77, "Отключить всё", "Рассылок больше не будет.");
    scene.say(77, "/subscribe", "Вы подписаны на рассылки.");
    scene.in_segment("no_news", 1);
    scene.press(77, "❌ Новости", "О теме «Новости» снова пишем.");
    scene.in_segment("no_news", 0);

    scene.api.sandbox().user_says(77, "стоп машина").unwrap();
    scene.say(78, "/topics", "What would you like to hear about?");
    scene.in_segment("stopped", 0);
    scene.in_segment("both_told", 1);
    assert_eq!(engine.stop(), 0);
}
