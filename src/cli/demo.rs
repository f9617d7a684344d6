//! `vestnik demo`: the whole product on this machine, with nothing but it.
//!
//! A copy of the sample project, the sample's users, a local Bot API in which
//! some of them have blocked the bot, the engine, and one broadcast. The clock
//! starts at a fixed instant and then runs, so that every demonstration shows
//! the same. At the end the local Bot API's own record is held against the
//! outbox: everybody who could be reached got the message, and nobody twice.

mod check;
mod progress;
mod stage;

use super::context::{Context, Failure};
use super::run::signalled;
use super::segments;
use crate::engine::broadcast::{Again, BroadcastStatus};
use crate::engine::command::{CommandError, Reply, Request};
use crate::interface::words::run_figures;
use crate::model::{Lang, Text};
use stage::Stage;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Generate this many users instead of taking the sample's 3 000
    #[arg(long, value_name = "N")]
    users: Option<u64>,
    /// End after the broadcast, with exit code 0 only if every deliverable
    /// message was delivered exactly once
    #[arg(long)]
    once: bool,
}

/// The broadcast that is shown.
const BROADCAST: &str = "win_back";

/// Runs the demonstration.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(show(context, args))
}

async fn show(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let lang = context.lang_argument().unwrap_or(Lang::En);
    let say = |text: Text| context.say(&format!("{}\n", text.get(lang)));
    let stage = Stage::build(args.users, lang, &say).await?;
    context.say(&format!("\n{}\n", segments::render(&stage.app.engine.segment_counts(None)?, lang)));
    let started = stage.app.engine.start_broadcast(BROADCAST, Again::Refuse).map_err(CommandError::from);
    let started = started.map_err(|error| Failure::new(error.text()))?;
    say(Text::new(
        format!("broadcast `{BROADCAST}`: {} recipients, at most 30 messages a second", started.total),
        format!("рассылка `{BROADCAST}`: получателей {}, не больше 30 сообщений в секунду", started.total),
    ));
    let finished = tokio::select! {
        finished = progress::follow(&stage.app.engine, BROADCAST, lang, context) => finished?,
        () = signalled() => {
            stage.close().await;
            return Ok(ExitCode::from(1));
        }
    };
    context.say(&format!("\n{}\n", run_figures(&finished, lang)));
    let verdict = check::verdict(&stage.app.engine, &stage.sandbox, BROADCAST)?;
    say(verdict.text());
    if args.once {
        stage.close().await;
        return Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    say(stage.invitation());
    stage.serve(signalled()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The latest run of a broadcast.
fn status_of(engine: &crate::engine::Engine, name: &str) -> Result<BroadcastStatus, Failure> {
    let request = Request::Broadcasts { name: Some(name.to_owned()) };
    let status = match engine.execute(request, &mut |_| {}) {
        Ok(Reply::Broadcasts(all)) => all.into_iter().next(),
        Ok(_) => None,
        Err(error) => return Err(Failure::new(error.text())),
    };
    status.ok_or_else(|| Failure::new(Text::same(format!("there is no broadcast `{name}`"))))
}
