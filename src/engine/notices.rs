//! Telling the admins: a message to each of them, through the same durable
//! queue as every other.

use super::{Engine, EngineError};
use crate::model::{Message, Text};
use crate::rulebook::Role;
use crate::store::{Batch, Transaction};

impl Engine {
    /// Writes to every admin who may act on it (`least` or more), in the
    /// project's language. Without a running outbox nobody is told.
    pub async fn tell_admins(&self, least: Role, text: &Text) -> Result<(), EngineError> {
        let settings = &self.live.current().settings;
        let text = text.get(settings.language);
        let admins = settings.admins.iter().filter(|(_, role)| **role >= least);
        let replies = admins.map(|(id, _)| (*id, Message { text: text.to_owned(), ..Message::default() })).collect();
        let mut batch = Batch::new();
        if let Some(staged) = self.stage_answers(&mut batch, replies)? {
            self.writer.commit_async(Transaction::batch(batch)).await?;
            self.take_up(staged)?;
        }
        Ok(())
    }
}
