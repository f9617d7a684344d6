//! Files by the ids that Telegram gave them: chosen when a request is written,
//! learned from its answer, and given up when Telegram refuses them. A file of
//! the project is uploaded by one row; others that need it wait for its answer.

use super::{Flying, Leased, Worker};
use crate::model::{MediaItem, MediaSource, Message, TimeDelta};
use crate::outbox::answer::{Answer, Refusal, Taken};
use crate::outbox::media::name;
use crate::outbox::row::RowId;
use std::sync::Arc;

/// How long a ledger waits at most for a file that a row of it or of another
/// is uploading; the answer ends the wait.
pub(super) const UPLOADING: TimeDelta = TimeDelta::seconds(1);

/// One file of a request under way.
#[derive(Clone, Debug)]
pub(super) struct SentFile {
    /// By what its id is known; none if the message itself gives an id.
    name: Option<String>,
    /// What was sent in place of its source.
    instead: Option<Taken>,
}

impl Worker {
    /// Whether a message must wait because another row is uploading one of its
    /// files. If none is, the row has the files to itself from now on.
    pub(super) fn awaits_upload(&mut self, row: RowId, message: &Message) -> bool {
        let now = self.clock.now();
        let is_file = |item: &&MediaItem| matches!(item.source, MediaSource::File(_));
        let names: Vec<String> =
            message.media.items().iter().filter(is_file).filter_map(|item| self.name_of(item)).collect();
        let new: Vec<String> = names.into_iter().filter(|name| self.queue.media.file_id(name, now).is_none()).collect();
        if new.is_empty() {
            return false;
        }
        let is_taken = |name: &String| self.uploads.get(name).is_some_and(|by| *by != row && self.is_leased(*by));
        if new.iter().any(is_taken) {
            return true;
        }
        let mut uploads = std::mem::take(&mut self.uploads);
        uploads.retain(|_, by| self.is_leased(*by));
        uploads.extend(new.into_iter().map(|name| (name, row)));
        self.uploads = uploads;
        false
    }

    /// What is known of the files of a message whose request is to be written.
    pub(super) fn files_of(&mut self, leased: &Leased) -> Vec<SentFile> {
        if !leased.order.sends() {
            return Vec::new();
        }
        let now = self.clock.now();
        let mut files = Vec::new();
        for item in leased.message.media.items() {
            let name = self.name_of(item);
            let known = name.as_ref().filter(|_| !leased.by_address);
            let instead = known.and_then(|name| self.queue.media.file_id(name, now));
            files.push(SentFile { name, instead });
        }
        files
    }

    /// Learns from an answer: the ids of files that went out by their sources.
    pub(super) fn note_files(&mut self, flying: &Flying, answer: &Answer) {
        if let Answer::Delivered { files, .. } = answer {
            let now = self.clock.now();
            for ((item, sent), taken) in flying.leased.message.media.items().iter().zip(&flying.files).zip(files) {
                let (Some(name), Some(taken), None) = (&sent.name, taken, &sent.instead) else { continue };
                // a file that changed while it was read may be either
                if self.name_of(item).as_ref() == Some(name) {
                    self.queue.media.learn(name, taken.clone(), now);
                }
            }
        }
        if flying.uploads() {
            self.queue.wake();
        }
    }

    /// Whether the answer refuses ids alone; then they are dropped, and the row
    /// can go out again by the sources.
    pub(super) fn refuses_ids(&mut self, flying: &Flying, answer: &Answer) -> bool {
        let Answer::Refused(Refusal::File { text }) = answer else { return false };
        let ids = flying.files.iter().filter_map(|sent| Some((sent.name.as_ref()?, sent.instead.as_ref()?)));
        let ids: Vec<_> = ids.collect();
        for (name, taken) in &ids {
            tracing::debug!(%name, %text, "a file goes out by its source");
            self.queue.media.refuse(name, taken.file_id.clone());
        }
        !ids.is_empty()
    }

    /// Sends a row again by the addresses at once: it stays leased, and a crash
    /// leaves it in doubt like any other. Files of the project are uploaded by
    /// one row at a time, so a row that has some goes back to the queue instead.
    pub(super) fn turned_to_addresses(&mut self, flying: &Flying) -> bool {
        let Leased { candidate, message, .. } = &flying.leased;
        if message.media.items().iter().any(|item| matches!(item.source, MediaSource::File(_))) {
            return false;
        }
        self.pool.push_front(Leased { by_address: true, ..flying.leased.clone() });
        true
    }

    fn name_of(&self, item: &MediaItem) -> Option<String> {
        name(item, |path| self.client.locate(path).ok())
    }

    fn is_leased(&self, row: RowId) -> bool {
        let committing = self.committing.iter().flat_map(|commit| &commit.leased);
        let waiting = self.leasing.iter().chain(committing).chain(&self.pool);
        self.in_flight.contains_key(&row) || waiting.into_iter().any(|leased| leased.candidate.row == row)
    }
}

impl Flying {
    /// Whether a file of the project goes with the request.
    fn uploads(&self) -> bool {
        let mut items = self.leased.message.media.items().iter().zip(&self.files);
        items.any(|(item, sent)| matches!(item.source, MediaSource::File(_)) && sent.instead.is_none())
    }
}

/// The message with the ids that are known in place of the sources.
pub(super) fn with_ids(message: &Arc<Message>, files: &[SentFile]) -> Arc<Message> {
    if files.iter().all(|sent| sent.instead.is_none()) {
        return message.clone();
    }
    let item = |index: usize, item: &MediaItem| match files.get(index).and_then(|sent| sent.instead.clone()) {
        Some(Taken { kind, file_id }) => MediaItem { kind, source: MediaSource::Id(file_id) },
        None => item.clone(),
    };
    Arc::new(Message { media: message.media.with(item), ..(**message).clone() })
}
