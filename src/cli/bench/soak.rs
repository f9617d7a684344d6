//! `vestnik bench soak`: a broadcast to many, through a Bot API that fails, by
//! an engine that is killed with SIGKILL again and again. Afterwards the local
//! Bot API's own record and the engine's rows are held against each other.

use super::judge::{Policy, judge};
use super::ordeal::Ordeal;
use super::report::Report;
use crate::cli::Format;
use crate::cli::context::{Context, Failure};
use crate::model::{Lang, Text};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// How many people the broadcast goes to
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    recipients: u64,
    /// How often the engine is killed on the way
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    kills: u32,
    /// Decides who refuses, which requests fail and when the engine is killed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the broadcast does with messages that may have arrived
    #[arg(long, value_enum, default_value_t = PolicyArg::Skip)]
    in_doubt: PolicyArg,
    /// Work in this new folder and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum PolicyArg {
    /// They are not sent again: nobody gets two
    Skip,
    /// They are sent again: nobody gets none
    Resend,
}

impl From<PolicyArg> for Policy {
    fn from(arg: PolicyArg) -> Self {
        match arg {
            PolicyArg::Skip => Self::Skip,
            PolicyArg::Resend => Self::Resend,
        }
    }
}

/// Runs the ordeal and prints the verdict; exit code 1 if a sentence of it does
/// not hold.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let lang = context.lang_argument().unwrap_or(Lang::En);
    let say = |text: Text| context.complain(&format!("{}\n", text.get(lang)));
    let policy = Policy::from(args.in_doubt);
    let begun = Instant::now();
    let mut ordeal = Ordeal::prepare(args.recipients, args.seed, policy, args.keep.as_deref())?;
    say(Text::new(
        format!("{} users are imported; the broadcast goes out, {} kills are ahead", args.recipients, args.kills),
        format!("пользователей загружено: {}; рассылка пошла, впереди убийств: {}", args.recipients, args.kills),
    ));
    let took = ordeal.endure(args.kills, &say)?;
    let evidence = ordeal.evidence()?;
    let report = Report {
        recipients: args.recipients,
        seed: args.seed,
        policy,
        prepared: begun.elapsed().saturating_sub(took),
        took,
        kills: evidence.kills.clone(),
        faults: ordeal.faults(),
        counters: ordeal.counters(),
        sentences: judge(&evidence),
    };
    match context.format() {
        Format::Json => context.say_json(&report.json(lang)),
        Format::Text | Format::Short => context.say(&report.render(lang)),
    }
    if let Some(folder) = &args.keep {
        let folder = folder.display();
        say(Text::new(format!("the project is kept in {folder}"), format!("проект оставлен в {folder}")));
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
