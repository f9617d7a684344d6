//! Requests that are being worked on: how many there are, and how many of them
//! go to one chat or bring files. Counted from reading to answering, waiting
//! for a delay or for ever included.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests there are at a moment, the new one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) all: u32,
    /// Messages to the same chat.
    pub(crate) in_chat: u32,
    /// Those that bring files, if this one does.
    pub(crate) uploads: u32,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Active {
    all: u32,
    uploads: u32,
    chats: HashMap<i64, u32>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    active: Arc<Mutex<Active>>,
    chat: Option<i64>,
    is_upload: bool,
    /// How many there were when this one began.
    pub(crate) load: Load,
}

impl Guard {
    /// Counts a request: the chat that it writes to, and its files.
    pub(crate) fn enter(active: &Arc<Mutex<Active>>, chat: Option<i64>, files: usize) -> Self {
        let mut counts = lock(active);
        counts.all += 1;
        let is_upload = files > 0;
        counts.uploads += u32::from(is_upload);
        let in_chat = chat.map_or(0, |chat| {
            let count = counts.chats.entry(chat).or_default();
            *count += 1;
            *count
        });
        let load = Load { all: counts.all, in_chat, uploads: if is_upload { counts.uploads } else { 0 } };
        drop(counts);
        Self { active: active.clone(), chat, is_upload, load }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut counts = lock(&self.active);
        counts.all -= 1;
        counts.uploads -= u32::from(self.is_upload);
        let Some(chat) = self.chat else { return };
        if let Some(count) = counts.chats.get_mut(&chat) {
            *count -= 1;
            if *count == 0 {
                counts.chats.remove(&chat);
            }
        }
    }
}

fn lock(active: &Mutex<Active>) -> MutexGuard<'_, Active> {
    active.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_until_they_are_answered() {
        let active = Arc::default();
        let first = Guard::enter(&active, Some(1), 0);
        let second = Guard::enter(&active, Some(1), 2);
        let third = Guard::enter(&active, None, 0);
        let loads = [&first, &second, &third].map(|guard| (guard.load.all, guard.load.in_chat, guard.load.uploads));
        assert_eq!(loads, [(1, 1, 0), (2, 2, 1), (3, 0, 0)]);
        drop((first, second));
        assert_eq!(Guard::enter(&active, Some(1), 1).load, Load { all: 2, in_chat: 1, uploads: 1 });
        drop(third);
        assert!(lock(&active).chats.is_empty());
        assert_eq!(lock(&active).all, 0);
    }
}
