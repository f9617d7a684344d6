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
        let mut batch = Batch::new();
        if let Some(staged) = self.stage_answers(&mut batch, self.to_admins(least, text))? {
            self.writer.commit_async(Transaction::batch(batch)).await?;
            self.take_up(staged)?;
        }
        Ok(())
    }

    /// The messages that tell the admins something.
    pub(super) fn to_admins(&self, least: Role, text: &Text) -> Vec<(i64, Message)> {
        let settings = &self.live.current().settings;
        let text = text.get(settings.language);
        let admins = settings.admins.iter().filter(|(_, role)| **role >= least);
        admins.map(|(id, _)| (*id, Message { text: text.to_owned(), ..Message::default() })).collect()
    }
}
