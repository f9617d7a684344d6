//! `vestnik broadcast …`: start, watch and steer broadcasts.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::broadcast::{Again, BroadcastStatus, RunState, Steer};
use crate::engine::calendar::Answer;
use crate::engine::command::{Reply, Request};
use crate::interface::words::{breakdown_figures, calendar_word, grouped, run_figures};
use crate::model::{Lang, Text};
use crate::outbox::Recall;
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// All broadcasts and how their latest runs stand
    List,
    /// Take a snapshot of the audience and start sending
    Start {
        /// The broadcast's name in the rule files
        name: String,
        /// Send it once more although it was sent before
        #[arg(long)]
        again: bool,
    },
    /// Progress, rate, time left and counts by outcome
    Status {
        /// The broadcast's name; all of them if left out
        name: Option<String>,
    },
    /// Send a broadcast that waits for an approval
    Approve {
        /// The broadcast's name
        name: String,
    },
    /// Do not send a broadcast that waits for an approval
    Refuse {
        /// The broadcast's name
        name: String,
    },
    /// Whom it would reach now and why not the others, how long it would take,
    /// and what else it would delay
    Check {
        /// The broadcast's name
        name: String,
    },
    /// Take back what its latest run has sent: delete it everywhere
    Recall {
        /// The broadcast's name
        name: String,
        /// Do not delete: give what was sent the text and buttons of the template
        #[arg(long)]
        edit: bool,
    },
    /// Hold what has not gone out
    Pause {
        /// The broadcast's name
        name: String,
    },
    /// Go on
    Resume {
        /// The broadcast's name
        name: String,
    },
    /// Never send what has not gone out
    Cancel {
        /// The broadcast's name
        name: String,
    },
}

/// Asks and prints.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    let list = matches!(command, Command::List);
    let named = matches!(command, Command::Status { name: Some(_) });
    let reply = context.ask(request(command))?;
    let lang = context.lang();
    match (context.format(), reply) {
        (Format::Json, Reply::Broadcasts(all)) if named => context.say_json(&serde_json::json!(all.first())),
        (Format::Json, Reply::Broadcasts(all)) => context.say_json(&serde_json::json!(all)),
        (Format::Json, Reply::Run(one)) => context.say_json(&serde_json::json!(one)),
        (Format::Json, Reply::Breakdown(found)) => context.say_json(&serde_json::json!(found)),
        (_, Reply::Breakdown(found)) => context.say(&breakdown_figures(&found, lang)),
        (_, Reply::Broadcasts(all)) if list => context.say(&render_list(&all, lang)),
        (_, Reply::Broadcasts(all)) => all.iter().for_each(|one| context.say(&run_figures(one, lang))),
        (_, Reply::Run(one)) => {
            context.say(&run_figures(&one, lang));
            if !context.is_engine_running() && one.run.as_ref().is_some_and(|run| run.state == RunState::Running) {
                context.note(&Text::new(
                    "no engine is running: it goes out with `vestnik run`",
                    "движок не запущен: рассылка пойдёт после `vestnik run`",
                ));
            }
        }
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn request(command: Command) -> Request {
    let steer = |name, steer| Request::Steer { name, steer };
    match command {
        Command::List => Request::Broadcasts { name: None },
        Command::Status { name } => Request::Broadcasts { name },
        Command::Start { name, again: false } => Request::Start { name, again: Again::Refuse },
        Command::Start { name, again: true } => Request::Start { name, again: Again::Allow },
        Command::Approve { name } => Request::Answer { name, answer: Answer::Approve },
        Command::Refuse { name } => Request::Answer { name, answer: Answer::Refuse },
        Command::Check { name } => Request::Breakdown { name },
        Command::Recall { name, edit: false } => Request::Recall { name, how: Recall::Delete },
        Command::Recall { name, edit: true } => Request::Recall { name, how: Recall::Edit },
        Command::Pause { name } => steer(name, Steer::Pause),
        Command::Resume { name } => steer(name, Steer::Resume),
        Command::Cancel { name } => steer(name, Steer::Cancel),
    }
}

fn render_list(all: &[BroadcastStatus], lang: Lang) -> String {
    let head = [
        Text::new("broadcast", "рассылка"),
        Text::new("state", "состояние"),
        Text::new("run", "запуск"),
        Text::new("recipients", "получателей"),
        Text::new("sent", "отправлено"),
        Text::new("starts by itself", "начнётся сама"),
    ];
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    let columns: Vec<_> = head.iter().map(|text| text.get(lang)).zip(aligns).collect();
    let row = |status: &BroadcastStatus| match &status.run {
        None => {
            let none = || "—".to_owned();
            vec![status.name.clone(), none(), none(), none(), none(), calendar_word(status).get(lang).into()]
        }
        Some(run) => vec![
            status.name.clone(),
            run.state.text().get(lang).into(),
            run.occurrence.to_string(),
            grouped(run.total.into()),
            grouped(run.sent.into()),
            calendar_word(status).get(lang).into(),
        ],
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}
