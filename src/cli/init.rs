//! `vestnik init DIR`: a new project with commented sample files.

use super::context::{Context, Failure};
use super::schema;
use crate::model::{Lang, Text};
use crate::rulebook::sample;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SETTINGS: &str = "vestnik.yaml";
/// What version control leaves alone: users' data.
const IGNORED: [&str; 2] = ["/data", "*.rejected.ndjson"];

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The folder to make
    dir: PathBuf,
}

/// Writes the files; a folder that holds a project already is left alone.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let dir = &args.dir;
    if let Some(there) = sample::FILES.iter().map(|(path, _)| dir.join(path)).find(|path| path.exists()) {
        let there = there.display();
        return Err(Failure::new(Text::new(
            format!("{there} exists already; nothing was changed"),
            format!("{there} уже существует; ничего не изменено"),
        )));
    }
    let lang = context.lang();
    write(dir, lang)?;
    let shown = dir.display();
    let told = Text::new(
        format!("made {shown}: look into rules/, then run `vestnik check --project {shown}`\n"),
        format!("создан {shown}: загляните в rules/, затем запустите `vestnik check --project {shown}`\n"),
    );
    context.say(told.get(lang));
    Ok(ExitCode::SUCCESS)
}

/// Writes the sample project into `dir`; its commands speak `lang`. The schemas
/// for editors are made, not copied; they stay under version control, so that
/// whoever clones the project needs nothing but an editor.
pub fn write(dir: &Path, lang: Lang) -> Result<(), Failure> {
    for (path, content) in sample::FILES {
        let content = match (*path, lang) {
            (SETTINGS, Lang::En) => content.replace("\nlanguage: ru\n", "\nlanguage: en\n"),
            _ => (*content).to_owned(),
        };
        write_file(&dir.join(path), &content)?;
    }
    schema::write(dir, lang)?;
    let ignore = dir.join(".gitignore");
    let present = std::fs::read_to_string(&ignore).unwrap_or_default();
    let missing = IGNORED.iter().filter(|line| !present.lines().any(|known| known.trim() == **line));
    let gap = if present.is_empty() || present.ends_with('\n') { "" } else { "\n" };
    let added: String = missing.map(|line| format!("{line}\n")).collect();
    write_file(&ignore, &format!("{present}{gap}{added}"))
}

/// Writes a file and the folders above it.
pub fn write_file(path: &Path, content: &str) -> Result<(), Failure> {
    let told = |e: std::io::Error| {
        let path = path.display();
        Failure::new(Text::new(format!("cannot write {path}: {e}"), format!("не удаётся записать {path}: {e}")))
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(told)?;
    }
    std::fs::write(path, content).map_err(told)
}
