//! The handle that tests, the demonstration and the control API hold: chats
//! and trouble are set through it. What people do stands in `act`, what was
//! seen in `record`.

use crate::model::{Time, TimeDelta};
use crate::sandbox::act::ActError;
use crate::sandbox::active::{Active, Guard};
use crate::sandbox::chats::{ChatState, NewChat};
use crate::sandbox::face::{ClockMode, Face, Unmoved};
use crate::sandbox::faults::Fault;
use crate::sandbox::limits::Limits;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::script::Script;
use crate::sandbox::stars::{PaidBroadcasts, StarsReport};
use crate::sandbox::world::{Stamp, World};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A running sandbox from the inside. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

/// What all clones share.
pub(crate) struct Shared {
    pub(crate) token: String,
    pub(crate) face: Face,
    pub(crate) accepted: watch::Sender<u64>,
    pub(crate) up: watch::Sender<bool>,
    /// Told when an update was added or the poller changed.
    pub(crate) news: Notify,
    active: Arc<Mutex<Active>>,
    limits: Mutex<Limits>,
    world: Mutex<World>,
}

impl Sandbox {
    pub(crate) fn new(options: &SandboxOptions) -> Self {
        let bot = options.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        let shared = Shared {
            token: options.token.clone(),
            face: Face::new(options.clock.clone(), options.clock_mode),
            accepted: watch::Sender::new(0),
            up: watch::Sender::new(true),
            news: Notify::new(),
            active: Arc::default(),
            limits: Mutex::new(options.limits),
            world: Mutex::new(World::new(bot, options)),
        };
        let sandbox = Self { shared: Arc::new(shared) };
        if let Some(script) = &options.script {
            sandbox.add_script(script.clone());
        }
        sandbox
    }

    // --- chats ---------------------------------------------------------

    /// Adds a person, or changes the one with this id.
    pub fn add_user(&self, id: i64, first_name: &str, state: ChatState) {
        self.add_chats([NewChat::user(id, first_name, state)]);
    }

    /// Adds many people: id, first name, state.
    pub fn add_users<'a>(&self, users: impl IntoIterator<Item = (i64, &'a str, ChatState)>) {
        self.add_chats(users.into_iter().map(|(id, name, state)| NewChat::user(id, name, state)));
    }

    /// Adds people and groups with all that is known of them.
    pub fn add_chats(&self, chats: impl IntoIterator<Item = NewChat>) {
        self.with(|world, _| world.chats.add_all(chats));
    }

    /// Changes how a chat stands to the bot, without an update to the bot.
    pub fn set_state(&self, chat: i64, state: ChatState) -> Result<(), ActError> {
        self.with(|world, _| match world.chats.get_mut(chat) {
            Some(found) => {
                found.state = state;
                Ok(())
            }
            None => Err(ActError::NoChat { chat }),
        })
    }

    /// How a chat stands to the bot.
    pub fn state(&self, chat: i64) -> Option<ChatState> {
        self.with(|world, _| world.chats.get(chat).map(|chat| chat.state))
    }

    /// How many chats there are.
    pub fn chat_count(&self) -> usize {
        self.with(|world, _| world.chats.len())
    }

    // --- trouble -------------------------------------------------------

    /// Other limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        *self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        self.with(|world, _| world.gate.set(limits));
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        *self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind those that are set.
    pub fn add_fault(&self, fault: Fault) {
        self.with(|world, stamp| world.faults.add(fault, stamp.tick));
    }

    /// Plays a script from now on, behind the faults that are set.
    pub fn add_script(&self, script: Script) {
        self.with(|world, stamp| world.play(script, stamp));
    }

    /// Plays a script from now on, and nothing else.
    pub fn set_script(&self, script: Script) {
        self.with(|world, stamp| {
            world.calm();
            world.play(script, stamp);
        });
    }

    /// Removes all faults and ends every running `retry_after`. Chats keep
    /// the states that a script gave them; new ones are active.
    pub fn clear_faults(&self) {
        self.with(|world, _| world.calm());
    }

    /// The faults that are set, each with the number of requests it has hit.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.with(|world, _| world.faults.list())
    }

    /// Takes the server down (connections are reset and then refused) or up
    /// again at the same address.
    pub fn set_up(&self, up: bool) {
        self.shared.up.send_replace(up);
    }

    /// Takes the server down now, and up again after so long.
    pub fn go_down(&self, length: Duration) {
        self.set_up(false);
        let sandbox = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(length).await;
            sandbox.set_up(true);
        });
    }

    // --- the clock and the money ---------------------------------------

    /// What the clock shows.
    pub fn now(&self) -> Time {
        Time(self.shared.face.read().at)
    }

    /// Whether the clock runs by itself.
    pub fn clock_mode(&self) -> ClockMode {
        self.shared.face.mode()
    }

    /// Stops the clock where it is, or lets it run again.
    pub fn set_clock_mode(&self, mode: ClockMode) {
        self.shared.face.switch(mode);
    }

    /// Moves a clock that stands on.
    pub fn advance(&self, by: TimeDelta) -> Result<(), ActError> {
        self.moved(self.shared.face.advance(by))
    }

    /// Moves a clock that stands to a later time.
    pub fn set_time(&self, at: Time) -> Result<(), ActError> {
        self.moved(self.shared.face.move_to(at))
    }

    /// Another balance, and whether it opens paid broadcasts.
    pub fn set_paid_broadcasts(&self, set: PaidBroadcasts) {
        self.with(|world, _| world.stars.set(set));
    }

    /// The balance and what was charged.
    pub fn stars(&self) -> StarsReport {
        self.with(|world, _| world.stars.report())
    }

    // --- inside ----------------------------------------------------------

    /// Runs `work` on the state and then tells those who wait for news.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut World, Stamp) -> R) -> R {
        let stamp = self.shared.face.read();
        let mut world = self.shared.world.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (world.gate.counters.accepted, world.updates.newest());
        let result = work(&mut world, stamp);
        let after = (world.gate.counters.accepted, world.updates.newest());
        drop(world);
        if after.0 > before.0 {
            self.shared.accepted.send_if_modified(|count| {
                let grows = after.0 > *count;
                *count = after.0.max(*count);
                grows
            });
        }
        if after.1 != before.1 {
            self.shared.news.notify_waiters();
        }
        result
    }

    /// Counts a request as being worked on until the guard is dropped: the
    /// chat that it writes to, and how many files it brings.
    pub(crate) fn enter(&self, chat: Option<i64>, files: usize) -> Guard {
        Guard::enter(&self.shared.active, chat, files)
    }

    /// Tells those who wait for updates that the clock was moved.
    fn moved(&self, result: Result<(), Unmoved>) -> Result<(), ActError> {
        self.shared.news.notify_waiters();
        result.map_err(|unmoved| match unmoved {
            Unmoved::Runs => ActError::ClockRuns,
            Unmoved::Past => ActError::TimeIsOver,
        })
    }
}
