//! The data folder: its lock, the file that says what counts, and the names
//! in it.

use crate::store::StoreError;
use std::fmt::Display;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format that this program writes; it reads this one only.
const FORMAT: u32 = 1;
const CURRENT: &str = "current";
const PREFIX: &str = "store-";

/// A data folder that this process has to itself.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

/// What the file `current` says.
pub(super) struct Current {
    /// The folder in force.
    pub name: String,
    /// Its size in bytes when it was freshly rewritten; 0 if it never was.
    pub packed: u64,
    /// Bytes of keys and values that it had then.
    pub live: u64,
}

impl Folder {
    /// Creates the folder if it is not there and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let trouble = |e: std::io::Error| trouble(path, e);
        if path.is_file() {
            return Err(self::trouble(path, "it is a file, not a folder"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(trouble)?;
        tighten(path).map_err(trouble)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock")).map_err(trouble)?;
        match patiently(&lock) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(trouble(error)),
        }
    }

    /// The data folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the first `store-N`.
    pub(super) fn first_name() -> String {
        format!("{PREFIX}1")
    }

    /// A name above all that are there.
    pub(super) fn fresh_name(&self) -> Result<String, StoreError> {
        let mut highest: u64 = 0;
        for entry in fs::read_dir(&self.path).map_err(|e| self.trouble(e))? {
            let name = entry.map_err(|e| self.trouble(e))?.file_name();
            let number = name.to_string_lossy().strip_prefix(PREFIX).and_then(|n| n.parse().ok());
            highest = highest.max(number.unwrap_or(0));
        }
        Ok(format!("{PREFIX}{}", highest + 1))
    }

    /// The `store-N` in force; none in a fresh folder.
    pub(super) fn current(&self) -> Result<Option<Current>, StoreError> {
        let text = match fs::read_to_string(self.path.join(CURRENT)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.trouble(error)),
        };
        let mut lines = text.lines();
        let format = lines.next().and_then(|line| line.strip_prefix("format ")?.parse().ok());
        let found: u32 = format.ok_or_else(|| self.damaged())?;
        if found > FORMAT {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: FORMAT });
        }
        let name = lines.next().filter(|name| name.starts_with(PREFIX) && self.path.join(name).is_dir());
        let name = name.ok_or_else(|| self.damaged())?.to_owned();
        let mut number = |word: &str| lines.next().and_then(|line| line.strip_prefix(word)?.parse().ok()).unwrap_or(0);
        Ok(Some(Current { name, packed: number("packed "), live: number("live ") }))
    }

    /// Puts a folder in force, at once and for good.
    pub(super) fn set_current(&self, current: &Current) -> Result<(), StoreError> {
        let fresh = self.path.join("current.new");
        let write = || {
            let mut file = File::create(&fresh)?;
            let Current { name, packed, live } = current;
            write!(file, "format {FORMAT}\n{name}\npacked {packed}\nlive {live}\n")?;
            file.sync_all()?;
            fs::rename(&fresh, self.path.join(CURRENT))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|e| self.trouble(e))
    }

    /// Removes what a crash or a rewrite left over. What cannot be removed
    /// costs room and nothing else.
    pub(super) fn remove_all_but(&self, name: &str) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let found = entry.file_name();
            if found.to_string_lossy().starts_with(PREFIX) && found != name {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }

    /// An error about this folder.
    pub(super) fn trouble(&self, reason: impl Display) -> StoreError {
        trouble(&self.path, reason)
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged { what: format!("the file {}", self.path.join(CURRENT).display()) }
    }
}

/// Takes the lock, looking a few times: a process that this one is starting
/// shares its open files for the moment until it runs its own program, and so
/// keeps a lock that was just let go.
fn patiently(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            taken => return taken,
        }
    }
    lock.try_lock()
}

/// Closes a folder to other users, unless it holds somebody else's files and
/// no store yet: then it may well be a folder that others need.
fn tighten(path: &Path) -> std::io::Result<()> {
    if path.join(CURRENT).exists() || fs::read_dir(path)?.next().is_none() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn trouble(path: &Path, reason: impl Display) -> StoreError {
    StoreError::Io { path: path.to_owned(), reason: reason.to_string() }
}
