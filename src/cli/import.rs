//! `vestnik import FILE`: users from SQLite, CSV or NDJSON, events from NDJSON.

mod live;

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::import::{EventsReport, ImportOptions, ImportReport, Reason, SourceKind, ZeroTime, parse_map};
use crate::interface::words::grouped;
use crate::model::{Lang, Text};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// A SQLite database, a CSV file or an NDJSON file of users; or an NDJSON file of events
    file: PathBuf,
    /// What the file is [default: by its content and name]
    #[arg(long, value_enum)]
    kind: Option<KindArg>,
    /// The table of a SQLite database
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Put this column into that field; columns named like a field go there by themselves
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Take a time of 0 as missing and not as 1970
    #[arg(long)]
    zero_is_missing: bool,
    /// Where rejected rows go [default: FILE.rejected.ndjson]
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Have it count as happening now: rules and drips act and messages are sent; asks first, with numbers
    #[arg(long)]
    live: bool,
    /// Do not ask
    #[arg(long, requires = "live")]
    yes: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArg {
    Sqlite,
    Csv,
    Ndjson,
    Events,
}

/// Imports and prints the report.
pub fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let map: Result<Vec<_>, _> = args.map.iter().map(|text| parse_map(text)).collect();
    let options = ImportOptions {
        path: std::path::absolute(&args.file)?,
        kind: args.kind.map(SourceKind::from),
        table: args.table,
        map: map.map_err(|error| Failure::new(error.text()))?,
        zero: if args.zero_is_missing { ZeroTime::Missing } else { ZeroTime::Epoch },
        rejected: args.rejected.map(std::path::absolute).transpose()?,
        live: args.live,
    };
    if args.live && !args.yes && !live::confirmed(context, &options)? {
        return Ok(ExitCode::SUCCESS);
    }
    let reply = context.ask(Request::Import(Box::new(options)))?;
    match (reply, context.format()) {
        (Reply::Imported(report), Format::Json) => context.say_json(&serde_json::json!(report)),
        (Reply::Imported(report), _) => context.say(&render(&report, context.lang())),
        (Reply::EventsImported(report), Format::Json) => context.say_json(&serde_json::json!(report)),
        (Reply::EventsImported(report), _) => context.say(&render_events(&report, context.lang())),
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The report for people.
pub fn render(report: &ImportReport, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |text: Text| {
        let _ = writeln!(out, "{}", text.get(lang));
    };
    let [read, stored, duplicates, rejected] =
        [report.read, report.stored, report.duplicates, report.rejected].map(grouped);
    line(Text::new(
        format!("rows read {read}: users stored {stored}, older rows of the same id {duplicates}, rejected {rejected}"),
        format!(
            "прочитано строк {read}: сохранено людей {stored}, прежних строк с тем же id {duplicates}, отклонено {rejected}"
        ),
    ));
    rejected_rows(&report.reasons, report.rejected_file.as_deref(), &mut line);
    for (column, outside) in &report.outside {
        let (n, examples) = (outside.count, outside.examples.join(", "));
        line(Text::new(
            format!("`{column}`: {n} values are not in its list and were left missing: {examples}"),
            format!("`{column}`: значений не из списка {n}, оставлены пустыми: {examples}"),
        ));
    }
    if !report.unmapped.is_empty() {
        let columns = report.unmapped.join(", ");
        line(Text::new(
            format!("columns that are no field, left out: {columns} (use --map COLUMN=FIELD)"),
            format!("столбцы, для которых нет поля, пропущены: {columns} (см. --map СТОЛБЕЦ=ПОЛЕ)"),
        ));
    }
    out
}

/// The report of an import of events for people.
pub fn render_events(report: &EventsReport, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |text: Text| {
        let _ = writeln!(out, "{}", text.get(lang));
    };
    let [read, stored, duplicates, rejected] =
        [report.read, report.stored, report.duplicates, report.rejected].map(grouped);
    line(Text::new(
        format!("lines read {read}: events stored {stored}, known already {duplicates}, rejected {rejected}"),
        format!("прочитано строк {read}: сохранено событий {stored}, уже известных {duplicates}, отклонено {rejected}"),
    ));
    rejected_rows(&report.reasons, report.rejected_file.as_deref(), &mut line);
    out
}

fn rejected_rows(reasons: &BTreeMap<Reason, u64>, file: Option<&Path>, line: &mut dyn FnMut(Text)) {
    for (reason, n) in reasons {
        let why = reason.text();
        line(Text::new(format!("  {n:>5}  {}", why.en), format!("  {n:>5}  {}", why.ru)));
    }
    if let Some(file) = file {
        let file = file.display();
        line(Text::new(format!("  rejected rows: {file}"), format!("  отклонённые строки: {file}")));
    }
}

impl From<KindArg> for SourceKind {
    fn from(arg: KindArg) -> Self {
        match arg {
            KindArg::Sqlite => Self::Sqlite,
            KindArg::Csv => Self::Csv,
            KindArg::Ndjson => Self::Ndjson,
            KindArg::Events => Self::Events,
        }
    }
}
