//! `vestnik init DIR`: a new project with commented sample files.

use super::context::{Context, Failure};
use crate::model::Text;
use crate::rulebook::sample;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    write(dir)?;
    let shown = dir.display();
    context.say(
        Text::new(
            format!("made {shown}: look into rules/, then run `vestnik check --project {shown}`\n"),
            format!("создан {shown}: загляните в rules/, затем запустите `vestnik check --project {shown}`\n"),
        )
        .get(context.lang()),
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes the sample project into `dir`.
pub fn write(dir: &Path) -> Result<(), Failure> {
    let ignored = (".gitignore", "/data\n*.rejected.ndjson\n");
    for (path, content) in sample::FILES.iter().copied().chain([ignored]) {
        let path = dir.join(path);
        let told = |e: std::io::Error| Failure::new(Text::same(format!("{}: {e}", path.display())));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(told)?;
        }
        std::fs::write(&path, content).map_err(told)?;
    }
    Ok(())
}
