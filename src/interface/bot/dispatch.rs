//! From stored updates to handled ones: each is begun when its `Order` says so,
//! on a task of its own, and finished in one commit with all that it led to.
//! Those that finish together share the flush.
//!
//! However updates come in, they go through an [`Intake`], which stores them
//! first. What an earlier process left is taken up at the start, so none is lost,
//! and one that is gone from the store has been handled, so none is handled twice.

use super::order::{Order, Place};
use super::{ASK, FULL_PAUSE, Me, admin, handle, pay};
use crate::engine::inbox::Handled;
use crate::engine::{Engine, EngineError};
use crate::outbox::Client;
use crate::store::StoreError;
use serde_json::{Value, json};
use std::sync::Arc;
use teloxide::types::{Update, UpdateKind};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Unfinished updates beyond which no more are taken: they wait in the store.
const BACKLOG: usize = 100_000;
/// Arrivals that wait to be looked at.
const ARRIVALS: usize = 64;

/// What makes of an update what it means.
pub type Handle = Arc<dyn Fn(&Engine, &Update, &str) -> Result<Handled, EngineError> + Send + Sync>;

/// Where updates come in.
#[derive(Clone)]
pub struct Intake {
    engine: Arc<Engine>,
    client: Client,
    arrivals: mpsc::Sender<Vec<(i64, Place)>>,
}

/// Has updates handled.
pub struct Dispatcher {
    hands: Hands,
    arrivals: mpsc::Receiver<Vec<(i64, Place)>>,
    order: Order,
    under_way: JoinSet<(i64, Ended)>,
    /// While the disk is full nothing is begun.
    resumes: Option<Instant>,
}

/// What a task has that handles an update.
#[derive(Clone)]
struct Hands {
    engine: Arc<Engine>,
    client: Client,
    me: Me,
    handle: Handle,
}

/// How the handling of an update ended.
enum Ended {
    /// It is handled or set aside.
    Done,
    /// The disk is full; once more later.
    Later(EngineError),
    /// The store cannot be used, or the runtime is ending.
    Failed(Option<EngineError>),
}

/// What was made of a stored update.
enum Made {
    /// It is not in the store: handled already.
    Gone,
    /// It cannot be read, and why.
    Unreadable(String),
    /// What it leads to, and the press that waits for an answer.
    Handled(Handled, Option<String>),
}

/// An intake and what handles what comes in.
pub fn open(engine: &Arc<Engine>, client: &Client, me: Me) -> (Intake, Dispatcher) {
    let (sender, arrivals) = mpsc::channel(ARRIVALS);
    let intake = Intake { engine: engine.clone(), client: client.clone(), arrivals: sender };
    let hands = Hands { engine: engine.clone(), client: client.clone(), me, handle: Arc::new(handle::handle) };
    (intake, Dispatcher { hands, arrivals, order: Order::default(), under_way: JoinSet::new(), resumes: None })
}

impl Intake {
    /// Answers questions before payments, stores updates and has them handled.
    /// When this returns Telegram may forget them. Waits while far too many are under way.
    pub async fn accept(&self, updates: &[Value]) -> Result<(), EngineError> {
        pay::answer_checkouts(&self.engine, &self.client, updates);
        let numbered = |update: &Value| Some((update["update_id"].as_i64()?, update.to_string().into_bytes()));
        let stored: Vec<_> = updates.iter().filter_map(numbered).collect();
        if stored.is_empty() {
            return Ok(());
        }
        let new = self.engine.store_updates(&stored).await?;
        let places = updates.iter().filter_map(|update| Some((update["update_id"].as_i64()?, Place::of(update))));
        let places = places.filter(|(id, _)| new.contains(id));
        // where nobody takes them any more they are found at the next start
        let _ = self.arrivals.send(places.collect()).await;
        Ok(())
    }

    /// The same for one that a webhook brought. One that it brought before changes
    /// nothing.
    pub async fn deliver(&self, id: i64, update: &Value, raw: &[u8]) -> Result<(), EngineError> {
        if self.engine.store_delivered(id, raw).await? {
            let _ = self.arrivals.send(vec![(id, Place::of(update))]).await;
        }
        Ok(())
    }
}

impl Dispatcher {
    /// The same with another way to handle updates.
    #[cfg(test)]
    pub fn with(mut self, handle: Handle) -> Self {
        self.hands.handle = handle;
        self
    }

    /// Handles updates until `stop` says so; what is under way then is finished.
    /// Ends early only when the store cannot be used. While the engine may be a
    /// clone nothing is begun.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
        let mut arming = self.hands.engine.watch_arming();
        self.take_up_what_was_left()?;
        while !*stop.borrow() {
            if self.resumes.is_none() && !arming.borrow_and_update().is_clone() {
                self.begin();
            }
            let resumes = self.resumes.unwrap_or_else(Instant::now);
            tokio::select! {
                _ = stop.changed() => break,
                _ = arming.changed() => {}
                Some(ended) = self.under_way.join_next() => self.ended(joined(ended))?,
                Some(updates) = self.arrivals.recv(), if self.order.len() < BACKLOG => {
                    updates.into_iter().for_each(|(update, place)| self.order.add(update, place));
                }
                () = tokio::time::sleep_until(resumes), if self.resumes.is_some() => self.resumes = None,
            }
        }
        while let Some(ended) = self.under_way.join_next().await {
            self.ended(joined(ended))?;
        }
        Ok(())
    }

    fn take_up_what_was_left(&mut self) -> Result<(), EngineError> {
        let order = &mut self.order;
        self.hands.engine.each_pending_update(|update, raw| {
            let place = serde_json::from_slice(raw).map_or(Place::Of([None; 2]), |raw| Place::of(&raw));
            order.add(update, place);
        })
    }

    fn begin(&mut self) {
        while let Some(update) = self.order.next() {
            let hands = self.hands.clone();
            self.under_way.spawn(async move { (update, hands.finish(update).await) });
        }
    }

    fn ended(&mut self, (update, ended): (i64, Ended)) -> Result<(), EngineError> {
        match ended {
            Ended::Done => self.order.done(update),
            Ended::Later(error) => {
                if self.resumes.is_none() {
                    tracing::error!(%error, "updates from Telegram wait");
                    self.resumes = Some(Instant::now() + FULL_PAUSE);
                }
                self.order.put_back(update);
            }
            Ended::Failed(None) => {}
            Ended::Failed(Some(error)) => return Err(error),
        }
        Ok(())
    }
}

/// What a task came to. It ends by a panic only if the store's writer did: that
/// is no matter of one update.
fn joined(ended: Result<(i64, Ended), tokio::task::JoinError>) -> (i64, Ended) {
    match ended {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => (0, Ended::Failed(None)),
        },
    }
}

impl Hands {
    /// Handles one update. One that cannot be handled for what it is, and not
    /// for the state of the disk, is kept apart: it must not come up again at
    /// every start.
    async fn finish(self, update: i64) -> Ended {
        let hands = self.clone();
        // it reads the store, for `/status` all of it: not on a worker of the runtime
        let made = tokio::task::spawn_blocking(move || hands.make(update)).await;
        let made = match made {
            Ok(made) => made,
            Err(bug) if bug.is_panic() => Ok(Made::Unreadable(bug.to_string())),
            // the runtime is ending; the update is there at the next start
            Err(_) => return Ended::Failed(None),
        };
        let finished = match made {
            Ok(Made::Gone) => Ok(()),
            Ok(Made::Unreadable(why)) => self.set_aside(update, &why).await,
            Ok(Made::Handled(mut handled, press)) => {
                let shows = std::mem::take(&mut handled.shows);
                let finished = self.engine.finish_update(update, handled).await;
                if finished.is_ok() {
                    let answers = shows.iter().any(|call| call.method == "answerCallbackQuery");
                    self.answer_press(press.filter(|_| !answers));
                    admin::show(&self.client, shows).await;
                }
                finished
            }
            Err(error) => Err(error),
        };
        let finished = match finished {
            Err(EngineError::Store(error @ StoreError::Damaged { .. })) => {
                self.set_aside(update, &error.to_string()).await
            }
            finished => finished,
        };
        match finished {
            Ok(()) => Ended::Done,
            Err(error @ EngineError::Store(StoreError::Full { .. })) => Ended::Later(error),
            Err(error) => Ended::Failed(Some(error)),
        }
    }

    fn make(&self, update: i64) -> Result<Made, EngineError> {
        let Some(raw) = self.engine.pending_update(update)? else { return Ok(Made::Gone) };
        Ok(match serde_json::from_slice::<Update>(&raw) {
            Ok(Update { kind: UpdateKind::Error(_), .. }) => Made::Unreadable("unknown kind".to_owned()),
            Ok(update) => {
                let handled = (self.handle)(&self.engine, &update, &self.me.username)?;
                Made::Handled(handled, press_of(&update))
            }
            Err(error) => Made::Unreadable(error.to_string()),
        })
    }

    async fn set_aside(&self, update: i64, why: &str) -> Result<(), EngineError> {
        tracing::warn!(update, why, "an update cannot be read; it is kept apart");
        self.engine.set_aside(update).await
    }

    /// Ends the waiting sign on a button that was pressed. Only the press needs
    /// it, and only now: it is not worth a durable row, and nothing waits for it.
    fn answer_press(&self, press: Option<String>) {
        if let Some(press) = press {
            let (client, body) = (self.client.clone(), json!({ "callback_query_id": press }));
            tokio::spawn(async move {
                if let Err(error) = client.ask("answerCallbackQuery", &body, ASK).await {
                    tracing::debug!(%error, "a pressed button was not answered");
                }
            });
        }
    }
}

fn press_of(update: &Update) -> Option<String> {
    match &update.kind {
        UpdateKind::CallbackQuery(query) => Some(query.id.0.clone()),
        _ => None,
    }
}
