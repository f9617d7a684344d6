//! `vestnik experiment simulate`: the statistics tried out where the truth is
//! known. Ends with exit code 1 if anything is not as it should be.

use crate::cli::Format;
use crate::cli::context::{Context, Failure};
use crate::cli::table::{Align, table};
use crate::experiment::simulate::{Finding, Scale, simulate};
use crate::model::{Lang, Text};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// How many experiments of each kind
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    runs: u32,
    /// How many splits are checked for false alarms
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    splits: u32,
    /// How many users are dealt to variants
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..=10_000_000))]
    users: u32,
    /// What determines the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Tries out and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let Args { runs, splits, users, seed } = *args;
    let findings = simulate(&Scale { runs, splits, users, seed });
    match context.format() {
        Format::Json => context.say_json(&findings.iter().map(|finding| as_json(finding, context.lang())).collect()),
        Format::Text | Format::Short => context.say(&as_text(&findings, context.lang())),
    }
    let sound = findings.iter().all(Finding::is_as_expected);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn as_json(finding: &Finding, lang: Lang) -> Value {
    json!({
        "name": finding.name,
        "what": finding.what.get(lang),
        "found": finding.found,
        "expected": finding.expected,
        "ok": finding.is_as_expected(),
    })
}

fn as_text(findings: &[Finding], lang: Lang) -> String {
    let names = [
        Text::new("what was tried", "что проверено"),
        Text::new("found", "вышло"),
        Text::new("expected", "ожидалось"),
        Text::new("", ""),
    ];
    let row = |finding: &Finding| {
        let [low, high] = finding.expected;
        let word =
            if finding.is_as_expected() { Text::new("ok", "верно") } else { Text::new("wrong", "неверно") };
        let expected = format!("{low:.4} … {high:.4}");
        vec![finding.what.get(lang).to_owned(), format!("{:.4}", finding.found), expected, word.get(lang).to_owned()]
    };
    let aligned = [Align::Left, Align::Right, Align::Right, Align::Left];
    let columns: Vec<(&str, Align)> = names.iter().map(|name| name.get(lang)).zip(aligned).collect();
    table(&columns, &findings.iter().map(row).collect::<Vec<_>>())
}
