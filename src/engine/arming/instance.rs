//! Which installation this is: the name it was given, else the machine and the
//! data folder.
//!
//! [`Instance::here`] looks at the machine; everything else is pure.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The environment variable that names the installation; it goes before the
/// settings.
pub const VARIABLE: &str = "VESTNIK_INSTANCE";

/// Where a machine keeps what tells it from all others.
const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
const HOST_NAMES: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The name it was given.
    pub id: Option<String>,
    /// Stands for the machine and the data folder.
    pub print: String,
    /// The machine's name, for people.
    pub host: String,
    /// The data folder, for people.
    pub folder: String,
}

impl Instance {
    /// The installation that this process runs in: `data` is its data folder,
    /// `id` the name that the settings give it.
    pub fn here(data: &Path, id: Option<&str>) -> Self {
        let named = std::env::var(VARIABLE).ok();
        let host = first_line(&HOST_NAMES).unwrap_or_default();
        let machine = first_line(&MACHINE_IDS).unwrap_or_else(|| host.clone());
        let folder = data.canonicalize().or_else(|_| std::path::absolute(data)).unwrap_or_else(|_| data.to_owned());
        Self::of(named.as_deref().and_then(filled).or(id), &machine, &host, &folder.to_string_lossy())
    }

    /// The installation of this name on this machine, in this folder.
    pub fn of(id: Option<&str>, machine: &str, host: &str, folder: &str) -> Self {
        // The machine's id is to stay on the machine: only its hash goes into
        // the store and thus into backups.
        let mut hash = Sha256::new();
        for part in ["vestnik", machine, folder] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let print = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { id: id.map(str::to_owned), print, host: host.to_owned(), folder: folder.to_owned() }
    }

    /// Whether both are one installation. Two names decide by themselves: the
    /// machine below may be replaced, and containers of one image may share
    /// the machine's id. A name that was given or taken away in place changes
    /// nothing.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(a), Some(b)) => a == b,
            (None, _) | (_, None) => self.print == other.print,
        }
    }

    /// Its name, or where it is: for people.
    pub fn place(&self) -> String {
        let at = if self.host.is_empty() { self.folder.clone() } else { format!("{}:{}", self.host, self.folder) };
        match &self.id {
            Some(id) => format!("{id} ({at})"),
            None => at,
        }
    }
}

fn first_line(files: &[&str]) -> Option<String> {
    let read = |file: &&str| std::fs::read_to_string(file).ok();
    files.iter().find_map(|file| read(file).as_deref().and_then(filled).map(str::to_owned))
}

/// A text that says something; `uninitialized` is what stands in a machine's id
/// before its first start.
fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !matches!(*text, "" | "uninitialized"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_installation_or_another() {
        let of = |id: &str, machine: &str, folder: &str| Instance::of(filled(id), machine, "host", folder);
        for (a, b, expected) in [
            (of("", "m1", "/data"), of("", "m1", "/data"), true),
            (of("", "m1", "/data"), of("", "m1", "/copy"), false),
            (of("", "m1", "/data"), of("", "m2", "/data"), false),
            // a container that was replaced
            (of("shop", "m1", "/data"), of("shop", "m2", "/copy"), true),
            // two containers of one image
            (of("shop", "m1", "/data"), of("test", "m1", "/data"), false),
            // named in place, and the name taken away again
            (of("", "m1", "/data"), of("shop", "m1", "/data"), true),
            (of("shop", "m1", "/data"), of("", "m1", "/data"), true),
            (of("shop", "m1", "/data"), of("", "m1", "/copy"), false),
            // where one part ends and the next begins counts
            (of("", "m", "1/data"), of("", "m1", "/data"), false),
        ] {
            assert_eq!((a.is(&b), b.is(&a)), (expected, expected), "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_place_reads_easily() {
        for (id, host, expected) in [
            (None, "alpha", "alpha:/srv/data"),
            (None, "", "/srv/data"),
            (Some("shop"), "alpha", "shop (alpha:/srv/data)"),
        ] {
            assert_eq!(Instance::of(id, "m", host, "/srv/data").place(), expected);
        }
    }

    #[test]
    fn here_is_the_same_however_the_folder_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, round) = (folder.path().join("data"), folder.path().join("data/../data"));
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(Instance::here(&plain, Some("x")), Instance::here(&round, Some("x")));
        assert!(!Instance::here(&plain, None).print.is_empty());
    }
}
