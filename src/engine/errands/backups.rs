//! Backups that a task asks for: `DATA/backups/vestnik-2026-03-01T04-00-00Z.backup`,
//! of which the newest stay. Files of other names are nobody's business here.

use super::{Errands, Outcome};
use crate::engine::EngineError;
use crate::engine::restore::back_up;
use crate::model::Time;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder, inside the data folder.
pub(super) const FOLDER: &str = "backups";
const BEFORE: &str = "vestnik-";
const AFTER: &str = ".backup";
/// What the time in a name looks like, a digit for each zero.
const PATTERN: &str = "0000-00-00T00-00-00Z";

impl Errands {
    /// Writes a backup and removes those that are one too many.
    pub(super) fn back_up(&self, keep: u16) -> Result<Outcome, EngineError> {
        let folder = self.data.join(FOLDER);
        match self.write_backup(&folder, usize::from(keep)) {
            Ok(outcome) => Ok(outcome),
            Err(Trouble::Engine(error)) => Err(error),
            Err(Trouble::Folder(error)) => {
                let folder = folder.display();
                Ok(Outcome::Later(crate::model::Text::same(format!("{folder}: {error}")), None))
            }
        }
    }

    fn write_backup(&self, folder: &Path, keep: usize) -> Result<Outcome, Trouble> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // what a killed process left half written is in nobody's way any more
        for draft in of_our_naming(folder, is_draft)? {
            fs::remove_file(draft)?;
        }
        let now = self.engine.clock.now();
        let summary = back_up(&*self.engine.store, &folder.join(name_at(now)), now).map_err(EngineError::from)?;
        tracing::info!(file = %summary.path.display(), users = summary.users, bytes = summary.bytes, "a backup was written");
        for old in of_our_naming(folder, is_name)?.iter().rev().skip(keep.max(1)) {
            fs::remove_file(old)?;
            tracing::info!(file = %old.display(), "an old backup was removed");
        }
        Ok(Outcome::Done)
    }
}

enum Trouble {
    Engine(EngineError),
    Folder(io::Error),
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Folder(error)
    }
}

fn name_at(now: Time) -> String {
    format!("{BEFORE}{}{AFTER}", now.rfc3339().replace(':', "-"))
}

fn is_name(name: &str) -> bool {
    let time = name.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER));
    time.is_some_and(|time| {
        let fits = |(found, wanted): (char, char)| if wanted == '0' { found.is_ascii_digit() } else { found == wanted };
        time.len() == PATTERN.len() && time.chars().zip(PATTERN.chars()).all(fits)
    })
}

fn is_draft(name: &str) -> bool {
    name.rsplit_once(".part").is_some_and(|(name, number)| is_name(name) && number.parse::<u32>().is_ok())
}

/// Files of the folder with such names, the oldest first.
fn of_our_naming(folder: &Path, is_ours: fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_ours) && entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_others() {
        let name = name_at(Time(1_767_571_200_000));
        assert_eq!(name, "vestnik-2026-01-05T00-00-00Z.backup");
        for (name, expected) in [
            (name.as_str(), true),
            ("vestnik-2026-01-05T00-00-00Z.backup.part0", false),
            ("vestnik-before-the-move.backup", false),
            ("vestnik-2026-01-05.backup", false),
            ("2026-01-05T00-00-00Z.backup", false),
            ("vestnik-2026-01-05T00-00-00Z", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
            assert_eq!(is_draft(&format!("{name}.part1")), expected, "{name}");
        }
    }
}
