//! Which updates may be handled now, as pure bookkeeping.
//!
//! An update belongs to a chat and to a user, who are one in a private chat.
//! Those of one chat or of one user are handled in the order in which they came,
//! one at a time; all others at the same time, up to a bound. The next one of
//! somebody goes behind what waits already, so a flood from one takes turns with
//! the rest. Urgent ones wait for nothing and do not count.

use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// Updates that are handled at the same time.
const AT_ONCE: usize = 32;

/// What an update belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Somebody waits for the answer by the second.
    Urgent,
    /// A chat and a user; less if it is not known.
    Of([Option<i64>; 2]),
}

/// The updates that are not finished.
#[derive(Debug, Default)]
pub struct Order {
    places: HashMap<i64, Place>,
    /// The updates of each chat and user, the one that is next in front.
    queues: HashMap<i64, VecDeque<i64>>,
    ready: VecDeque<i64>,
    urgent: VecDeque<i64>,
    under_way: usize,
}

impl Place {
    /// Where an update belongs, as Telegram wrote it.
    pub fn of(update: &Value) -> Self {
        let Some(fields) = update.as_object() else { return Self::Of([None; 2]) };
        if fields.contains_key("pre_checkout_query") {
            return Self::Urgent;
        }
        let Some((_, body)) = fields.iter().find(|(name, _)| *name != "update_id") else {
            return Self::Of([None; 2]);
        };
        let chat = body["chat"]["id"].as_i64().or_else(|| body["message"]["chat"]["id"].as_i64());
        let user = body["from"]["id"].as_i64().filter(|user| Some(*user) != chat);
        Self::Of([chat, user])
    }

    fn keys(self) -> impl Iterator<Item = i64> {
        let keys = match self {
            Self::Urgent => [None; 2],
            Self::Of(keys) => keys,
        };
        keys.into_iter().flatten()
    }
}

impl Order {
    /// How many updates are not finished.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Takes an update; one that is here already is not taken twice.
    pub fn add(&mut self, update: i64, place: Place) {
        let Entry::Vacant(entry) = self.places.entry(update) else { return };
        entry.insert(place);
        place.keys().for_each(|key| self.queues.entry(key).or_default().push_back(update));
        match place {
            Place::Urgent => self.urgent.push_back(update),
            Place::Of(_) if self.is_first(update, place) => self.ready.push_back(update),
            Place::Of(_) => {}
        }
    }

    /// The next update to begin with, if one may begin.
    pub fn next(&mut self) -> Option<i64> {
        if let Some(urgent) = self.urgent.pop_front() {
            return Some(urgent);
        }
        let next = self.ready.pop_front_if(|_| self.under_way < AT_ONCE)?;
        self.under_way += 1;
        Some(next)
    }

    /// An update that was begun is finished.
    pub fn done(&mut self, update: i64) {
        let Some(place) = self.places.remove(&update) else { return };
        self.ended(place);
        for key in place.keys() {
            let Entry::Occupied(mut queue) = self.queues.entry(key) else { continue };
            queue.get_mut().pop_front();
            if queue.get().is_empty() {
                queue.remove();
            }
        }
        // one that is next of both the chat and the user is ready once
        let mut heads: Vec<i64> = place.keys().filter_map(|key| self.queues.get(&key)?.front().copied()).collect();
        heads.dedup();
        for head in heads {
            let place = self.places.get(&head).copied();
            if place.is_some_and(|place| self.is_first(head, place)) {
                self.ready.push_back(head);
            }
        }
    }

    /// An update that was begun could not be handled now and is begun again.
    pub fn put_back(&mut self, update: i64) {
        let Some(place) = self.places.get(&update).copied() else { return };
        self.ended(place);
        match place {
            Place::Urgent => self.urgent.push_front(update),
            Place::Of(_) => self.ready.push_front(update),
        }
    }

    fn ended(&mut self, place: Place) {
        match place {
            Place::Urgent => {}
            Place::Of(_) => self.under_way -= 1,
        }
    }

    fn is_first(&self, update: i64, place: Place) -> bool {
        place.keys().all(|key| self.queues.get(&key).and_then(VecDeque::front) == Some(&update))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An order with these updates: number, chat, user.
    fn order(updates: &[(i64, i64, i64)]) -> Order {
        let mut order = Order::default();
        for (update, chat, user) in updates {
            order.add(*update, Place::Of([Some(*chat), Some(*user).filter(|user| user != chat)]));
        }
        order
    }

    fn begin(order: &mut Order) -> Vec<i64> {
        std::iter::from_fn(|| order.next()).collect()
    }

    #[test]
    fn where_updates_belong() {
        let message = |chat: i64, user: i64| json!({"chat": {"id": chat}, "from": {"id": user}});
        for (update, expected) in [
            (json!({"update_id": 1, "message": message(5, 5)}), Place::Of([Some(5), None])),
            (json!({"update_id": 1, "message": message(-7, 5)}), Place::Of([Some(-7), Some(5)])),
            (json!({"update_id": 1, "my_chat_member": message(5, 5)}), Place::Of([Some(5), None])),
            (
                json!({"update_id": 1, "callback_query": {"from": {"id": 5}, "message": {"chat": {"id": -7}}}}),
                Place::Of([Some(-7), Some(5)]),
            ),
            (json!({"callback_query": {"from": {"id": 5}}, "update_id": 1}), Place::Of([None, Some(5)])),
            (json!({"update_id": 1, "pre_checkout_query": {"from": {"id": 5}}}), Place::Urgent),
            (json!({"update_id": 1, "poll": {"id": "9"}}), Place::Of([None; 2])),
            (json!({"update_id": 1}), Place::Of([None; 2])),
            (json!([1]), Place::Of([None; 2])),
        ] {
            assert_eq!(Place::of(&update), expected, "{update}");
        }
    }

    #[test]
    fn those_of_one_chat_or_user_go_one_after_another() {
        // 3 waits for chat -7 and user 6: a group and a private chat
        let mut order = order(&[(1, -7, 5), (2, 6, 6), (3, -7, 6), (4, 8, 8), (5, 6, 6), (6, -7, 6), (7, -7, 6)]);
        assert_eq!(begin(&mut order), [1, 2, 4]);
        order.done(1);
        assert_eq!(begin(&mut order), Vec::<i64>::new());
        order.done(2);
        assert_eq!(begin(&mut order), [3]);
        order.done(3);
        assert_eq!(begin(&mut order), [5]);
        for (update, expected) in [(5, vec![6]), (4, vec![]), (6, vec![7]), (7, vec![])] {
            order.done(update);
            assert_eq!(begin(&mut order), expected, "after {update}");
        }
        assert_eq!((order.len(), order.queues.len(), order.under_way), (0, 0, 0));
    }

    #[test]
    fn a_flood_takes_turns_with_the_rest() {
        let flood = (1..=100).map(|update| (update, 1, 1));
        let others = (101..=100 + AT_ONCE as i64 + 3).map(|update| (update, update, update));
        let mut order = order(&flood.chain(others).collect::<Vec<_>>());
        let first = begin(&mut order);
        assert_eq!((first[0], first[1], first.len()), (1, 101, AT_ONCE));
        order.done(1);
        // the second of the flood stands behind everybody who came after it
        assert_eq!(begin(&mut order), [100 + AT_ONCE as i64]);
        (101..=104).for_each(|update| order.done(update));
        assert_eq!(
            begin(&mut order),
            [101, 102, 103].map(|n| n + AT_ONCE as i64).into_iter().chain([2]).collect::<Vec<_>>()
        );
    }

    #[test]
    fn urgent_ones_wait_for_nothing() {
        let mut order = order(&(1..=100).map(|update| (update, update, update)).collect::<Vec<_>>());
        assert_eq!(begin(&mut order).len(), AT_ONCE);
        order.add(500, Place::Urgent);
        order.add(501, Place::Urgent);
        assert_eq!(begin(&mut order), [500, 501]);
        order.put_back(500);
        assert_eq!(begin(&mut order), [500]);
        order.done(500);
        order.done(501);
        assert_eq!((begin(&mut order), order.under_way), (vec![], AT_ONCE));
    }

    #[test]
    fn one_that_is_put_back_keeps_its_place_and_none_is_taken_twice() {
        let mut order = order(&[(1, 5, 5), (2, 5, 5)]);
        assert_eq!(begin(&mut order), [1]);
        order.add(1, Place::Of([Some(5), None]));
        order.put_back(1);
        assert_eq!(begin(&mut order), [1]);
        order.done(1);
        order.done(1);
        assert_eq!(begin(&mut order), [2]);
        order.done(2);
        assert_eq!((order.len(), order.under_way), (0, 0));
    }
}
