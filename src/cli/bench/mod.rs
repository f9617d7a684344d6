//! `vestnik bench …`: proofs and measurements that anybody can repeat, on this
//! machine and against the local Bot API.

mod judge;
mod ordeal;
mod report;
mod soak;

use super::context::{Context, Failure};
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// A broadcast under faults, its engine killed again and again: does everybody get one message?
    Soak(soak::Args),
}

/// Runs what was asked for.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Soak(args) => soak::run(context, &args),
    }
}
