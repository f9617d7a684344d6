//! `vestnik plan`: what the rule files as they are now would do, compared with
//! the rules in force. Nothing is changed by it.

use super::Format;
use super::context::{Context, Failure};
use super::simulate::copy;
use super::table::{Align, table};
use crate::clock::SystemClock;
use crate::diagnostic::render::render;
use crate::engine::editions::accepted;
use crate::engine::plan::{Cause, PlanReport, Side, plan};
use crate::interface::words::grouped;
use crate::model::{Clock, Lang, Text};
use crate::rulebook::{Files, Loaded, load_files};
use crate::store::Store;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with the project in this folder [default: with the rules that were accepted last]
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
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
    let files = match &args.against {
        Some(folder) => Files::read(folder).map_err(|error| Failure::new(error.text()))?,
        None => {
            let kept = accepted(&*store)?.ok_or_else(|| {
                Failure::new(Text::new(
                    "no rules were in force yet: compare with a folder, `--against DIR`",
                    "правила ещё ни разу не действовали: сравните с папкой, `--against ПАПКА`",
                ))
            })?;
            new.files.with_rules(kept.iter().map(|(path, text)| (path.as_str(), text.as_str())))
        }
    };
    let old = sound(context, load_files(&files), files).inspect_err(|_| {
        context.note(&Text::new("these are the rules to compare with", "это правила, с которыми сравнивают"));
    })?;
    let report = plan(&store, &old, &new, now)?;
    match context.format() {
        Format::Json => context.say_json(&serde_json::json!(report)),
        Format::Text | Format::Short => context.say(&as_text(&report, context.lang())),
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

fn as_text(report: &PlanReport, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |text: Text| {
        let _ = writeln!(out, "{}", text.get(lang));
    };
    line(Text::same(format!("{} → {}", report.from, report.to)));
    if report.is_empty() {
        line(Text::new("nothing would change", "ничего не изменится"));
    }
    if !report.files.is_empty() {
        let files = report.files.join(", ");
        line(Text::new(format!("files that differ: {files}"), format!("файлы с отличиями: {files}")));
    }
    for (section, names) in &report.definitions {
        for (sign, names) in [("+", &names.new), ("-", &names.removed), ("~", &names.edited)] {
            if !names.is_empty() {
                line(Text::same(format!("  {sign} {section}: {}", names.join(", "))));
            }
        }
    }
    if report.misfits > 0 {
        let count = grouped(report.misfits);
        line(Text::new(
            format!("stored values that would not fit their fields: {count}"),
            format!("сохранённых значений, не подходящих полям: {count}"),
        ));
    }
    if !report.forgotten.is_empty() {
        let names = report.forgotten.join(", ");
        line(Text::new(
            format!("fields that would be gone, with values: {names}"),
            format!("пропадут поля, в которых есть значения: {names}"),
        ));
    }
    let (waits, sends) = (grouped(report.waits_24h as u64), grouped(report.sends_24h as u64));
    line(Text::new(
        format!("within 24 hours: waits that end {waits}, messages of rules by the clock about {sends}, before gates"),
        format!("за сутки: закончится ожиданий {waits}, сообщений правил по часам около {sends}, до проверок"),
    ));
    out.push_str(&tables(report, lang));
    out
}

fn tables(report: &PlanReport, lang: Lang) -> String {
    let pick = |en: &'static str, ru: &'static str| if lang == Lang::Ru { ru } else { en };
    let count = |n: usize| if n == 0 { "·".to_owned() } else { grouped(n as u64) };
    let ids = |(n, ids): &(usize, Vec<i64>)| {
        let shown = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        if *n == 0 {
            "·".to_owned()
        } else {
            format!("{} ({shown}{})", grouped(*n as u64), if *n > ids.len() { " …" } else { "" })
        }
    };
    let mut out = String::new();
    let mut show = |columns: &[(&str, Align)], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let _ = write!(out, "\n{}", table(columns, &rows));
        }
    };
    let (left, right) = (Align::Left, Align::Right);
    show(
        &[
            (pick("segment", "сегмент"), left),
            (pick("now", "сейчас"), right),
            (pick("then", "станет"), right),
            (pick("entering", "войдут"), left),
            (pick("leaving", "выйдут"), left),
        ],
        report
            .segments
            .iter()
            .map(|s| vec![s.name.clone(), count(s.before), count(s.after), ids(&s.entering), ids(&s.leaving)])
            .collect(),
    );
    show(
        &[(pick("stage now", "стадия сейчас"), left), (pick("then", "станет"), left), (pick("users", "людей"), right)],
        report.lifecycle.iter().map(|(was, is, n)| vec![was.clone(), is.clone(), count(*n)]).collect(),
    );
    let goes_on = |drip: &crate::engine::plan::DripPlan| match (&drip.goes_on, drip.same) {
        (Some(_), true) => pick("at the same step", "на том же шаге").to_owned(),
        (Some(step), false) => format!("→ {step}"),
        (None, _) => pick("parked", "отложены").to_owned(),
    };
    show(
        &[
            (pick("drip", "цепочка"), left),
            (pick("step", "шаг"), left),
            (pick("people", "людей"), right),
            (pick("go on", "продолжат"), left),
        ],
        report.drips.iter().map(|d| vec![d.drip.clone(), d.step.clone(), count(d.people), goes_on(d)]).collect(),
    );
    let by = |cause: Cause| match cause {
        Cause::Schedule => pick("its schedule", "по расписанию"),
        Cause::Due => pick("a time in a field, within 24 hours", "по полю, за сутки"),
        Cause::Backfill => pick("those who match already", "по тем, кто уже подходит"),
    };
    show(
        &[
            (pick("rule", "правило"), left),
            (pick("acts by", "сработает"), left),
            (pick("next", "когда"), left),
            (pick("users", "людей"), right),
        ],
        report
            .rules
            .iter()
            .map(|r| vec![r.name.clone(), by(r.by).to_owned(), r.at.clone().unwrap_or_default(), count(r.users)])
            .collect(),
    );
    out
}
