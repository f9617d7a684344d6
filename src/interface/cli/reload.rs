//! `vestnik reload`: the running engine checks the rule files and takes them
//! over if they are good.

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{ReloadAnswer, Reply, Request};
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
        Format::Json => context.say_json(&serde_json::json!(answer)),
        Format::Short => context.say(&answer.short),
        Format::Text => {
            context.say(&answer.findings);
            context.say(&format!("{}\n", summary(&answer).get(context.lang())));
        }
    }
    Ok(if answer.accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What came of the reload, in a sentence.
pub fn summary(answer: &ReloadAnswer) -> Text {
    let version = &answer.version;
    let mut text = match (answer.accepted, answer.changed) {
        (true, true) => Text::new(format!("rulebook {version} is in force"), format!("действует новая редакция правил {version}")),
        (true, false) => Text::new(format!("nothing has changed; rulebook {version}"), format!("изменений нет; редакция {version}")),
        (false, _) => Text::new(
            format!("errors: {}; rulebook {version} stays in force", answer.errors),
            format!("ошибок: {}; продолжает действовать редакция {version}", answer.errors),
        ),
    };
    if !answer.restart_for.is_empty() {
        let settings = answer.restart_for.join(", ");
        text.en.push_str(&format!("; start the engine again for: {settings}"));
        text.ru.push_str(&format!("; чтобы применить {settings}, перезапустите движок"));
    }
    text
}
