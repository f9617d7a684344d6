//! The files of a project: found, read and hashed, not understood.
//!
//! The only file of the rulebook that reads the disk, but for what messages
//! carry (`assets`). What is wrong with the project (no rules, a link that leads out) is a diagnostic; what is wrong
//! with the machine (a folder that cannot be read) is a [`ProjectError`].

use super::assets::{Asset, Assets};
use crate::diagnostic::{Diagnostic, Place, SourceId, Sources};
use crate::model::Text;
use crate::rulebook::codes;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of settings.
pub const SETTINGS: &str = "vestnik.yaml";
/// The folder of rules.
pub const RULES: &str = "rules";
/// The folder of templates.
pub const TEMPLATES: &str = "templates";

/// More bytes than this are not read into memory.
const FILE_LIMIT: u64 = 1 << 20;
/// More files than this are no rulebook.
const FILES_LIMIT: usize = 10_000;

/// Trouble with the machine, not with what is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// There is no such folder.
    #[error("the project folder {path} does not exist")]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The folders hold far more files than a rulebook has.
    #[error("the project folder {path} holds more than {FILES_LIMIT} files in rules and templates")]
    TooManyFiles {
        /// The project folder.
        path: PathBuf,
    },
}

impl ProjectError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::Absent { path } => format!("папки проекта {} нет", path.display()),
            Self::Unreadable { path, reason } => format!("не удаётся прочитать {}: {reason}", path.display()),
            Self::TooManyFiles { path } => {
                format!("в rules и templates проекта {} больше {FILES_LIMIT} файлов", path.display())
            }
        };
        Text::new(self.to_string(), ru)
    }
}

/// The content of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Bigger than any rule file may be; not read.
    TooBig(u64),
    /// A link that leads out of the project, or round in a circle.
    Outside,
    /// What can never be read as a file: a link to nothing, a pipe, a name
    /// that is no text.
    NoFile,
}

/// All files that make a rulebook, by path inside the project with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The files, in the order of their paths.
    pub by_path: BTreeMap<String, Content>,
    /// Where what messages carry is looked for.
    assets: Assets,
}

impl Files {
    /// Lists and reads `vestnik.yaml`, `rules/` and `templates/` of a project.
    pub fn read(project: &Path) -> Result<Self, ProjectError> {
        let root = project.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProjectError::Absent { path: project.to_owned() },
            _ => unreadable(project, &error),
        })?;
        let assets = Assets::Folder(root.clone());
        let mut walk = Walk { root: &root, files: Self { assets, ..Self::default() } };
        walk.visit(&root.join(SETTINGS), SETTINGS, &mut Vec::new())?;
        for folder in [RULES, TEMPLATES] {
            walk.visit(&root.join(folder), folder, &mut vec![root.clone()])?;
        }
        Ok(walk.files)
    }

    /// The files that a list of paths and contents stands for; what is no part
    /// of a rulebook can be carried by messages, as in a folder.
    pub fn from_list<'a>(list: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let file = |(path, text): (&str, &str)| (path.to_owned(), Content::Bytes(text.as_bytes().to_vec()));
        let (rules, others): (Vec<_>, Vec<_>) = list.into_iter().partition(|(path, _)| wanted(path));
        let size = |(path, text): (&str, &str)| (path.to_owned(), text.len() as u64);
        let assets = Assets::List(others.into_iter().map(size).collect());
        Self { by_path: rules.into_iter().map(file).collect(), assets }
    }

    /// Whether a file of the project is a part of its rulebook.
    pub fn takes(path: &str) -> bool {
        wanted(path)
    }

    /// Other rules of the same project: what messages carry is looked for where
    /// it is now.
    #[must_use]
    pub fn with_rules<'a>(&self, list: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { assets: self.assets.clone(), ..Self::from_list(list) }
    }

    /// Paths that stand in one only, or have another content.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let paths: BTreeSet<&String> = self.by_path.keys().chain(other.by_path.keys()).collect();
        paths.into_iter().filter(|path| self.by_path.get(*path) != other.by_path.get(*path)).cloned().collect()
    }

    /// The paths and contents of what can be read.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.by_path.iter().filter_map(|(path, content)| match content {
            Content::Bytes(bytes) => Some((path.as_str(), bytes.as_slice())),
            Content::TooBig(_) | Content::Outside | Content::NoFile => None,
        })
    }

    /// What a message finds at a path of the project.
    pub fn asset(&self, path: &str) -> Asset {
        self.assets.look(path)
    }

    /// A name for exactly these files: equal contents have equal versions.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        for (path, content) in &self.by_path {
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            match content {
                Content::Bytes(bytes) => {
                    hash.update((bytes.len() as u64).to_le_bytes());
                    hash.update(bytes);
                }
                Content::TooBig(size) => hash.update([1, size.to_le_bytes()[0]]),
                Content::Outside => hash.update([2]),
                Content::NoFile => hash.update([3]),
            }
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The text of a file, or the diagnostic why it has none. The source is added
/// either way, so that the diagnostic can name the file.
pub(super) fn text_of(path: &str, content: &Content, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
    match content {
        Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(sources.add(path, text)),
            Err(error) => {
                let id = sources.add(path, String::from_utf8_lossy(bytes));
                let start = error.valid_up_to();
                let at = Place::new(id, start, start + char::REPLACEMENT_CHARACTER.len_utf8());
                let text = Text::new("the file is not UTF-8 text", "файл не в кодировке UTF-8");
                let help = Text::new("save it as UTF-8", "сохраните его в UTF-8");
                Err(Box::new(Diagnostic::error(codes::NOT_UTF8, text, at).help(help)))
            }
        },
        Content::TooBig(size) => {
            let id = sources.add(path, "");
            let text = Text::new(
                format!("the file has {} KiB, more than the {} that are read", size / 1024, FILE_LIMIT / 1024),
                format!("в файле {} КиБ, читается не больше {}", size / 1024, FILE_LIMIT / 1024),
            );
            let help = Text::new("split it into several files", "разделите его на несколько файлов");
            Err(Box::new(Diagnostic::error(codes::TOO_BIG, text, Place::new(id, 0, 0)).help(help)))
        }
        Content::Outside => {
            let id = sources.add(path, "");
            let text = Text::new(
                format!("`{path}` is a link that leads out of the project or in a circle"),
                format!("`{path}` — ссылка, которая ведёт за пределы проекта или по кругу"),
            );
            let help = Text::new("copy the file into the project", "скопируйте файл в проект");
            Err(Box::new(Diagnostic::error(codes::SYMLINK_OUT, text, Place::new(id, 0, 0)).help(help)))
        }
        Content::NoFile => {
            let id = sources.add(path, "");
            let text = Text::new(format!("`{path}` is not a file"), format!("`{path}` — не файл"));
            let help = Text::new(
                "a link to nothing, a pipe or a name that is not UTF-8 cannot hold rules: replace or remove it",
                "ссылка в никуда, канал или имя не в UTF-8 не могут содержать правил: замените или удалите",
            );
            Err(Box::new(Diagnostic::error(codes::NO_FILE, text, Place::new(id, 0, 0)).help(help)))
        }
    }
}

struct Walk<'a> {
    root: &'a Path,
    files: Files,
}

impl Walk<'_> {
    /// Visits one path; what has vanished meanwhile is simply not there.
    fn visit(&mut self, path: &Path, name: &str, above: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if is_gone(&error) && path.is_symlink() => return self.put(name, Content::NoFile),
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return self.put(name, Content::Outside);
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        self.resolved(real, name, above)
    }

    /// Visits a path that holds no links.
    fn resolved(&mut self, real: PathBuf, name: &str, above: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
        if !real.starts_with(self.root) || above.contains(&real) {
            return self.put(name, Content::Outside);
        }
        let meta = match fs::metadata(&real) {
            Ok(meta) => meta,
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(unreadable(&real, &error)),
        };
        if meta.is_dir() {
            above.push(real.clone());
            self.folder(&real, name, above)?;
            above.pop();
            return Ok(());
        }
        match (wanted(name), meta.len() > FILE_LIMIT) {
            (false, _) => Ok(()),
            // Opening a pipe would wait for its writer.
            (true, _) if !meta.is_file() => self.put(name, Content::NoFile),
            (true, true) => self.put(name, Content::TooBig(meta.len())),
            (true, false) => self.file(&real, name),
        }
    }

    fn folder(&mut self, path: &Path, name: &str, above: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(unreadable(path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(path, &error))?;
            let file_name = entry.file_name();
            let child = format!("{name}/{}", file_name.to_string_lossy());
            if file_name.to_str().is_none() {
                self.put(&child, Content::NoFile)?;
            } else if !is_noise(&file_name.to_string_lossy()) {
                // What is no link needs no resolving, which takes several calls.
                match entry.file_type() {
                    Ok(kind) if !kind.is_symlink() => self.resolved(entry.path(), &child, above)?,
                    _ => self.visit(&entry.path(), &child, above)?,
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: &str) -> Result<(), ProjectError> {
        match fs::read(path) {
            Ok(bytes) => self.put(name, Content::Bytes(bytes)),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn put(&mut self, name: &str, content: Content) -> Result<(), ProjectError> {
        self.files.by_path.insert(name.to_owned(), content);
        if self.files.by_path.len() > FILES_LIMIT {
            return Err(ProjectError::TooManyFiles { path: self.root.to_owned() });
        }
        Ok(())
    }
}

/// Whether a file of the rules folder is a rule file.
pub(super) fn is_yaml(name: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| ends(name, ending))
}

/// Whether a file of the rules folder is a script.
pub(super) fn is_script(name: &str) -> bool {
    ends(name, ".rhai")
}

fn ends(name: &str, ending: &str) -> bool {
    let start = name.len().checked_sub(ending.len());
    start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// Whether a file takes part: rule files, scripts, templates, settings. Pictures and
/// notes beside them do not.
fn wanted(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match name.split('/').next() {
        Some(RULES) => is_yaml(name) || is_script(name),
        Some(TEMPLATES) => {
            !matches!(extension, "jpg" | "jpeg" | "png" | "gif" | "webp" | "mp4" | "pdf")
                && !name.ends_with("/README.md")
        }
        _ => name == SETTINGS,
    }
}

/// What editors and version control leave lying about.
fn is_noise(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.ends_with(['~', '#'])
        || name.ends_with(".tmp")
        || name.ends_with(".swp")
        || name.ends_with(".bak")
        || name == "4913"
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, error: &io::Error) -> ProjectError {
    ProjectError::Unreadable { path: path.to_owned(), reason: error.to_string() }
}
