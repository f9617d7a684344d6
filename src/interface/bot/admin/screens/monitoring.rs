//! Monitoring: how the engine is, and what waits in each lane.

use super::super::Scene;
use super::super::callback::Place;
use super::super::screen::Screen;
use super::again;
use crate::engine::command::{Reply, Request};
use crate::engine::deliveries::OutboxReport;
use crate::interface::words;
use crate::model::Text;

/// The screen.
pub fn screen(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Monitoring", "Мониторинг"));
    if let Reply::Status(status) = scene.ask(Request::Status)? {
        screen.say(&words::status(&status, scene.lang));
        let disk = words::size(status.disk);
        screen.say(&scene.word(&format!("store on disk: {}", disk.en), &format!("хранилище на диске: {}", disk.ru)));
    }
    if let Reply::Outbox(report) = scene.ask(Request::Outbox { days: 1 })? {
        screen.gap();
        queue(scene, &mut screen, &report);
    }
    again(scene, &mut screen, Place::Monitoring);
    Ok(screen)
}

fn queue(scene: &Scene<'_>, screen: &mut Screen, report: &OutboxReport) {
    let rate = report.rate.unwrap_or_default();
    let limit = report.limit.map_or_else(|| "—".to_owned(), |limit| format!("{limit:.0}"));
    screen
        .fact(&scene.word("sent a second (limit)", "отправляется в секунду (предел)"), &format!("{rate:.1} ({limit})"));
    if report.too_many > 0 {
        let word = scene.word("Telegram said “too many requests”", "Telegram ответил «слишком много запросов»");
        screen.fact(&word, &words::grouped(report.too_many));
    }
    for lane in report.lanes.iter().filter(|lane| lane.queued + lane.under_way + lane.in_doubt > 0) {
        let (queued, lag) = (words::grouped(lane.queued.into()), words::length(lane.lag_seconds.unwrap_or_default()));
        screen.say(&scene.word(
            &format!("queue {}: {queued} wait, the oldest for {}; in doubt {}", lane.lane, lag.en, lane.in_doubt),
            &format!("очередь {}: ждут {queued}, дольше всех {}; под вопросом {}", lane.lane, lag.ru, lane.in_doubt),
        ));
    }
    for error in report.errors.iter().take(5) {
        let text = if error.text.is_empty() { "…" } else { &error.text };
        screen.say(&format!("{} × {text}", words::grouped(error.count)));
    }
}
