//! What an admin sees, press by press, in both languages.

use crate::expect::differs;
use crate::stage::{Stage, wait};
use std::path::Path;

/// Every entry that only shows something, and the labels that lead on, in
/// English and Russian.
#[test]
fn every_entry_is_shown() {
    let stage = Stage::new();
    for (language, home, walk) in [("en", "🏠 Panel", ENGLISH), ("ru", "🏠 Панель", RUSSIAN)] {
        let mut talk = stage.talk(1, language);
        talk.says("/admin");
        for path in walk {
            for label in *path {
                talk.presses(label);
            }
            talk.returns(home);
        }
        holds(&format!("entries.{language}.txt"), &talk.seen);
    }
}

const ENGLISH: &[&[&str]] = &[
    &["🚀 Broadcasts", "📝 offer", "‹ back"],
    &["📊 Monitoring"],
    &["📈 A/B tests", "greeting"],
    &["🤖 Automation", "🟢 rule thanks · 0"],
    &["🎨 Personalization"],
    &["📊 Statistics", "month"],
    &["💵 Revenue (RUB / Stars)"],
    &["🔍 Find a user"],
    &["⚙️ Configuration", "🩺 findings", "‹ back", "🕘 earlier rulebooks"],
    &["📈 Detailed statistics", "templates", "days"],
    &["🔧 System", "📜 what admins did"],
    &["🔔 Subscription notices", "🟢 rule expires_soon · 0"],
];

const RUSSIAN: &[&[&str]] = &[
    &["🚀 Продвинутые рассылки", "📝 offer", "‹ назад"],
    &["📊 Мониторинг"],
    &["📈 A/B тесты", "greeting"],
    &["🤖 Автоматизация", "🟢 правило thanks · 0"],
    &["🎨 Персонализация"],
    &["📊 Статистика", "месяц"],
    &["💵 Доход (руб / звёзды)"],
    &["🔍 Поиск пользователя"],
    &["⚙️ Управление конфигами", "🩺 замечания", "‹ назад", "🕘 прежние редакции"],
    &["📈 Детальная статистика", "шаблоны", "дни"],
    &["🔧 Системные операции", "📜 журнал действий"],
    &["🔔 Уведомления о подписке", "🟢 правило expires_soon · 0"],
];

/// A broadcast from its numbers to its end, with sending stopped meanwhile.
#[test]
fn a_broadcast_is_started_and_steered() {
    let stage = Stage::new();
    let mut talk = stage.talk(1, "en");
    talk.says("/admin").presses("🔧 System").presses("🛑 stop sending").presses("✅ yes").presses("🏠 Panel");
    talk.presses("🚀 Broadcasts").presses("📝 offer").presses("🚀 start").presses("✖️ no");
    talk.presses("🚀 start").presses("✅ yes").presses("⏸ pause").presses("▶️ resume").presses("🏠 Panel");
    talk.presses("🚀 Broadcasts").presses("📝 asked").presses("🚀 start").presses("✅ yes");
    talk.presses("✖️ refuse").presses("✅ yes").presses("🏠 Panel");
    talk.presses("🔧 System").presses("▶️ let messages go out").presses("✅ yes");
    wait("the broadcast", || [41, 42].iter().all(|chat| stage.sandbox().received(*chat).len() == 1));
    wait("its end", || {
        let status = stage.engine().broadcast_status(Some("offer")).unwrap();
        status[0].run.as_ref().is_some_and(|run| !run.is_open())
    });
    talk.presses("🏠 Panel").presses("🚀 Broadcasts").presses("✅ offer").presses("🏠 Panel");
    talk.presses("🔧 System").presses("📜 what admins did");
    holds("broadcast.en.txt", &talk.seen);
}

#[test]
fn an_experiment_and_a_rule_are_switched() {
    let stage = Stage::new();
    let mut talk = stage.talk(2, "ru");
    talk.says("/admin").presses("📈 A/B тесты").presses("greeting").presses("⏹ остановить").presses("✅ да");
    talk.presses("🏁 всем short").presses("✅ да").presses("🏠 Панель");
    talk.presses("🤖 Автоматизация").presses("🟢 правило thanks · 0").presses("⏸ выключить").presses("▶️ включить");
    talk.says("/pause onboarding").says("/resume onboarding").says("/pause nothing").says("/pause");
    holds("switching.ru.txt", &talk.seen);
}

/// Errors of the files come with their place; the screens survive a restart.
#[test]
fn files_are_reloaded_and_put_back() {
    let mut stage = Stage::new();
    let good = stage.rules();
    let old = {
        stage.write("rules/a.yaml", &good.replace("balance > 10", "balanse > 10"));
        let mut talk = stage.talk(1, "en");
        talk.says("/reload");
        holds("reload_errors.en.txt", &talk.seen);
        stage.write("rules/a.yaml", &good.replace("balance > 10", "balance > 20"));
        let version = stage.engine().live.current().version.clone();
        let mut talk = stage.talk(1, "en");
        talk.says("/reload");
        assert_ne!(stage.engine().live.current().version, version, "{}", talk.seen);
        version
    };
    stage.restart();
    let mut talk = stage.talk(1, "en");
    talk.says("/admin").presses("⚙️ Configuration").presses("🕘 earlier rulebooks");
    let label = format!("{old} · 2026-03-02T09:00:00Z");
    talk.presses(&label).presses("⏪ put back").presses("✅ yes");
    assert_eq!(stage.engine().live.current().version, old);
    holds("rollback.en.txt", &talk.seen);
}

#[test]
fn users_are_found_and_explained() {
    let stage = Stage::new();
    let mut talk = stage.talk(3, "en");
    for text in [
        "/help",
        "/status",
        "/find 41",
        "/find @ann_41",
        "/find @nobody",
        "/find \"; drop",
        "/why 43 vip",
        "/why 41 offer",
        "/why 41 nothing",
        "/why 999",
        "/preview hello 41",
        "/preview",
        "/preview hallo",
    ] {
        talk.says(text);
    }
    let shown = || stage.sandbox().received(3).iter().any(|message| message.text == "Hello, Ann <b>&!");
    wait("the template", shown);
    holds("users.en.txt", &talk.seen);
}

fn holds(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/panel/screens").join(name);
    if let Some(difference) = differs(&path, got) {
        panic!("{difference}");
    }
}
