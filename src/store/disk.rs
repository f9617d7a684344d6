//! What the store asks of the disk beyond reading and writing: how much room
//! is left, and that written bytes are really there.
//!
//! A trait, so that tests can fill a disk or break it.

use std::fs::File;
use std::io;
use std::path::Path;

/// The disk under a data folder.
pub trait Disk: Send + Sync {
    /// Bytes that an unprivileged process may still write under `path`.
    fn free(&self, path: &Path) -> io::Result<u64>;

    /// Returns when all that was written to `file` survives a power cut.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The machine's disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn free(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// `fdatasync` by the file's own descriptor; it covers what other
    /// descriptors of this file have written.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
