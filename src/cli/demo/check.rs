//! The verdict: the outbox's rows against what the chats really received.

use crate::cli::context::Failure;
use crate::engine::Engine;
use crate::model::Text;
use crate::outbox::{Cause, Ledger, rows};
use crate::sandbox::{ChatState, Sandbox};

/// What the chats' record says of a broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Recipients who could be reached.
    deliverable: u64,
    /// Of these: got the message once.
    once: u64,
    /// Chats that got it more than once.
    doubled: u64,
    /// Chats that could not be reached, or were no recipients, and got it.
    astray: u64,
}

impl Verdict {
    /// Whether every deliverable message was delivered exactly once.
    pub fn is_good(self) -> bool {
        self.deliverable > 0 && self.once == self.deliverable && self.doubled == 0 && self.astray == 0
    }

    /// The verdict in a sentence.
    pub fn text(self) -> Text {
        let Self { deliverable, once, doubled, astray } = self;
        match self.is_good() {
            _ if self == Self::default() => Text::new(
                "nobody could be written to, so there is nothing to check: take more users",
                "писать было некому, так что проверять нечего: возьмите больше пользователей",
            ),
            true => Text::new(
                format!("checked against the chats: {once} of {deliverable} deliverable messages arrived exactly once"),
                format!("сверено с чатами: ровно один раз пришли {once} сообщений из {deliverable} возможных"),
            ),
            false => Text::new(
                format!(
                    "NOT as it should be: {once} of {deliverable} arrived once, {doubled} twice or more, {astray} astray"
                ),
                format!(
                    "НЕ так, как должно быть: один раз пришли {once} из {deliverable}, повторно {doubled}, не тем {astray}"
                ),
            ),
        }
    }
}

/// Holds the latest run of `name` against the sandbox's record.
pub fn verdict(engine: &Engine, sandbox: &Sandbox, name: &str) -> Result<Verdict, Failure> {
    let of_name = |ledger: &Ledger| matches!(&ledger.cause, Cause::Broadcast { name: n, .. } if n == name);
    let ledger = Ledger::read_all(&*engine.store)?.into_iter().rfind(of_name);
    let mut received = sandbox.counts();
    let mut verdict = Verdict::default();
    if let Some(ledger) = ledger {
        rows(&*engine.store, &ledger, |_, user, _| {
            let got = received.remove(&user.0).unwrap_or(0);
            let active = sandbox.state(user.0) == Some(ChatState::Active);
            verdict.deliverable += u64::from(active);
            verdict.once += u64::from(active && got == 1);
            verdict.doubled += u64::from(got > 1);
            verdict.astray += u64::from(!active && got > 0);
        })?;
    }
    verdict.astray += received.values().filter(|n| **n > 0).count() as u64;
    Ok(verdict)
}
