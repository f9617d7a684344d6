//! Putting the files of an earlier rulebook back into the project's folder.
//!
//! Each file takes its place in one step, and only files of rulebooks are
//! touched. What somebody has edited and no kept rulebook holds would be lost:
//! that is refused unless it is meant.

use super::{Edition, read_all};
use crate::model::Text;
use crate::rulebook::{Files, ProjectError, SETTINGS};
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The version whose files these are.
    pub version: String,
    /// Files that were written.
    pub written: Vec<String>,
    /// Files that were removed.
    pub removed: Vec<String>,
}

/// What is to be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The version, or how it begins.
    pub version: String,
    /// The settings too.
    pub settings: bool,
    /// Edits that no kept rulebook holds may be lost.
    pub force: bool,
}

/// Why nothing was put back, or not all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A file cannot be written or removed.
    #[error("cannot write {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No version begins so, or several do.
    #[error("versions that begin with `{version}`: {found}")]
    Version {
        /// What was asked for.
        version: String,
        /// How many there are.
        found: usize,
    },
    /// Edits would be lost.
    #[error("edits that no kept rulebook holds would be lost: {}", .0.join(", "))]
    Unkept(Vec<String>),
}

impl RollbackError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Store(error) => error.text(),
            Self::Project(error) => error.text(),
            Self::File { path, error } => {
                Text::new(self.to_string(), format!("не удаётся записать {}: {error}", path.display()))
            }
            Self::Version { version, found: 0 } => Text::new(
                format!("no kept rulebook has a version that begins with `{version}`; `vestnik rollback` lists them"),
                format!("нет сохранённой редакции, которая начинается с `{version}`; список: `vestnik rollback`"),
            ),
            Self::Version { version, found } => Text::new(
                format!("{found} versions begin with `{version}`: write more of it"),
                format!("с `{version}` начинаются редакции, их {found}: допишите"),
            ),
            Self::Unkept(paths) => {
                let paths = paths.join(", ");
                Text::new(
                    format!(
                        "these files have edits that were never in force and would be lost: {paths}; `--force` loses them"
                    ),
                    format!(
                        "в этих файлах правки, которые ещё не действовали и пропали бы: {paths}; всё равно вернуть: `--force`"
                    ),
                )
            }
        }
    }
}

/// Puts the files of an earlier rulebook into the folder of the project.
pub fn roll_back(store: &dyn Store, project: &Path, wanted: &Wanted) -> Result<RolledBack, RollbackError> {
    let all: Vec<Edition> = read_all(store)?.into_iter().map(|(_, edition)| edition).collect();
    let edition = find(&all, &wanted.version)?;
    let files = Files::read(project)?;
    let found = Edition::hashes(&files);
    let concerned = |path: &&String| wanted.settings || *path != SETTINGS;
    let present: Vec<&String> = files.by_path.keys().filter(concerned).collect();
    if !wanted.force {
        let is_kept =
            |path: &String| all.iter().any(|one| found.contains_key(path) && one.files.get(path) == found.get(path));
        let unkept: Vec<String> = present.iter().filter(|path| !is_kept(path)).map(|path| (*path).clone()).collect();
        if !unkept.is_empty() {
            return Err(RollbackError::Unkept(unkept));
        }
    }
    let texts = texts(store, edition, &found, concerned)?;
    let mut done = RolledBack { version: edition.version.clone(), written: Vec::new(), removed: Vec::new() };
    for (path, text) in texts {
        write(&project.join(&path), &text).map_err(|error| RollbackError::File { path: path.clone().into(), error })?;
        done.written.push(path);
    }
    for path in present.into_iter().filter(|path| !edition.files.contains_key(*path)) {
        fs::remove_file(project.join(path)).map_err(|error| RollbackError::File { path: path.into(), error })?;
        done.removed.push(path.clone());
    }
    Ok(done)
}

/// The one whose version begins so.
fn find<'a>(all: &'a [Edition], version: &str) -> Result<&'a Edition, RollbackError> {
    let found: Vec<&Edition> = all.iter().filter(|one| one.version.starts_with(version)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        _ => Err(RollbackError::Version { version: version.to_owned(), found: found.len() }),
    }
}

/// The files that are not in the project as they are to be; all are read before
/// one is written.
fn texts(
    store: &dyn Store,
    edition: &Edition,
    found: &BTreeMap<String, [u8; 32]>,
    concerned: impl Fn(&&String) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let wanted = edition.files.iter().filter(|(path, hash)| concerned(path) && found.get(*path) != Some(*hash));
    wanted.map(|(path, hash)| Ok((path.clone(), Edition::text(store, hash)?))).collect()
}

/// Writes a file beside its place and puts it there in one step.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    fs::create_dir_all(folder)?;
    // no part of a rulebook, should the process end in between
    let draft = folder.join(format!(".{name}.tmp"));
    let written = File::create(&draft).and_then(|mut file| {
        if let Ok(meta) = fs::metadata(path) {
            file.set_permissions(meta.permissions())?;
        }
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        drop(fs::remove_file(&draft));
    }
    written
}
