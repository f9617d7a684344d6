//! `vestnik plan`: what the rule files as they are now would do, compared with
//! the rules in force. Nothing is changed by it.

mod against;
mod say;

use super::Format;
use super::context::{Context, Failure};
use super::simulate::copy;
use crate::clock::SystemClock;
use crate::diagnostic::render::render;
use crate::engine::plan::{Side, plan};
use crate::model::{Clock, Text};
use crate::rulebook::{Files, Loaded, load_files};
use crate::store::Store;
use std::process::ExitCode;
use std::sync::Arc;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with this: an earlier version (`vestnik rollback` lists them), a project's folder, or a git revision [default: the rules that were accepted last]
    #[arg(long, value_name = "VERSION|DIR|REV")]
    against: Option<String>,
    /// Judge as of this time, for instance 2026-03-01 or "2026-03-01 12:00" [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

/// Compares and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let project = context.project();
    let files = Files::read(&project).map_err(|error| Failure::new(error.text()))?;
    let new = sound(context, load_files(&files), files)?;
    context.needs_data()?;
    let now = match &args.now {
        Some(text) => context.time(text)?,
        None => SystemClock::new().now(),
    };
    let store: Arc<dyn Store> = Arc::new(copy(context)?);
    let files = against::files(&*store, &project, &new.files, args.against.as_deref())?;
    let old = sound(context, load_files(&files), files).inspect_err(|_| {
        context.note(&Text::new("these are the rules to compare with", "это правила, с которыми сравнивают"));
    })?;
    let report = plan(&store, &old, &new, now)?;
    match context.format() {
        Format::Json => context.say_json(&serde_json::json!(report)),
        Format::Text | Format::Short => context.say(&say::as_text(&report, context.lang())),
    }
    Ok(ExitCode::SUCCESS)
}

fn sound(context: &Context, loaded: Loaded, files: Files) -> Result<Side, Failure> {
    match loaded.rulebook {
        Some(rulebook) => Ok(Side { rulebook, files }),
        None => {
            context.complain(&render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style()));
            Err(Failure::findings(Text::new(
                "the rule files have errors; `vestnik check` shows them all",
                "в файлах правил ошибки; все покажет `vestnik check`",
            )))
        }
    }
}
