//! `vestnik schema`: JSON Schema of rule files, settings and the heads of
//! templates, printed or written where the sample files point editors to.

use super::context::{Context, Failure};
use crate::model::{Lang, Text};
use crate::rulebook::{SchemaOf, json_schema};
use std::path::Path;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Of rule files, of vestnik.yaml, or of the head of a template
    #[arg(value_enum, default_value_t = Of::Rules)]
    of: Of,
    /// Write the schemas of rule files and settings into the project's folder `.vestnik`
    #[arg(long, conflicts_with = "of")]
    write: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    Rules,
    Settings,
    Template,
}

/// Prints or writes.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let lang = context.lang();
    if !args.write {
        context.say_json(&json_schema(args.of.into(), lang));
        return Ok(ExitCode::SUCCESS);
    }
    let project = context.project();
    if !project.join("vestnik.yaml").is_file() {
        let project = project.display();
        return Err(Failure::new(Text::new(
            format!("{project} has no vestnik.yaml; `--project DIR` names the project's folder"),
            format!("в {project} нет vestnik.yaml; папку проекта укажет `--project ПАПКА`"),
        )));
    }
    write(&project, lang)?;
    for (_, path) in SchemaOf::FILES {
        let path = project.join(path);
        let path = path.display();
        context.say(Text::new(format!("written: {path}\n"), format!("записан: {path}\n")).get(lang));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the schemas that editors use into a project.
pub fn write(project: &Path, lang: Lang) -> Result<(), Failure> {
    for (of, path) in SchemaOf::FILES {
        super::init::write_file(&project.join(path), &format!("{:#}\n", json_schema(of, lang)))?;
    }
    Ok(())
}

impl From<Of> for SchemaOf {
    fn from(of: Of) -> Self {
        match of {
            Of::Rules => Self::Rules,
            Of::Settings => Self::Settings,
            Of::Template => Self::Template,
        }
    }
}
