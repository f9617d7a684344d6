//! Photos by the id that Telegram gave them: chosen when a request is written,
//! learned from its answer, and given up when Telegram refuses it.

use super::{Flying, Leased, Worker};
use crate::model::Message;
use crate::outbox::answer::{Answer, Refusal};
use std::sync::Arc;

impl Worker {
    /// The id to send in place of the photo's address, if there is one.
    pub(super) fn photo_id(&mut self, leased: &Leased) -> Option<String> {
        let photo = leased.message.photo.as_deref().filter(|_| !leased.by_address)?;
        self.queue.media.file_id(photo, self.clock.now())
    }

    /// Whether the answer refuses the id alone; then the id is dropped and the
    /// row goes out again by the address. It stays leased: a crash leaves it in
    /// doubt like any other.
    pub(super) fn turned_to_address(&mut self, flying: &Flying, answer: &Answer) -> bool {
        let (Answer::Refused(Refusal::File { text }), Some(file_id)) = (answer, &flying.file_id) else { return false };
        let Leased { candidate, message, .. } = flying.leased.clone();
        tracing::debug!(chat = candidate.chat, %text, "the photo goes out by its address");
        self.queue.media.refuse(message.photo.as_deref().unwrap_or_default(), file_id.clone());
        self.pool.push_front(Leased { candidate, message, by_address: true });
        true
    }

    /// Keeps the id of a photo that went out by its address.
    pub(super) fn learn_photo(&mut self, flying: &Flying, photo: Option<String>) {
        if let (Some(address), Some(file_id), None) = (&flying.leased.message.photo, photo, &flying.file_id) {
            self.queue.media.learn(address, file_id, self.clock.now());
        }
    }
}

/// The message with the photo's id, if it is known.
pub(super) fn with_id(message: &Arc<Message>, file_id: Option<String>) -> Arc<Message> {
    match file_id {
        Some(id) => Arc::new(Message { photo: Some(id), ..(**message).clone() }),
        None => message.clone(),
    }
}
