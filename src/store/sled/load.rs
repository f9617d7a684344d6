//! Loading pairs into a fresh `store-N`: what a restore does before anything
//! else is touched.

use super::RESERVE;
use super::engine::Engine;
use super::folder::{Current, Folder};
use crate::store::backup::Digest;
use crate::store::{Disk, Pair, Pairs, StoreError, SystemDisk};
use std::path::Path;
use std::sync::Arc;

/// Loads pairs into the data folder `path` and puts them in force; what was in
/// force before may be damaged or absent. `bytes` says about how much there is.
/// A crash leaves the old store or the new one.
pub fn restore(path: &Path, pairs: &mut Pairs<'_>, bytes: u64) -> Result<(), StoreError> {
    let (folder, disk) = (Folder::open(path)?, SystemDisk);
    if let Err(error @ StoreError::Newer { .. }) = folder.current() {
        return Err(error);
    }
    let free = disk.free(folder.path()).map_err(|e| folder.trouble(e))?;
    if free < RESERVE.saturating_add(bytes.saturating_mul(2)) {
        return Err(StoreError::Full { path: path.to_owned(), free });
    }
    let (fresh, live) = load(&folder, &disk, pairs)?;
    folder.set_current(&Current { name: fresh.name().to_owned(), packed: fresh.disk_size(), live })?;
    folder.remove_all_but(fresh.name());
    Ok(())
}

/// A fresh engine with these pairs, read again after it was closed, and the
/// bytes that they have.
pub(super) fn load(folder: &Folder, disk: &dyn Disk, pairs: &mut Pairs<'_>) -> Result<(Engine, u64), StoreError> {
    let name = folder.fresh_name()?;
    let fresh = Engine::open(folder, &name)?;
    let (mut written, mut live) = (Digest::new(), 0);
    let filled = fresh
        .fill(folder, &mut pairs.inspect(|pair| live += note(&mut written, pair)))
        .and_then(|()| fresh.flush(folder, disk))
        .and_then(|()| fresh.sync_folder(folder));
    if let Err(error) = filled {
        fresh.retire();
        return Err(error);
    }
    drop(fresh);
    let opened = Arc::new(Engine::open(folder, &name)?);
    let mut read = Digest::new();
    let found: u64 = opened.scan(folder, &[], &[]).map(|pair| note(&mut read, &pair)).sum();
    let opened = Arc::into_inner(opened).ok_or_else(|| folder.trouble("a fresh store is still being read"))?;
    if read.finish() != written.finish() || found != live {
        opened.retire();
        return Err(folder.trouble("what was written came back different"));
    }
    Ok((opened, live))
}

fn note(digest: &mut Digest, pair: &Result<Pair, StoreError>) -> u64 {
    let Ok((key, value)) = pair else { return 0 };
    digest.add(key, value);
    (key.len() + value.len()) as u64
}
