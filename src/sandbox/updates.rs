//! The queue of updates that wait for the bot to take them.

use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::Arc;

/// What kind of update it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateKind {
    Message,
    CallbackQuery,
    MyChatMember,
    PreCheckoutQuery,
}

/// One update.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) id: i64,
    /// The person or group that it came from: one at a time is delivered to a
    /// webhook.
    pub(crate) source: i64,
    /// When it is let go of, in milliseconds since 1970.
    until: i64,
    pub(crate) body: Arc<Value>,
}

/// The queue, and who may read it.
#[derive(Debug)]
pub(crate) struct Updates {
    waiting: VecDeque<Update>,
    next_id: i64,
    allowed: Option<Vec<String>>,
    /// Whether one that waits is let go of before older ones.
    has_short: bool,
    /// The number of the newest `getUpdates`; older ones that still wait must
    /// give up.
    pub(crate) poll: u64,
}

/// How long (ms) an update waits for the bot: 24 hours.
const LIFE: i64 = 24 * 3_600_000;
/// How long (ms) a question before a payment waits.
const SHORT_LIFE: i64 = 150_000;

impl UpdateKind {
    /// The field of the update that holds it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            UpdateKind::Message => "message",
            UpdateKind::CallbackQuery => "callback_query",
            UpdateKind::MyChatMember => "my_chat_member",
            UpdateKind::PreCheckoutQuery => "pre_checkout_query",
        }
    }
}

impl Update {
    fn is_short(&self) -> bool {
        self.body.get(UpdateKind::PreCheckoutQuery.key()).is_some()
    }
}

impl Updates {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), next_id: 700_000_001, allowed: None, has_short: false, poll: 0 }
    }

    /// Adds an update, unless the bot has asked not to get this kind.
    pub(crate) fn push(&mut self, kind: UpdateKind, source: i64, value: Value, at: i64) {
        if self.allowed.as_ref().is_some_and(|kinds| !kinds.iter().any(|allowed| allowed == kind.key())) {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        let mut body = Map::new();
        body.insert("update_id".into(), id.into());
        body.insert(kind.key().into(), value);
        let is_short = kind == UpdateKind::PreCheckoutQuery;
        self.has_short |= is_short;
        let until = at + if is_short { SHORT_LIFE } else { LIFE };
        self.waiting.push_back(Update { id, source, until, body: Arc::new(Value::Object(body)) });
    }

    /// Lets go of those that have waited too long.
    pub(crate) fn expire(&mut self, now: i64) {
        while self.waiting.front().is_some_and(|update| now > update.until) {
            self.waiting.pop_front();
        }
        if self.has_short {
            self.waiting.retain(|update| now <= update.until);
            self.has_short = self.waiting.iter().any(Update::is_short);
        }
    }

    /// The kinds to deliver from now on; an empty list is the default again.
    pub(crate) fn allow(&mut self, kinds: Vec<String>) {
        self.allowed = (!kinds.is_empty()).then_some(kinds);
    }

    pub(crate) fn allowed(&self) -> Option<&[String]> {
        self.allowed.as_deref()
    }

    /// Confirms what `offset` confirms: a positive one all below it, a
    /// negative one all but the last so many.
    pub(crate) fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.waiting.len().saturating_sub(keep);
            self.waiting.drain(..surplus);
        } else {
            let surplus = self.waiting.iter().take_while(|update| update.id < offset).count();
            self.waiting.drain(..surplus);
        }
    }

    /// The oldest ones, which stay until they are confirmed.
    pub(crate) fn peek(&self, limit: usize) -> Vec<Arc<Value>> {
        self.waiting.iter().take(limit).map(|update| update.body.clone()).collect()
    }

    /// Removes one that a webhook has taken.
    pub(crate) fn remove(&mut self, id: i64) {
        self.waiting.retain(|update| update.id != id);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Update> {
        self.waiting.iter()
    }

    /// The id that the newest update got; it changes with every new one.
    pub(crate) fn newest(&self) -> i64 {
        self.next_id - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(n: i64) -> Updates {
        let mut updates = Updates::new();
        (0..n).for_each(|source| updates.push(UpdateKind::Message, source, Value::Null, source));
        updates
    }

    fn ids(updates: &Updates) -> Vec<i64> {
        updates.iter().map(|update| update.id - 700_000_000).collect()
    }

    #[test]
    fn offsets_confirm() {
        let first = 700_000_000;
        let rows = [(0, vec![1, 2, 3, 4]), (first + 3, vec![3, 4]), (-1, vec![4]), (-9, vec![1, 2, 3, 4])];
        for (offset, expected) in rows {
            let mut updates = queue(4);
            updates.confirm(offset);
            assert_eq!(ids(&updates), expected, "{offset}");
        }
    }

    #[test]
    fn an_update_waits_for_a_day() {
        let mut updates = queue(4);
        for (now, expected) in [(LIFE, vec![1, 2, 3, 4]), (LIFE + 1, vec![2, 3, 4]), (LIFE + 3, vec![4])] {
            updates.expire(now);
            assert_eq!(ids(&updates), expected, "{now}");
        }
    }

    #[test]
    fn a_question_before_a_payment_waits_less_than_what_came_before_it() {
        let mut updates = queue(2);
        updates.push(UpdateKind::PreCheckoutQuery, 1, Value::Null, 2);
        updates.push(UpdateKind::Message, 1, Value::Null, 3);
        for (now, expected) in [(SHORT_LIFE + 2, vec![1, 2, 3, 4]), (SHORT_LIFE + 3, vec![1, 2, 4])] {
            updates.expire(now);
            assert_eq!(ids(&updates), expected, "{now}");
        }
    }

    #[test]
    fn kinds_that_are_not_allowed_are_not_queued() {
        let mut updates = queue(1);
        updates.allow(vec!["callback_query".into()]);
        updates.push(UpdateKind::Message, 1, Value::Null, 1);
        updates.push(UpdateKind::CallbackQuery, 1, Value::Null, 1);
        assert_eq!(ids(&updates), [1, 2]);
        updates.allow(Vec::new());
        updates.push(UpdateKind::MyChatMember, 1, Value::Null, 1);
        assert_eq!(ids(&updates), [1, 2, 3]);
    }
}
