//! Statistics: users, and what became of the messages of a day, a week or a
//! month.

use super::super::Scene;
use super::super::callback::{Cut, Place, Press};
use super::super::screen::Screen;
use super::{home, people, share};
use crate::engine::command::{Reply, Request};
use crate::engine::deliveries::Group;
use crate::model::{Text, grouped};

/// The spans, in days.
pub const SPANS: [(u32, &str, &str); 3] = [(1, "day", "день"), (7, "week", "неделя"), (30, "month", "месяц")];

/// The screen for so many days.
pub fn screen(scene: &Scene<'_>, days: u32) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Statistics", "Статистика"));
    let Reply::Outbox(report) = scene.ask(Request::Outbox { days })? else { return Ok(screen) };
    screen.fact(&scene.word("users", "пользователей"), &grouped(people::users(scene)?));
    screen.say(&scene.word(&format!("messages, days: {days}"), &format!("сообщения, дней: {days}")));
    let sum = |value: fn(&Group) -> u64| report.causes.iter().map(value).sum::<u64>();
    let (sent, failed, skipped) = (sum(|one| one.sent), sum(|one| one.failed), sum(|one| one.skipped));
    screen.fact(&scene.word("sent", "отправлено"), &share(sent, sent + failed));
    screen.fact(&scene.word("failed", "не удалось"), &share(failed, sent + failed));
    screen.fact(&scene.word("of these blocked the bot", "из них заблокировали бота"), &grouped(sum(|one| one.blocked)));
    screen.fact(&scene.word("stopped by rules", "остановлено правилами"), &grouped(skipped));
    screen.fact(&scene.word("in doubt", "под вопросом"), &grouped(sum(|one| one.in_doubt)));
    screen.fact(&scene.word("buttons pressed", "нажатий на кнопки"), &share(sum(|one| one.clicked), sent));
    screen.fact(
        &scene.word("blocked the bot within a day", "заблокировали бота за сутки"),
        &share(sum(|one| one.blocked_after), sent),
    );
    screen.row(SPANS.map(|(span, en, ru)| chosen(scene, span == days, en, ru, Place::Statistics(span))));
    let details = Place::Details(Cut::Cause, days);
    screen.row([(scene.word("📈 Detailed statistics", "📈 Детальная статистика"), Press::Open(details))]);
    home(scene, &mut screen);
    Ok(screen)
}

/// A button of a choice; the one that is chosen has a mark.
pub fn chosen(scene: &Scene<'_>, is_chosen: bool, en: &str, ru: &str, place: Place) -> (String, Press) {
    let mark = if is_chosen { "• " } else { "" };
    (format!("{mark}{}", scene.word(en, ru)), Press::Open(place))
}
