//! The work that the engine does by itself: broadcasts, clean-up, and what
//! `backups` and `report` do.

use super::queue::is_own;
use super::{Errands, Outcome, Piece, put};
use crate::engine::broadcast::{Again, BroadcastError};
use crate::engine::calendar::within;
use crate::engine::{Engine, EngineError};
use crate::model::{Chore, Text, TimeDelta};
use crate::store::{Batch, StoreError, Transaction};
use std::sync::Arc;

impl Errands {
    /// Does everything that is due but webhooks, in order.
    pub async fn run_chores(self: &Arc<Self>) -> Result<(), EngineError> {
        if !self.may_work() {
            return Ok(());
        }
        let due = self.others.due(&*self.engine.store, self.engine.clock.now(), is_own)?;
        for piece in due {
            if let Err(error) = self.run_chore(piece).await {
                self.others.look_at(self.engine.clock.now());
                return Err(error);
            }
        }
        Ok(())
    }

    async fn run_chore(self: &Arc<Self>, piece: Piece) -> Result<(), EngineError> {
        let (this, at_work) = (self.clone(), piece.clone());
        let outcome = match &piece.record.chore {
            Chore::Cleanup { .. } => self.clean_up().await,
            Chore::Broadcast(_) | Chore::Report { .. } | Chore::Backup { .. } | Chore::Webhook { .. } => {
                let done = tokio::task::spawn_blocking(move || this.carry_out(&at_work)).await;
                done.unwrap_or_else(|error| Ok(Outcome::Never(Text::same(error.to_string()))))
            }
        };
        match outcome {
            Ok(outcome) => self.settle(piece, outcome).await,
            Err(error @ EngineError::Store(StoreError::Closed)) => Err(error),
            Err(error) => self.settle(piece, Outcome::Later(error.text(), None)).await,
        }
    }

    fn carry_out(&self, piece: &Piece) -> Result<Outcome, EngineError> {
        match &piece.record.chore {
            Chore::Broadcast(name) => self.launch(piece, name),
            Chore::Report { period } => Ok(Outcome::Tell(self.engine.report_text(*period)?)),
            Chore::Backup { keep } => self.back_up(*keep),
            // these are done elsewhere
            Chore::Cleanup { .. } | Chore::Webhook { .. } => Ok(Outcome::Done),
        }
    }

    /// Starts a run. The record says which one before it is made, so that after
    /// a crash it is known whether it was.
    fn launch(&self, piece: &Piece, name: &str) -> Result<Outcome, EngineError> {
        let (engine, rulebook, record) = (&self.engine, self.engine.live.current(), &piece.record);
        let latest = engine.latest_of(name)?.map_or(0, |(occurrence, _)| u64::from(occurrence));
        if record.note > 0 && latest >= record.note {
            return Ok(Outcome::Done);
        }
        let within = rulebook.broadcast(name).and_then(|broadcast| within(&rulebook, broadcast));
        if within.is_some_and(|within| engine.clock.now() > record.since + within) {
            let why =
                Text::new("its time has passed while nothing could be sent", "её время прошло, пока отправка не шла");
            return Ok(Outcome::Never(why));
        }
        let mut noted = record.clone();
        noted.note = latest + 1;
        write(engine, piece.number, &noted)?;
        match engine.start_by_hand(name, Again::Allow) {
            Ok(_) => {
                tracing::info!(broadcast = name, by = record.by, "a broadcast was started, or an approval asked for");
                Ok(Outcome::Done)
            }
            Err(BroadcastError::Engine(error)) => Err(error),
            Err(error) => Ok(Outcome::Never(error.text())),
        }
    }

    /// What is too old is forgotten all the time; this is one time more.
    async fn clean_up(&self) -> Result<Outcome, EngineError> {
        self.engine.forget().await?;
        let (rulebook, now) = (self.engine.live.current(), self.engine.clock.now());
        let since = |kept: Option<TimeDelta>| kept.map_or("ever".to_owned(), |kept| (now - kept).rfc3339());
        tracing::info!(
            events_kept_since = since(rulebook.keeps_events_for()),
            deliveries_kept_since = since(rulebook.keeps_deliveries_for()),
            "what is older is forgotten"
        );
        Ok(Outcome::Done)
    }
}

fn write(engine: &Engine, number: u64, record: &super::Record) -> Result<(), EngineError> {
    let mut batch = Batch::new();
    put(&mut batch, number, record)?;
    engine.writer.commit(Transaction::batch(batch))?;
    Ok(())
}
