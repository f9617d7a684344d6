//! `vestnik status`: how the engine is.

use super::Format;
use super::broadcast::headline;
use super::context::{Context, Failure};
use super::table::grouped;
use crate::engine::command::{Reply, Request, Status};
use crate::model::{Lang, Text};
use std::process::ExitCode;

/// Asks and prints.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    if let Reply::Status(status) = context.ask(Request::Status)? {
        match context.format() {
            Format::Json => context.say_json(&serde_json::json!(status)),
            Format::Text | Format::Short => context.say(&render(&status, context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The status for people, a line for each fact.
pub fn render(status: &Status, lang: Lang) -> String {
    let mut lines = vec![match status.live {
        true => Text::new("engine: running", "движок: работает"),
        false => Text::new("engine: not running", "движок: не запущен"),
    }];
    lines.push(Text::new(format!("rulebook: {}", status.version), format!("правила: редакция {}", status.version)));
    lines.push(Text::new(
        format!("users: {}", grouped(status.users)),
        format!("пользователей: {}", grouped(status.users)),
    ));
    for run in &status.runs {
        if let Some(report) = &run.run {
            lines.push(Text::new(
                format!("broadcast: {}", headline(&run.name, report, Lang::En)),
                format!("рассылка: {}", headline(&run.name, report, Lang::Ru)),
            ));
        }
    }
    lines.extend(troubles(status));
    lines.iter().map(|text| format!("{}\n", text.get(lang))).collect()
}

fn troubles(status: &Status) -> Vec<Text> {
    let mut lines = Vec::new();
    if let Some(ms) = status.held_ms {
        let seconds = ms / 1_000 + 1;
        lines.push(Text::new(
            format!("Telegram told us to wait: {seconds} s more"),
            format!("Telegram просит подождать: ещё {seconds} с"),
        ));
    }
    if let Some(trouble) = &status.trouble {
        lines.push(Text::new(format!("trouble: {trouble}"), format!("неполадка: {trouble}")));
    }
    if status.unreadable_updates > 0 {
        let n = status.unreadable_updates;
        lines.push(Text::new(format!("updates that could not be read: {n}"), format!("непрочитанных обновлений: {n}")));
    }
    if let Some(findings) = &status.refused {
        lines.push(Text::new(
            format!("the rule files have errors, the last good ones stay in force:\n{}", findings.trim_end()),
            format!("в файлах правил ошибки, действуют последние верные:\n{}", findings.trim_end()),
        ));
    }
    lines
}
