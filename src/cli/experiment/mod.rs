//! `vestnik experiment …`: one file for each sub-command.

mod analyze;
mod plan;
mod simulate;

use super::context::{Context, Failure};
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// The statistics of counts: JSON on standard input, JSON on standard output
    Analyze,
    /// How many users and days it takes to see a change, and what can be seen
    Plan(plan::Args),
    /// Try the statistics out on simulated users: false winners, power, the split
    Simulate(simulate::Args),
}

/// Runs a sub-command.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Analyze => analyze::run(context),
        Command::Plan(args) => plan::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
    }
}
