//! The files of a project that messages carry: pictures, films, documents.
//!
//! A message names one by its path inside the project. It is looked for when
//! the rules are checked, and once more when a message goes out. What leads out
//! of the project, or is hidden, is no such file: a template must not be able
//! to send what its author did not put there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

/// What stands at a path of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// A file of so many bytes.
    File(u64),
    /// Nothing.
    Absent,
    /// The path or a link leads out of the project, or to something hidden.
    Outside,
    /// A folder, or what cannot be read.
    NoFile,
}

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its real path.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written last, where the system knows.
    pub modified: Option<SystemTime>,
}

/// Where the files that messages carry are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Assets {
    /// In the folder of a project.
    Folder(PathBuf),
    /// In a list of paths and sizes, for projects in memory.
    List(BTreeMap<String, u64>),
}

impl Default for Assets {
    fn default() -> Self {
        Self::List(BTreeMap::new())
    }
}

impl Assets {
    /// What stands at a path.
    pub fn look(&self, path: &str) -> Asset {
        match self {
            Self::Folder(folder) => locate(folder, path).map_or_else(|asset| asset, |file| Asset::File(file.size)),
            Self::List(_) if !is_inside(path) => Asset::Outside,
            Self::List(sizes) => {
                sizes.get(path.trim_start_matches("./")).map_or(Asset::Absent, |size| Asset::File(*size))
            }
        }
    }
}

/// The file at a path of the project in `folder`, or why there is none.
pub fn locate(folder: &Path, path: &str) -> Result<Located, Asset> {
    if !is_inside(path) {
        return Err(Asset::Outside);
    }
    let root = folder.canonicalize().map_err(|error| trouble(&error))?;
    let real = root.join(path).canonicalize().map_err(|error| trouble(&error))?;
    let inner = real.strip_prefix(&root).map_err(|_| Asset::Outside)?;
    if inner.components().any(is_hidden) {
        return Err(Asset::Outside);
    }
    let meta = fs::metadata(&real).map_err(|error| trouble(&error))?;
    match meta.is_file() {
        true => Ok(Located { path: real, size: meta.len(), modified: meta.modified().ok() }),
        false => Err(Asset::NoFile),
    }
}

fn trouble(error: &io::Error) -> Asset {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Asset::Absent,
        _ => Asset::NoFile,
    }
}

/// Whether a path stays inside the folder that it starts from, links aside.
fn is_inside(path: &str) -> bool {
    let parts = || Path::new(path).components();
    parts().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) && !parts().any(is_hidden)
}

fn is_hidden(part: Component<'_>) -> bool {
    matches!(part, Component::Normal(name) if name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn files_are_found_inside_the_project_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("project");
        for (path, text) in [("media/a.jpg", "abc"), (".env", "TOKEN"), (".git/b.jpg", "x")] {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), text).unwrap();
        }
        fs::write(dir.path().join("secret.jpg"), "x").unwrap();
        for (to, name) in [
            (dir.path().join("secret.jpg"), "out.jpg"),
            (folder.join(".env"), "env.jpg"),
            (folder.join("media/a.jpg"), "link.jpg"),
            (folder.join("circle.jpg"), "circle.jpg"),
            (folder.join("gone"), "dangling.jpg"),
        ] {
            std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        }
        let assets = Assets::Folder(folder.clone());
        for (path, expected) in [
            ("media/a.jpg", Asset::File(3)),
            ("./media/a.jpg", Asset::File(3)),
            ("link.jpg", Asset::File(3)),
            ("media/b.jpg", Asset::Absent),
            ("media/a.jpg/b.jpg", Asset::Absent),
            ("dangling.jpg", Asset::Absent),
            ("media", Asset::NoFile),
            ("circle.jpg", Asset::NoFile),
            ("../secret.jpg", Asset::Outside),
            ("media/../../secret.jpg", Asset::Outside),
            ("/etc/hosts", Asset::Outside),
            ("out.jpg", Asset::Outside),
            (".env", Asset::Outside),
            (".git/b.jpg", Asset::Outside),
            ("env.jpg", Asset::Outside),
            ("a\0.jpg", Asset::NoFile),
        ] {
            assert_eq!(assets.look(path), expected, "{path}");
        }
        assert_eq!(locate(&dir.path().join("none"), "a.jpg"), Err(Asset::Absent));
    }
}
