//! `vestnik experiment create`: a rule file with a new experiment, checked with
//! the whole project before it is written.

use crate::cli::context::{Context, Failure};
use crate::diagnostic::Severity;
use crate::diagnostic::render::render;
use crate::model::Text;
use crate::rulebook::{FileContent, Files, Loaded, load_files};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Its name
    name: String,
    /// The variants with their weights, the control first
    #[arg(long, value_name = "NAME=WEIGHT", value_delimiter = ',', default_value = "control=50,variant=50")]
    variants: Vec<String>,
    /// What counts as success, for instance "event payment within 3 days"
    #[arg(long, value_name = "GOAL")]
    goal: Option<String>,
    /// What of the goal is compared: converted, count, or a number of its event such as rub
    #[arg(long, value_name = "WHAT")]
    measure: Option<String>,
    /// Put a winner into effect without asking
    #[arg(long)]
    auto_ship: bool,
    /// What must not happen more often, written like a goal; may be repeated
    #[arg(long, value_name = "GOAL")]
    guardrail: Vec<String>,
    /// Who takes part [default: everybody]
    #[arg(long, value_name = "CONDITION")]
    to: Option<String>,
    /// Which share of them [default: 100%]
    #[arg(long, value_name = "PERCENT")]
    coverage: Option<String>,
    /// Experiments of one group never share a user
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The file to write [default: rules/experiments/NAME.yaml]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
}

/// Writes the file if the project is right with it.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    if !is_name(&args.name) {
        return Err(bad_name(&args.name));
    }
    let path = args.file.clone().unwrap_or_else(|| format!("rules/experiments/{}.yaml", args.name));
    let is_rule_file = path.starts_with("rules/") && (path.ends_with(".yaml") || path.ends_with(".yml"));
    if !is_rule_file || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Failure::new(Text::new(
            format!("`{path}` is not a YAML file in the folder `rules` of the project"),
            format!("`{path}` — не файл YAML в папке `rules` проекта"),
        )));
    }
    let target = context.project().join(&path);
    if target.exists() {
        return Err(Failure::new(Text::new(
            format!("{path} exists already; name another with `--file`"),
            format!("{path} уже есть; укажите другой через `--file`"),
        )));
    }
    let text = yaml(args)?;
    let mut files = Files::read(&context.project()).map_err(|error| Failure::new(error.text()))?;
    files.by_path.insert(path.clone(), FileContent::Bytes(text.clone().into_bytes()));
    let loaded = load_files(&files);
    let Some(rulebook) = &loaded.rulebook else { return Err(refused(context, &loaded, &path)) };
    if !rulebook.experiments.iter().any(|experiment| experiment.name == args.name) {
        return Err(Failure::new(Text::new(
            format!("files like `{path}` are not read as rules; name another with `--file`"),
            format!("файлы вроде `{path}` как правила не читаются; укажите другой через `--file`"),
        )));
    }
    write(&target, &text)?;
    context.say(&text);
    context.note(&Text::new(
        format!("written to {path}; use it in a message: `send: {{experiment: {}, …}}`", args.name),
        format!("записано в {path}; используйте в сообщении: `send: {{experiment: {}, …}}`", args.name),
    ));
    Ok(ExitCode::SUCCESS)
}

/// A name of the rule files: anything else would be another key, or another file.
fn is_name(text: &str) -> bool {
    let rest_fits = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    rest_fits && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn bad_name(name: &str) -> Failure {
    Failure::new(Text::new(
        format!("`{name}` cannot be a name: use small Latin letters, digits and `_`, beginning with a letter"),
        format!("`{name}` не годится в имена: строчные латинские буквы, цифры и `_`, первой буква"),
    ))
}

fn refused(context: &Context, loaded: &Loaded, path: &str) -> Failure {
    context.complain(&render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style()));
    let errors = loaded.diagnostics.count(Severity::Error);
    Failure::findings(Text::new(
        format!("{path} is not written: with it the project has {errors} errors"),
        format!("{path} не записан: с ним в проекте ошибок: {errors}"),
    ))
}

/// The file's text.
fn yaml(args: &Args) -> Result<String, Failure> {
    let mut text = format!("experiments:\n  {}:\n", args.name);
    let mut add = |key: &str, value: &str| text.push_str(&format!("    {key}: {value}\n"));
    if let Some(to) = &args.to {
        add("to", &quoted(to));
    }
    if let Some(coverage) = &args.coverage {
        add("coverage", &quoted(coverage));
    }
    let variants = args.variants.iter().map(|variant| match variant.split_once('=') {
        Some((name, _)) if !is_name(name.trim()) => Err(bad_name(name.trim())),
        Some((name, weight)) if !weight.is_empty() && weight.chars().all(|c| c.is_ascii_digit()) => {
            Ok(format!("{}: {weight}", name.trim()))
        }
        Some(_) | None => {
            Err(Failure::new(Text::new(format!("`{variant}` is not NAME=WEIGHT"), format!("`{variant}` — не ИМЯ=ВЕС"))))
        }
    });
    add("variants", &format!("{{{}}}", variants.collect::<Result<Vec<_>, _>>()?.join(", ")));
    if let Some(group) = &args.group {
        add("group", &quoted(group));
    }
    if let Some(goal) = &args.goal {
        add("goal", &quoted(goal));
    }
    if let Some(measure) = &args.measure {
        add("measure", &quoted(measure));
    }
    if args.auto_ship {
        add("decide", "{auto_ship: true}");
    }
    if !args.guardrail.is_empty() {
        let list: Vec<String> = args.guardrail.iter().map(|goal| quoted(goal)).collect();
        add("guardrails", &format!("[{}]", list.join(", ")));
    }
    Ok(text)
}

/// A YAML scalar in single quotes, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Writes a new file as a whole or not at all.
fn write(target: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = target.with_extension("yaml.new");
    let mut file = std::fs::File::create(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.and_then(|()| std::fs::rename(&draft, target)).map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        Failure::from(error)
    })
}
