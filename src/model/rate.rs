//! How fast messages may leave.

use super::TimeDelta;

/// At most `count` in any `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least one.
    pub count: u32,
    /// In what time; at least a millisecond.
    pub per: TimeDelta,
}

/// The limits of one bot; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// All messages of the bot.
    pub bot: Option<Rate>,
    /// Messages to one private chat.
    pub chat: Option<Rate>,
    /// Messages to one group (a negative chat id).
    pub group: Option<Rate>,
    /// All messages of the bot while a broadcast is paid for.
    pub paid: Option<Rate>,
}

impl Rate {
    /// `count` per second.
    pub const fn per_second(count: u32) -> Self {
        Self { count, per: TimeDelta::seconds(1) }
    }

    /// Messages in one second, on average.
    pub fn hertz(self) -> f64 {
        f64::from(self.count) * 1_000.0 / self.per.0.max(1) as f64
    }
}

impl Limits {
    /// What Telegram allows a bot: 30 a second, one a second in one chat, 20 a
    /// minute in one group, 1,000 a second for Stars.
    pub const TELEGRAM: Self = Self {
        bot: Some(Rate::per_second(30)),
        chat: Some(Rate::per_second(1)),
        group: Some(Rate { count: 20, per: TimeDelta::minutes(1) }),
        paid: Some(Rate::per_second(1_000)),
    };

    /// The limit of one chat.
    pub fn of_chat(&self, chat: i64) -> Option<Rate> {
        if chat < 0 { self.group } else { self.chat }
    }
}
