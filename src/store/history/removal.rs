//! Work that takes records away: sweeping up after runs, erasing a user.

use super::block::{BlockWriter, each_item};
use super::run::{self, Run, block_key, block_number};
use super::work::{Effect, Pending, Step};
use crate::model::UserId;
use crate::store::{Batch, Store, StoreError};
use std::sync::Arc;

/// Records removed in one step.
const STEP_RECORDS: usize = 200;
/// Blocks of one user that are looked at in one step.
const STEP_BLOCKS: usize = 32;

/// Removes some records of the last of these runs.
pub(super) fn sweep(store: &dyn Store, numbers: &mut Vec<u32>, pending: &mut Pending) -> Result<Step, StoreError> {
    let Some(number) = numbers.last().copied() else { return Ok(Step::Last) };
    for prefix in [run::heads_of(number), run::blocks_of(number)] {
        let room = STEP_RECORDS - pending.batch.ops.len();
        for pair in store.scan(&prefix, &[]).take(room) {
            pending.batch.delete(pair?.0);
        }
    }
    if pending.batch.ops.len() < STEP_RECORDS {
        numbers.pop();
        pending.effect = Effect::Swept(number);
    }
    Ok(if numbers.is_empty() { Step::Last } else { Step::More })
}

/// Erases a user from some blocks of the last of these runs.
pub(super) fn erase(
    store: &dyn Store,
    user: UserId,
    runs: &mut Vec<Arc<Run>>,
    from: &mut Option<Vec<u8>>,
    batch: &mut Batch,
) -> Result<Step, StoreError> {
    let Some(run) = runs.last() else { return Ok(Step::Last) };
    let mut left = STEP_BLOCKS;
    let number = run.number;
    let start = from.take();
    let mut next = None;
    run::each_block_of(store, number, user, start.as_deref(), |key, block| {
        without(user, number, key, block, batch)?;
        left -= 1;
        if left == 0 {
            next = Some([key, &[0]].concat());
        }
        Ok(left > 0)
    })?;
    *from = next;
    if from.is_none() {
        runs.pop();
    }
    Ok(if runs.is_empty() { Step::Last } else { Step::More })
}

/// The block without the user; its key goes by the user that is now its last.
fn without(user: UserId, run: u32, key: &[u8], block: &[u8], batch: &mut Batch) -> Result<(), StoreError> {
    let mut rest = BlockWriter::default();
    let mut found = false;
    each_item(block, |item: _| {
        if item.user == user {
            found = true;
        } else {
            rest.add(item);
        }
        Ok(())
    })?;
    if !found {
        return Ok(());
    }
    batch.delete(key);
    if let Some((last, bytes)) = rest.take() {
        batch.put(block_key(run, last, block_number(key)?), bytes);
    }
    Ok(())
}
