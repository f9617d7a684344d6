//! The command line: one file per command.
//!
//! Exit codes: 0 clean, 1 findings (diagnostics, something undelivered), 2 the
//! command could not do its work.

mod arm;
mod backup;
mod bench;
mod broadcast;
mod chart;
mod check;
mod context;
mod demo;
mod experiment;
mod explain;
mod export;
mod import;
mod init;
mod outbox;
mod payments;
mod plan;
mod preview;
mod query;
mod reload;
mod revenue;
mod rollback;
mod rule;
mod run;
mod sandbox;
mod schema;
mod segments;
mod simulate;
mod sizes;
mod status;
mod table;
mod test;

use crate::engine::command::Request;
use crate::model::Lang;
use clap::{Parser, Subcommand, ValueEnum};
use context::{Context, Failure};
use std::path::PathBuf;
use std::process::ExitCode;

/// Rule-driven automation for Telegram bots.
#[derive(Parser)]
#[command(name = "vestnik", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(clap::Args)]
struct Global {
    /// The project's folder
    #[arg(long, global = true, value_name = "DIR", default_value = ".", help_heading = "Everywhere")]
    project: PathBuf,
    /// The data folder [default: the one in vestnik.yaml]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    data: Option<PathBuf>,
    /// How to print: for people, a line for each finding, for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, help_heading = "Everywhere")]
    format: Format,
    /// The language of output [default: the one in vestnik.yaml]
    #[arg(long, global = true, value_enum, help_heading = "Everywhere")]
    lang: Option<LangArg>,
}

/// How a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Short,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum LangArg {
    En,
    Ru,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine: a sample project, a local Bot API, one broadcast
    Demo(demo::Args),
    /// Run the engine: rules, Telegram, delivery
    Run,
    /// Make a new project with commented sample files
    Init(init::Args),
    /// Check the rule files and templates: every mistake with its place
    Check(check::Args),
    /// Run the tests of the rules, and see which rules and steps none of them reaches
    Test(test::Args),
    /// What a diagnostic's code means; or why something happens to a user or does not
    Explain(explain::Args),
    /// What the rule files as they are now would change: segments, people in drips, what rules do next
    Plan(plan::Args),
    /// Every segment with its size
    Segments(segments::Args),
    /// Ask a condition of all users: how many, which, or a few to look at
    Query(query::Args),
    /// A template as a user gets it: the messages, their buttons and lengths
    Preview(preview::Args),
    /// JSON Schema (draft-07) of rule files, so that editors complete and check them
    Schema(schema::Args),
    /// What the days to come would bring, over a copy of the store: nothing is sent
    Simulate(simulate::Args),
    /// Import users from SQLite, CSV or NDJSON, or events from NDJSON
    Import(import::Args),
    /// Start, watch, pause, resume and cancel broadcasts
    #[command(subcommand)]
    Broadcast(broadcast::Command),
    /// Every rule, drip and task with its figures; switch them off and on without editing; decide
    /// again what went round in a circle
    #[command(subcommand)]
    Rule(rule::Command),
    /// A/B tests: what they show and what to do, planned, started, shipped; counts from anywhere judged
    #[command(subcommand)]
    Experiment(experiment::Command),
    /// What waits to be sent, single messages, and what to do about those that failed
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// What users paid, and giving it back
    #[command(subcommand)]
    Payments(payments::Command),
    /// What came in: today, this week, this month, day by day; by source, campaign, product
    Revenue(revenue::Args),
    /// Write what is kept to a file: messages, for a table calculator or a program
    #[command(subcommand)]
    Export(export::Command),
    /// Make the running engine take over the rule files
    Reload,
    /// List earlier rulebooks, or put the files of one back
    Rollback(rollback::Args),
    /// How the engine is
    Status,
    /// Let this engine send: after its data folder was copied or moved, or after `disarm`
    Arm,
    /// Let it send nothing but answers, until `arm`
    Disarm,
    /// Write everything to one file, also while the engine runs
    Backup(backup::BackupArgs),
    /// Put a backup in force; a running engine stops and starts again around it
    Restore(backup::RestoreArgs),
    /// A local Bot API for trying things out
    Sandbox(sandbox::Args),
    /// Proofs and measurements on this machine
    #[command(subcommand)]
    Bench(bench::Command),
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context::new(cli.global);
    // what goes wrong in a test is told as its failure
    if !matches!(cli.command, Command::Test(_)) {
        // what fails in a simulation is among its figures
        if !matches!(cli.command, Command::Simulate(_) | Command::Plan(_)) {
            context.start_log(matches!(cli.command, Command::Run));
        }
    }
    match dispatch(&context, cli.command) {
        Ok(code) => code,
        Err(failure) => context.fail(&failure),
    }
}

fn dispatch(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => demo::run(context, &args),
        Command::Run => run::run(context),
        Command::Init(args) => init::run(context, &args),
        Command::Check(args) => check::run(context, &args),
        Command::Test(args) => test::run(context, &args),
        Command::Explain(args) => explain::run(context, &args),
        Command::Segments(args) => segments::run(context, &args),
        Command::Query(args) => query::run(context, &args),
        Command::Preview(args) => preview::run(context, &args),
        Command::Schema(args) => schema::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Import(args) => import::run(context, args),
        Command::Broadcast(command) => broadcast::run(context, command),
        Command::Rule(command) => rule::run(context, command),
        Command::Experiment(command) => experiment::run(context, command),
        Command::Outbox(command) => outbox::run(context, command),
        Command::Payments(command) => payments::run(context, command),
        Command::Revenue(args) => revenue::run(context, &args),
        Command::Export(command) => export::run(context, command),
        Command::Reload => reload::run(context),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Status => status::run(context),
        Command::Arm => arm::run(context, &Request::Arm),
        Command::Disarm => arm::run(context, &Request::Disarm),
        Command::Backup(args) => backup::backup(context, &args),
        Command::Restore(args) => backup::restore(context, &args),
        Command::Sandbox(args) => sandbox::run(context, args),
        Command::Bench(command) => bench::run(context, command),
    }
}

impl From<LangArg> for Lang {
    fn from(arg: LangArg) -> Self {
        match arg {
            LangArg::En => Self::En,
            LangArg::Ru => Self::Ru,
        }
    }
}
