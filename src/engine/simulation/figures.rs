//! What a simulation came to, in figures: filled while it runs, read at its end.

use crate::engine::automation::Unit;
use crate::engine::rehearsal::Moment;
use crate::engine::witness::Seen;
use crate::model::{Chore, Text, Time, TimeDelta, UserId};
use crate::outbox::{Cause, SkipReason};
use crate::rulebook::Rulebook;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// Who sends a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// A broadcast.
    Broadcast(String),
    /// A rule.
    Rule(String),
    /// A drip and its step.
    Drip(String, String),
    /// A broadcast that is taken back or changed.
    Recall(String),
    /// The bot, as an answer or to its admins.
    Reply,
}

/// A number for every day that has one.
pub type Days = BTreeMap<Date, u64>;

/// What went on in a drip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drip {
    /// Its name.
    pub name: String,
    /// How many entered it.
    pub entered: u64,
    /// How many left it, by how.
    pub left: BTreeMap<&'static str, u64>,
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// How it failed the first time.
    pub why: Text,
    /// How often.
    pub count: u64,
}

/// Most that there was of something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// How much.
    pub count: u64,
    /// When first.
    pub at: Time,
}

/// What a simulation came to.
#[derive(Debug)]
pub struct Figures {
    /// Its first moment.
    pub begin: Time,
    /// Its last moment.
    pub end: Time,
    /// In whose days everything is counted.
    pub zone: TimeZone,
    /// What was switched off in the store, so that it did not act.
    pub off: Vec<(Unit, String)>,
    /// Users at its beginning.
    pub users: u64,
    /// Events played again.
    pub replayed: u64,
    /// Messages that went out.
    pub sent: BTreeMap<Sender, Days>,
    /// Messages that a gate stopped.
    pub stopped: BTreeMap<SkipReason, Days>,
    /// Messages that a gate had wait.
    pub delayed: BTreeMap<SkipReason, Days>,
    /// When the last message went out.
    pub last: Option<Time>,
    /// Most messages that waited for the bot's limit.
    pub peak: Option<Peak>,
    /// The longest time for which messages waited for the bot's limit without a
    /// break, and since when.
    pub jam: Option<(TimeDelta, Time)>,
    /// Messages that wait at the end.
    pub waiting: u64,
    /// How often a user got so many messages of one day.
    pub per_user: BTreeMap<u32, u64>,
    /// Who got the most messages of one day.
    pub most: Option<(u32, UserId, Date)>,
    /// How often each rule acted, by its place among the rules.
    pub rules: Vec<(String, u64)>,
    /// The drips, by their places.
    pub drips: Vec<Drip>,
    /// What failed, by the rule or step.
    pub troubles: BTreeMap<String, Trouble>,
    /// Rules that triggered one another without end.
    pub cascades: BTreeMap<String, u64>,
    /// Work that was asked for, by its kind.
    pub errands: BTreeMap<String, u64>,
    today: Option<Date>,
    /// Messages of this day.
    got: HashMap<UserId, u32>,
    jam_since: Option<Time>,
    messages: u64,
}

impl Sender {
    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Broadcast { name, .. } => Self::Broadcast(name.clone()),
            Cause::Reply => Self::Reply,
            Cause::Recall { name, .. } => Self::Recall(name.clone()),
            Cause::Rule { name } => Self::Rule(name.clone()),
            Cause::Drip { name, step } => Self::Drip(name.clone(), step.clone()),
        }
    }
}

impl Figures {
    pub(super) fn new(rulebook: &Rulebook, begin: Time, users: u64, off: Vec<(Unit, String)>) -> Self {
        let drip = |name: &str| Drip { name: name.to_owned(), ..Drip::default() };
        Self {
            begin,
            end: begin,
            zone: rulebook.settings.timezone.zone.clone(),
            off,
            users,
            replayed: 0,
            sent: BTreeMap::new(),
            stopped: BTreeMap::new(),
            delayed: BTreeMap::new(),
            last: None,
            peak: None,
            jam: None,
            waiting: 0,
            per_user: BTreeMap::new(),
            most: None,
            rules: rulebook.rules.iter().map(|rule| (rule.name.clone(), 0)).collect(),
            drips: rulebook.drips.iter().map(|known| drip(&known.name)).collect(),
            troubles: BTreeMap::new(),
            cascades: BTreeMap::new(),
            errands: BTreeMap::new(),
            today: None,
            got: HashMap::new(),
            jam_since: None,
            messages: 0,
        }
    }

    /// Messages that have gone out.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// The day of a moment.
    pub fn day(&self, at: Time) -> Date {
        jiff::Timestamp::from_millisecond(at.0).map_or(Date::ZERO, |at| at.to_zoned(self.zone.clone()).date())
    }

    /// Every day of the simulation.
    pub fn days(&self) -> Vec<Date> {
        let (first, last) = (self.day(self.begin), self.day(self.end - TimeDelta(1)));
        first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).collect()
    }

    /// So many messages of one day got the user of whom so many hundredths of
    /// those who got any have no more.
    pub fn share(&self, hundredths: u64) -> u32 {
        let all: u64 = self.per_user.values().sum();
        let mut seen = 0;
        for (count, users) in &self.per_user {
            seen += users;
            if seen * 100 >= all * hundredths {
                return *count;
            }
        }
        0
    }

    pub(super) fn note(&mut self, now: Time, moment: Moment) {
        let day = self.day(now);
        self.turn_to(day);
        if !moment.sent.is_empty() {
            self.last = Some(now);
        }
        for sent in moment.sent {
            self.messages += 1;
            let sender = Sender::of(&sent.cause);
            if sender != Sender::Reply && sent.part == 0 {
                *self.got.entry(sent.user).or_default() += 1;
            }
            add(&mut self.sent, sender, day);
        }
        moment.unsent.iter().for_each(|unsent| add(&mut self.stopped, unsent.reason, day));
        moment.held.iter().for_each(|held| add(&mut self.delayed, held.message.reason, day));
    }

    /// Notes the queue after a moment: how many wait, if the limit was reached.
    pub(super) fn queue(&mut self, now: Time, waiting: Option<u64>) {
        match waiting.filter(|waiting| *waiting > 0) {
            Some(count) => {
                self.jam_since.get_or_insert(now);
                if self.peak.is_none_or(|peak| peak.count < count) {
                    self.peak = Some(Peak { count, at: now });
                }
            }
            None => self.end_jam(now),
        }
    }

    fn end_jam(&mut self, now: Time) {
        if let Some(since) = self.jam_since.take()
            && self.jam.is_none_or(|(longest, _)| longest < now - since)
        {
            self.jam = Some((now - since, since));
        }
    }

    pub(super) fn saw(&mut self, seen: Seen) {
        match seen {
            Seen::Fired(rule) => {
                if let Some((_, count)) = self.rules.get_mut(rule) {
                    *count += 1;
                }
            }
            Seen::Entered(drip) => {
                if let Some(drip) = self.drips.get_mut(drip) {
                    drip.entered += 1;
                }
            }
            Seen::Left(drip, how) => {
                if let Some(drip) = self.drips.get_mut(drip) {
                    *drip.left.entry(how.as_str()).or_default() += 1;
                }
            }
            Seen::Errand(chore) => *self.errands.entry(kind(&chore).to_owned()).or_default() += 1,
            Seen::Trouble { by, why } => self.trouble(by, why),
            Seen::Cascade { rules } => *self.cascades.entry(rules).or_default() += 1,
            Seen::Unmet(..) | Seen::UsedUp(_) | Seen::Barred(_) | Seen::Shut(_) | Seen::Step(..) | Seen::Way(..) => {}
        }
    }

    pub(super) fn trouble(&mut self, by: String, why: Text) {
        self.troubles.entry(by).or_insert(Trouble { why, count: 0 }).count += 1;
    }

    pub(super) fn close(&mut self, end: Time, waiting: u64) {
        self.end_jam(end);
        self.end_day();
        (self.end, self.waiting) = (end, waiting);
    }

    fn turn_to(&mut self, day: Date) {
        if self.today != Some(day) {
            self.end_day();
            self.today = Some(day);
        }
    }

    fn end_day(&mut self) {
        let Some(today) = self.today else { return };
        for (user, count) in std::mem::take(&mut self.got) {
            *self.per_user.entry(count).or_default() += 1;
            // of several the one with the smallest id
            let rank =
                |(count, user, day): (u32, UserId, Date)| (count, std::cmp::Reverse(day), std::cmp::Reverse(user));
            if self.most.is_none_or(|most| rank(most) < rank((count, user, today))) {
                self.most = Some((count, user, today));
            }
        }
    }
}

fn add<K: Ord>(of: &mut BTreeMap<K, Days>, key: K, day: Date) {
    *of.entry(key).or_default().entry(day).or_default() += 1;
}

fn kind(chore: &Chore) -> &'static str {
    match chore {
        Chore::Broadcast(_) => "broadcast",
        Chore::Report { .. } => "report",
        Chore::Webhook { .. } => "webhook",
        Chore::Cleanup { .. } => "cleanup",
        Chore::Backup { .. } => "backup",
    }
}
