//! `vestnik export …`: what is kept, as a file or to standard output.

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::engine::deliveries::{ExportAs, ExportOptions, Exported};
use crate::engine::query::{Query, Want};
use crate::interface::words::grouped;
use crate::model::Text;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Every message that was sent, waits or was not sent, a line each
    Deliveries(Args),
}

/// The arguments of `deliveries`.
#[derive(clap::Args)]
pub struct Args {
    /// Only messages to users for whom this condition holds now
    #[arg(long, value_name = "CONDITION")]
    query: Option<String>,
    /// Only messages of this broadcast
    #[arg(long, value_name = "NAME")]
    broadcast: Option<String>,
    /// Only messages from this time on, for instance 2026-03-01
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The file, which is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the file is made of [default: by its name, else csv]
    #[arg(long = "as", value_enum)]
    form: Option<FormArg>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FormArg {
    Csv,
    Ndjson,
}

/// Asks, and prints or says what was written.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    let Command::Deliveries(args) = command;
    context.needs_data()?;
    let Some(output) = &args.output else { return to_stdout(context, &args) };
    let exported = export(context, &args, &std::path::absolute(output)?)?;
    let Some(rows) = exported.rows else { return Ok(ExitCode::from(1)) };
    match context.format() {
        Format::Json => context.say_json(&serde_json::json!({ "file": output, "rows": rows })),
        Format::Text | Format::Short => {
            let (rows, file) = (grouped(rows), output.display());
            let said = Text::new(format!("messages: {rows}, in {file}\n"), format!("сообщений: {rows}, в {file}\n"));
            context.say(said.get(context.lang()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// By way of a file in the data folder, which a running engine can write.
fn to_stdout(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let name = format!(".export-{}.tmp", std::process::id());
    let path = std::path::absolute(context.data()?.join(name))?;
    let printed = export(context, args, &path).and_then(|exported| {
        if exported.rows.is_some() {
            // a closed pipe ends the printing quietly
            let _ = std::io::copy(&mut File::open(&path)?, &mut std::io::stdout());
        }
        Ok(exported)
    });
    let _ = std::fs::remove_file(&path);
    Ok(if printed?.rows.is_some() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn export(context: &Context, args: &Args, path: &Path) -> Result<Exported, Failure> {
    let by_name = match args.output.as_ref().and_then(|path| path.extension()?.to_str()) {
        Some("ndjson" | "jsonl") => ExportAs::Ndjson,
        Some(_) | None => ExportAs::Csv,
    };
    let form = match args.form {
        Some(FormArg::Csv) => ExportAs::Csv,
        Some(FormArg::Ndjson) => ExportAs::Ndjson,
        None => by_name,
    };
    let query = args.query.as_ref().map(|condition| Query {
        condition: condition.clone(),
        now: None,
        want: Want::Ids,
        lang: context.lang(),
        style: context.style(),
    });
    let since = args.since.as_deref().map(|text| context.time(text)).transpose()?;
    let options = ExportOptions { path: path.to_owned(), form, query, broadcast: args.broadcast.clone(), since };
    match context.ask(Request::Export(Box::new(options)))? {
        Reply::Exported(exported) => {
            context.complain(&exported.findings);
            Ok(exported)
        }
        _ => Ok(Exported { findings: String::new(), rows: None }),
    }
}
