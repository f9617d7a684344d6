//! `vestnik test`: the tests of the rules, run, and what they do not reach.

use super::Format;
use super::context::{Context, Failure};
use crate::diagnostic::render::render;
use crate::diagnostic::{Diagnostics, Place, Sources};
use crate::engine::trial::{self, Coverage, Kind, Missed, Report, Share};
use crate::model::{Lang, Text};
use crate::rulebook::{Loaded, Rulebook};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Run only the tests whose names hold this
    filter: Option<String>,
    /// End with 1 if a rule, a step or a branch is not reached
    #[arg(long)]
    deny_uncovered: bool,
}

const KINDS: [Kind; 3] = [Kind::Rule, Kind::Step, Kind::Branch];

/// Runs the tests and prints what failed.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let loaded = context.loaded()?;
    let Some(rulebook) = &loaded.rulebook else {
        context.say(&render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style()));
        return Ok(ExitCode::from(1));
    };
    let chosen = chosen(rulebook, args.filter.as_deref())?;
    let report = trial::run(&context.project(), rulebook, &chosen)?;
    // of some of the tests it says nothing
    let coverage = args.filter.is_none().then_some(&report.coverage);
    match context.format() {
        Format::Json => context.say_json(&as_json(&report, coverage, rulebook, loaded, context.lang())),
        Format::Text | Format::Short => say(context, &report, coverage, rulebook, loaded),
    }
    let is_uncovered = args.deny_uncovered && report.coverage.missed().next().is_some();
    let is_good = failed(&report) == 0 && !is_uncovered;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The places of the tests whose names hold the filter.
fn chosen(rulebook: &Rulebook, filter: Option<&str>) -> Result<Vec<usize>, Failure> {
    let all = rulebook.scenarios.iter().enumerate();
    let chosen: Vec<usize> = all
        .filter(|(_, scenario)| filter.is_none_or(|filter| scenario.name.contains(filter)))
        .map(|(place, _)| place)
        .collect();
    match filter {
        Some(filter) if chosen.is_empty() => Err(Failure::new(Text::new(
            format!("no test has `{filter}` in its name"),
            format!("ни у одного теста нет `{filter}` в названии"),
        ))),
        Some(_) | None => Ok(chosen),
    }
}

fn failed(report: &Report) -> usize {
    report.tests.iter().filter(|(_, failures)| !failures.is_empty()).count()
}

fn say(context: &Context, report: &Report, coverage: Option<&Coverage>, rulebook: &Rulebook, loaded: &Loaded) {
    let (lang, sources) = (context.lang(), &loaded.sources);
    let mut found = Diagnostics::new();
    for (place, failures) in &report.tests {
        let name = &rulebook.scenarios[*place].name;
        found.extend(failures.iter().map(|failure| failure.diagnostic(name)));
    }
    context.say(&render(&found, sources, lang, context.style()));
    if context.format() == Format::Short {
        return;
    }
    let gap = if found.is_empty() { "" } else { "\n" };
    let (bad, all) = (failed(report), report.tests.len());
    let counts =
        Text::new(format!("{} passed, {bad} failed", all - bad), format!("прошло: {}, не прошло: {bad}", all - bad));
    context.say(&format!("{gap}{}\n", counts.get(lang)));
    context.say(&coverage.map_or(String::new(), |coverage| of_coverage(coverage, sources, lang)));
}

/// How much was reached, and where the rest stands.
fn of_coverage(coverage: &Coverage, sources: &Sources, lang: Lang) -> String {
    let shares = KINDS.map(|kind| (kind, coverage.share(kind)));
    let shares: Vec<String> =
        shares.iter().filter(|(_, share)| share.of > 0).map(|(kind, share)| words(*kind, *share, lang)).collect();
    if shares.is_empty() {
        return String::new();
    }
    let reached = Text::new("reached", "пройдено");
    let mut out = format!("{}: {}\n", reached.get(lang), shares.join(", "));
    let missed: Vec<&Missed> = coverage.missed().collect();
    if !missed.is_empty() {
        let title = Text::new("no test reaches", "ни один тест не доходит до");
        out.push_str(&format!("{}:\n", title.get(lang)));
        for one in missed {
            out.push_str(&format!("  {}  {}\n", at(one.place, sources), one.name.get(lang)));
        }
    }
    out
}

/// `rules 7 of 8 (87 %)`
fn words(kind: Kind, Share { reached, of }: Share, lang: Lang) -> String {
    let name = match kind {
        Kind::Rule => Text::new("rules", "правил"),
        Kind::Step => Text::new("steps", "шагов"),
        Kind::Branch => Text::new("branches", "ветвей"),
    };
    let of_word = Text::new("of", "из");
    format!("{} {reached} {} {of} ({} %)", name.get(lang), of_word.get(lang), reached * 100 / of.max(1))
}

fn at(place: Place, sources: &Sources) -> String {
    let (line, column) = sources.line_column(place.source, place.start);
    format!("{}:{line}:{column}", sources.name(place.source))
}

fn as_json(report: &Report, coverage: Option<&Coverage>, rulebook: &Rulebook, loaded: &Loaded, lang: Lang) -> Value {
    let sources = &loaded.sources;
    let tests = report.tests.iter().map(|(place, failures)| {
        let scenario = &rulebook.scenarios[*place];
        let failures = failures.iter().map(|failure| {
            with_place(
                json!({
                    "step": failure.step,
                    "message": failure.message.get(lang),
                    "expected": failure.expected,
                    "got": failure.got,
                    "why": failure.why.iter().map(|why| why.get(lang)).collect::<Vec<_>>(),
                }),
                failure.place,
                sources,
            )
        });
        let failures: Vec<Value> = failures.collect();
        let test = json!({"name": scenario.name, "passed": failures.is_empty(), "failures": failures});
        with_place(test, scenario.place, sources)
    });
    let failed = failed(report);
    json!({
        "tests": tests.collect::<Vec<_>>(),
        "passed": report.tests.len() - failed,
        "failed": failed,
        "coverage": coverage.map(|coverage| coverage_json(coverage, sources, lang)),
    })
}

fn coverage_json(coverage: &Coverage, sources: &Sources, lang: Lang) -> Value {
    let share = |kind| {
        let Share { reached, of } = coverage.share(kind);
        json!({"reached": reached, "of": of})
    };
    let missed = coverage.missed().map(|missed| {
        let kind = match missed.kind() {
            Kind::Rule => "rule",
            Kind::Step => "step",
            Kind::Branch => "branch",
        };
        with_place(json!({"kind": kind, "name": missed.name.get(lang)}), missed.place, sources)
    });
    json!({
        "rules": share(Kind::Rule),
        "steps": share(Kind::Step),
        "branches": share(Kind::Branch),
        "missed": missed.collect::<Vec<_>>(),
    })
}

/// The same with where it stands.
fn with_place(mut value: Value, place: Place, sources: &Sources) -> Value {
    let (line, column) = sources.line_column(place.source, place.start);
    value["file"] = json!(sources.name(place.source));
    value["line"] = json!(line);
    value["column"] = json!(column);
    value
}
