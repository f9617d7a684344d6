//! Detailed statistics: the same numbers apart by cause, template or day.

use super::super::Scene;
use super::super::callback::{Cut, Place};
use super::super::screen::Screen;
use super::home;
use super::statistics::{SPANS, chosen};
use crate::engine::command::{Reply, Request};
use crate::engine::deliveries::Group;
use crate::model::{Text, grouped};

/// So many rows are shown, those with the most messages.
const ROWS: usize = 30;

/// The screen.
pub fn screen(scene: &Scene<'_>, cut: Cut, days: u32) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Detailed statistics", "Детальная статистика"));
    let Reply::Outbox(report) = scene.ask(Request::Outbox { days })? else { return Ok(screen) };
    let mut groups = match cut {
        Cut::Cause => report.causes,
        Cut::Template => report.templates,
        Cut::Day => report.by_day,
    };
    groups.retain(|one| one.queued + one.sent + one.failed + one.skipped > 0);
    if cut != Cut::Day {
        groups.sort_by_key(|one| std::cmp::Reverse(one.sent));
    }
    match groups.is_empty() {
        true => screen.say(&scene.word("no messages in this time", "за это время сообщений не было")),
        false => screen.pre(&rows(scene, &groups)),
    }
    let cuts = [(Cut::Cause, "causes", "причины"), (Cut::Template, "templates", "шаблоны"), (Cut::Day, "days", "дни")];
    screen.row(cuts.map(|(one, en, ru)| chosen(scene, one == cut, en, ru, Place::Details(one, days))));
    screen.row(SPANS.map(|(span, en, ru)| chosen(scene, span == days, en, ru, Place::Details(cut, span))));
    home(scene, &mut screen);
    Ok(screen)
}

fn rows(scene: &Scene<'_>, groups: &[Group]) -> String {
    let mut out = scene.word("sent / failed / stopped / pressed\n", "отправлено / не удалось / остановлено / нажато\n");
    for one in groups.iter().take(ROWS) {
        let name = if one.name.is_empty() { "—" } else { &one.name };
        let figures = [one.sent, one.failed, one.skipped, one.clicked].map(grouped).join(" / ");
        out.push_str(&format!("{name}: {figures}\n"));
    }
    out
}
