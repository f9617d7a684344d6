//! `vestnik reload`: the running engine checks the rule files and takes them
//! over if they are good.

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::interface::words::reload_summary;
use crate::model::Text;
use std::process::ExitCode;

/// Asks the engine and prints its findings.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    let Some(reply) = context.ask_running(&Request::Reload { lang: context.lang() })? else {
        return Err(Failure::new(Text::new(
            "no engine runs on this data folder; `vestnik check` checks the files without one",
            "на этой папке данных движок не запущен; проверить файлы без него: `vestnik check`",
        )));
    };
    let Reply::Reloaded(answer) = reply else { return Ok(ExitCode::SUCCESS) };
    match context.format() {
        Format::Json => context.say_json(&serde_json::json!({
            "accepted": answer.accepted,
            "changed": answer.changed,
            "version": answer.version,
            "errors": answer.errors,
            "warnings": answer.warnings,
            "diagnostics": answer.diagnostics,
            "restart_for": answer.restart_for,
        })),
        Format::Short => context.say(&answer.short),
        Format::Text => {
            let gap = if answer.findings.is_empty() { "" } else { "\n" };
            context.say(&format!("{}{gap}{}\n", answer.findings, reload_summary(&answer).get(context.lang())));
        }
    }
    Ok(if answer.accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
