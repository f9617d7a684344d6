//! `vestnik experiment …`: one file for each sub-command.

mod analyze;
mod create;
mod plan;
mod report;
mod simulate;
mod traffic;

use super::context::{Context, Failure};
use crate::engine::experiments::ExperimentOrder;
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Every experiment: state, users, lift and verdict in a line
    List,
    /// One experiment in full: figures, intervals, what was done with it, and what to do
    Report(report::Args),
    /// Write a rule file with a new experiment, if the project is right with it
    Create(create::Args),
    /// Deal variants again after a stop, or after one was shipped
    Start(Named),
    /// Have nobody take part any more; open windows are still counted
    Stop(Named),
    /// Give everybody who fits one variant from now on
    Ship {
        /// The experiment's name
        name: String,
        /// The variant
        variant: String,
    },
    /// The statistics of counts: JSON on standard input, JSON on standard output
    Analyze,
    /// How many users and days it takes to see a change, and what can be seen
    Plan(plan::Args),
    /// Try the statistics out on simulated users: false winners, power, the split
    Simulate(simulate::Args),
}

/// An experiment.
#[derive(clap::Args)]
pub struct Named {
    /// The experiment's name
    name: String,
}

/// Runs a sub-command.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List => report::list(context),
        Command::Report(args) => report::report(context, &args),
        Command::Create(args) => create::run(context, &args),
        Command::Start(Named { name }) => report::order(context, name, ExperimentOrder::Start),
        Command::Stop(Named { name }) => report::order(context, name, ExperimentOrder::Stop),
        Command::Ship { name, variant } => report::order(context, name, ExperimentOrder::Ship { variant }),
        Command::Analyze => analyze::run(context),
        Command::Plan(args) => plan::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
    }
}
