//! What `vestnik plan` compares with: a version that was in force, a folder or a
//! revision of git, looked for in this order.

use crate::cli::context::Failure;
use crate::engine::editions::{accepted, kept_as};
use crate::model::Text;
use crate::rulebook::Files;
use crate::store::Store;
use std::path::Path;
use std::process::{Command, Output};

/// A shorter beginning is no version: it may well be the name of a folder.
const SHORTEST: usize = 4;
/// What of a revision can be a part of a rulebook.
const PARTS: [&str; 3] = ["./vestnik.yaml", "./rules", "./templates"];

/// The files to compare with. What messages carry is looked for in the project.
pub fn files(store: &dyn Store, project: &Path, new: &Files, against: Option<&str>) -> Result<Files, Failure> {
    let with = |list: &[(String, String)]| new.with_rules(list.iter().map(|(path, text)| (&**path, &**text)));
    let Some(name) = against else {
        let kept = accepted(store)?.ok_or_else(|| {
            Failure::new(Text::new(
                "no rules were in force yet: compare with a folder, `--against DIR`",
                "правила ещё ни разу не действовали: сравните с папкой, `--against ПАПКА`",
            ))
        })?;
        return Ok(with(&kept));
    };
    let is_hex = name.len() >= SHORTEST && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_hex { kept_as(store, &name.to_ascii_lowercase())? } else { Vec::new() };
    match found.as_slice() {
        [one] => return Ok(with(one)),
        [] => {}
        several => {
            let count = several.len();
            return Err(Failure::new(Text::new(
                format!("{count} versions begin with `{name}`: write more of it"),
                format!("с `{name}` начинаются редакции, их {count}: допишите"),
            )));
        }
    }
    if Path::new(name).is_dir() {
        return Files::read(Path::new(name)).map_err(|error| Failure::new(error.text()));
    }
    Ok(with(&revision(project, name)?))
}

/// The files of a revision, by path.
fn revision(project: &Path, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let commit = git(project, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]);
    let commit = match commit {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Ok(_) => {
            return Err(Failure::new(Text::new(
                format!(
                    "`{name}` is no version that was in force (`vestnik rollback` lists them), no folder and no \
                     revision of git in the project"
                ),
                format!(
                    "`{name}` — не прежняя редакция (список: `vestnik rollback`), не папка и не ревизия git в проекте"
                ),
            )));
        }
        Err(error) => {
            return Err(Failure::new(Text::new(
                format!(
                    "`{name}` is no version that was in force and no folder; it cannot be looked for in git, which \
                     does not start: {error}"
                ),
                format!("`{name}` — не прежняя редакция и не папка; поискать в git нельзя, он не запускается: {error}"),
            )));
        }
    };
    let listed = [&["ls-tree", "-r", "-z", "--name-only", &commit, "--"][..], &PARTS].concat();
    let listed = told(git(project, &listed))?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    let text = |path: &str| Ok((path.to_owned(), told(git(project, &["show", &format!("{commit}:./{path}")]))?));
    paths.filter(|path| Files::takes(path)).map(text).collect()
}

fn git(project: &Path, args: &[&str]) -> std::io::Result<Output> {
    Command::new("git").arg("-C").arg(project).args(args).output()
}

fn told(output: std::io::Result<Output>) -> Result<String, Failure> {
    let failed =
        |why: String| Failure::new(Text::new(format!("git fails: {why}"), format!("git завершился с ошибкой: {why}")));
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
