//! `vestnik check`: every diagnostic of the whole project.

use super::Format;
use super::context::{Context, Failure};
use crate::diagnostic::render::render;
use crate::diagnostic::{Diagnostics, Severity};
use crate::model::Text;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
}

/// Checks and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let loaded = context.loaded()?;
    context.say(&render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style()));
    let (errors, warnings) = (loaded.diagnostics.count(Severity::Error), loaded.diagnostics.count(Severity::Warning));
    if context.format() == Format::Text {
        let text = match &loaded.rulebook {
            Some(rulebook) if warnings == 0 => Text::new(
                format!(
                    "no mistakes: segments {}, broadcasts {}, rulebook {}",
                    rulebook.segments().len(),
                    rulebook.broadcasts().len(),
                    rulebook.version
                ),
                format!(
                    "ошибок нет: сегментов {}, рассылок {}, редакция {}",
                    rulebook.segments().len(),
                    rulebook.broadcasts().len(),
                    rulebook.version
                ),
            ),
            _ => Text::new(
                format!("errors: {errors}, warnings: {warnings}"),
                format!("ошибок: {errors}, предупреждений: {warnings}"),
            ),
        };
        let gap = if loaded.diagnostics.is_empty() { "" } else { "\n" };
        context.say(&format!("{gap}{}\n", text.get(context.lang())));
        context.say(&more(&loaded.diagnostics).map_or(String::new(), |text| format!("{}\n", text.get(context.lang()))));
    }
    let clean = errors == 0 && (warnings == 0 || !args.deny_warnings);
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Where the codes are explained, by the example of the worst finding's.
fn more(found: &Diagnostics) -> Option<Text> {
    let worst = found.iter().map(|d| d.severity).max()?;
    let code = found.iter().find(|d| d.severity == worst)?.code.0;
    Some(Text::new(
        format!("for more about a code: vestnik explain {code}"),
        format!("подробнее о коде: vestnik explain {code}"),
    ))
}
