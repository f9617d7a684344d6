//! What the clock brings: triggers that count from a field, waits of drips,
//! delayed messages, schedules. In the order of their moments, so many at a look.

use super::Core;
use crate::audience::Audience;
use crate::condition::Row;
use crate::engine::automation::schedule::{Decision, Record, Sweep, backfill_key, backfilled, decide};
use crate::engine::automation::{Switch, Unit};
use crate::engine::decide::{Situation, chore};
use crate::engine::turn::{Errand, Rules, Stimulus};
use crate::model::{Chore, Effect, Profile, Time, UserId, Value, builtin};
use crate::rulebook::{Action, ClockZone, Missed, Schedule, Trigger};
use crate::store::{Follow, Origin};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, VecDeque};

/// So many users have their turn at one look at the clock.
const BUDGET: usize = 4_000;

/// Users that schedules are still to act on, by the schedule.
#[derive(Default)]
pub(super) struct Sweeps {
    users: BTreeMap<String, VecDeque<UserId>>,
    /// The minute in which schedules were looked at last.
    looked: Option<i64>,
    /// Times up to here are not looked for any more.
    from: Option<Time>,
}

impl Sweeps {
    /// The rules are others: everything is looked at again.
    pub fn renew(&mut self) {
        *self = Self { from: self.from, ..Self::default() };
    }

    /// Where the times of a schedule that are not decided begin.
    fn from(&self, record: &Record) -> Time {
        record.decided.max(self.from.unwrap_or(record.decided))
    }
}

/// Something on a schedule.
struct Scheduled<'r> {
    key: String,
    plan: String,
    schedule: &'r Schedule,
    missed: Missed,
    /// Whether people had it off.
    switch: Option<Switch>,
}

impl Scheduled<'_> {
    /// Whether nothing is done now for this moment.
    fn is_off(&self, moment: Time) -> bool {
        self.switch.is_some_and(|switch| switch.stops(moment))
    }
}

impl Core {
    /// What is due by now comes before what happens now.
    pub(super) fn catch_up(&mut self, audience: &Audience, origin: Origin) -> Vec<Follow> {
        if origin != Origin::Live || !self.crowd.acts() {
            return Vec::new();
        }
        let now = self.crowd.clock.now();
        self.clockwork(audience, now)
    }

    /// Everything that the clock brings.
    pub(super) fn clockwork(&mut self, audience: &Audience, now: Time) -> Vec<Follow> {
        let (mut follows, taken) = self.follow_time(audience, now);
        let mut budget = BUDGET.saturating_sub(taken);
        if budget > 0 {
            follows.extend(self.schedules(audience, now, &mut budget));
        }
        self.crowd.set_behind(budget == 0);
        follows
    }

    /// Waits, delayed messages and times in fields; how many users had a turn.
    fn follow_time(&mut self, audience: &Audience, now: Time) -> (Vec<Follow>, usize) {
        let mut follows = Vec::new();
        for taken in 0..BUDGET {
            let first = self.crowd.automation_mut().take_due(now);
            if let Some((moment, user, due)) = first {
                let stimulus = Stimulus { due: Some(due), ..Stimulus::default() };
                follows.extend(self.turn(audience, user, Origin::Live, Some(moment), |turn| turn.follow(stimulus)));
                self.crowd.automation_mut().followed(moment, Some(user));
                continue;
            }
            let next = self.crowd.automation().due(now);
            let Some(user) = next else {
                self.crowd.automation_mut().followed(now, None);
                return (follows, taken);
            };
            follows.extend(self.turn(audience, user, Origin::Live, None, |turn| turn.pass()));
            self.crowd.automation_mut().rest(user, now);
        }
        (follows, BUDGET)
    }

    /// Rules and tasks on a schedule.
    fn schedules(&mut self, audience: &Audience, now: Time, budget: &mut usize) -> Vec<Follow> {
        let Some(rules) = self.rules.clone() else { return Vec::new() };
        let minute = now.0.div_euclid(60_000);
        let mut follows = Vec::new();
        if self.sweeps.looked == Some(minute) && self.sweeps.users.is_empty() {
            return follows;
        }
        let zones = OnceZones::default();
        if self.sweeps.from.is_none() {
            self.sweeps.from = self.crowd.automation().progress.scheduled;
        }
        let switches = self.crowd.automation().switches().clone();
        for (at, rule) in rules.rulebook.rules.iter().enumerate() {
            let key = format!("rule {}", rule.name);
            let switch = switches.get(Unit::Rule, &rule.name);
            match (&rule.when, rule.backfill) {
                (Trigger::Schedule(schedule), _) => {
                    let of = Scheduled { key, plan: rule.plan.clone(), schedule, missed: rule.missed, switch };
                    follows.extend(self.scheduled_rule(audience, &rules, at, &of, &zones, now, budget));
                }
                // it is about no moment, and waits
                (Trigger::Enters(_), true) if switch.is_some_and(Switch::is_off) => {}
                (Trigger::Enters(segment), true) => {
                    let key = backfill_key(&rule.name);
                    follows.extend(self.backfill(audience, &rules, at, *segment, &key, now, budget));
                }
                (_, _) => {}
            }
            if *budget == 0 {
                return follows;
            }
        }
        for task in &rules.rulebook.tasks {
            let key = format!("task {}", task.name);
            let switch = switches.get(Unit::Task, &task.name);
            let of = Scheduled { key, plan: task.plan.clone(), schedule: &task.when, missed: task.missed, switch };
            while let Some(moment) = self.task_due(&rules, &of, now) {
                self.run_task(&rules, &task.name, &task.then, now);
                tracing::info!(task = task.name, moment = moment.rfc3339(), "a task runs");
            }
        }
        self.sweeps.looked = Some(minute);
        // whoever moves to another zone now is not late for what is over there
        self.sweeps.from = Some(now);
        self.crowd.automation_mut().progress.scheduled = Some(now);
        follows
    }

    fn record(&self, key: &str, plan: &str, schedule: &Schedule, now: Time) -> Record {
        match self.crowd.automation().schedule(key) {
            Some(record) if record.plan == plan => record.clone(),
            Some(_) | None => {
                if matches!(schedule, Schedule::Once { .. }) && schedule.next(now, &TimeZone::UTC).is_none() {
                    tracing::warn!(schedule = key, plan, "its moment is past already, so it never runs");
                }
                Record::new(plan, now)
            }
        }
    }

    fn task_due(&mut self, rules: &Rules, of: &Scheduled<'_>, now: Time) -> Option<Time> {
        let mut record = self.record(&of.key, &of.plan, of.schedule, now);
        let zone = &rules.rulebook.settings.timezone.zone;
        let decision = decide(of.schedule, self.sweeps.from(&record), now, zone, of.missed);
        let due = note(&mut record, decision, of);
        self.crowd.automation_mut().put_schedule(&of.key, record);
        due
    }

    /// What a task asks for.
    fn run_task(&mut self, rules: &Rules, name: &str, then: &[Action], now: Time) {
        let profile = Profile::new(&rules.rulebook.schema, UserId(0));
        let view = rules.rulebook.view(&profile, now);
        let situation = Situation { rulebook: &rules.rulebook, row: &view, hours: &|| 10 };
        let mut errands = Vec::new();
        let mut notes = Vec::new();
        for action in then {
            if let Some(chore) = chore(action) {
                errands.push(Errand { chore, by: name.to_owned(), user: None });
                continue;
            }
            for effect in situation.effects(action).unwrap_or_default() {
                match effect {
                    Effect::Notify(text) => notes.push(text),
                    Effect::Log(text) => tracing::info!(task = name, "{text}"),
                    Effect::Chore(chore @ Chore::Webhook { .. }) => {
                        errands.push(Errand { chore, by: name.to_owned(), user: None });
                    }
                    Effect::Chore(_)
                    | Effect::Set(..)
                    | Effect::Add(..)
                    | Effect::Tag(_)
                    | Effect::Untag(_)
                    | Effect::Discount { .. }
                    | Effect::Send(_)
                    | Effect::Start(_)
                    | Effect::Stop(_)
                    | Effect::Emit(..)
                    | Effect::Tell(..) => {}
                }
            }
        }
        self.crowd.automation_mut().hit(&format!("task {name}"), now);
        self.stage(Vec::new(), notes, errands);
    }

    #[expect(clippy::too_many_arguments, reason = "all of them belong to one look at the clock")]
    fn scheduled_rule(
        &mut self,
        audience: &Audience,
        rules: &Rules,
        at: usize,
        of: &Scheduled<'_>,
        zones: &OnceZones,
        now: Time,
        budget: &mut usize,
    ) -> Vec<Follow> {
        let mut follows = Vec::new();
        let mut record = self.record(&of.key, &of.plan, of.schedule, now);
        if record.sweep.take_if(|sweep| of.is_off(sweep.moment)).is_some() {
            self.sweeps.users.remove(&of.key);
        }
        while *budget > 0 {
            if record.sweep.is_none() {
                record.sweep = next_sweep(rules, audience, of, (&mut record, self.sweeps.from), zones, now);
            }
            let Some(sweep) = record.sweep.clone() else { break };
            let users = match self.sweeps.users.remove(&of.key) {
                Some(users) => users,
                None => selected(rules, audience, at, &sweep),
            };
            follows.extend(self.sweep(audience, at, &of.key, users, &mut record, budget));
        }
        self.crowd.automation_mut().put_schedule(&of.key, record);
        follows
    }

    /// Acts once on those who were in a segment before the rule was there.
    #[expect(clippy::too_many_arguments, reason = "all of them belong to one look at the clock")]
    fn backfill(
        &mut self,
        audience: &Audience,
        rules: &Rules,
        at: usize,
        segment: crate::model::SegmentId,
        key: &str,
        now: Time,
        budget: &mut usize,
    ) -> Vec<Follow> {
        let plan = backfilled(&rules.rulebook, &rules.rulebook.rules[at], segment);
        let known = self.crowd.automation().schedule(key).filter(|record| record.plan == plan).cloned();
        let mut record = known.unwrap_or_else(|| Record {
            sweep: Some(Sweep { moment: now, zones: None, after: None }),
            ..Record::new(&plan, now)
        });
        let mut follows = Vec::new();
        if let Some(sweep) = &record.sweep {
            let users = match self.sweeps.users.remove(key) {
                Some(users) => users,
                None => behind(audience.members(segment), sweep.after),
            };
            follows = self.sweep(audience, at, key, users, &mut record, budget);
        }
        self.crowd.automation_mut().put_schedule(key, record);
        follows
    }

    /// Has a rule act on users until all are done or the look is over.
    fn sweep(
        &mut self,
        audience: &Audience,
        rule: usize,
        key: &str,
        mut users: VecDeque<UserId>,
        record: &mut Record,
        budget: &mut usize,
    ) -> Vec<Follow> {
        let mut follows = Vec::new();
        let moment = record.sweep.as_ref().map(|sweep| sweep.moment);
        while *budget > 0 {
            let Some(user) = users.pop_front() else {
                record.sweep = None;
                return follows;
            };
            *budget -= 1;
            follows.extend(self.turn(audience, user, Origin::Live, moment, |turn| turn.act(rule)));
            if let Some(sweep) = &mut record.sweep {
                sweep.after = Some(user);
            }
        }
        self.sweeps.users.insert(key.to_owned(), users);
        follows
    }
}

/// The zones of all users, looked at once.
#[derive(Default)]
struct OnceZones(std::cell::OnceCell<Vec<(String, TimeZone)>>);

impl OnceZones {
    /// The project's first, under an empty name: users whose zone is not known
    /// live by it.
    fn get(&self, audience: &Audience, project: &TimeZone) -> &[(String, TimeZone)] {
        self.0.get_or_init(|| {
            let named = audience.texts(builtin::TIMEZONE).into_iter();
            let known = named.filter_map(|name| Some((name.to_string(), TimeZone::get(&name).ok()?)));
            std::iter::once((String::new(), project.clone())).chain(known).collect()
        })
    }
}

/// The next run of a rule's schedule, if its time has come.
fn next_sweep(
    rules: &Rules,
    audience: &Audience,
    of: &Scheduled<'_>,
    (record, from): (&mut Record, Option<Time>),
    zones: &OnceZones,
    now: Time,
) -> Option<Sweep> {
    let project = &rules.rulebook.settings.timezone.zone;
    let decide_in = |zone: &TimeZone, record: &Record| {
        decide(of.schedule, record.decided.max(from.unwrap_or(record.decided)), now, zone, of.missed)
    };
    if !matches!(of.schedule.zone(), ClockZone::User) {
        let decision = decide_in(project, record);
        let moment = note(record, decision, of)?;
        return Some(Sweep { moment, zones: None, after: None });
    }
    let all = zones.get(audience, project);
    loop {
        let decisions = all.iter().map(|(name, zone)| (decide_in(zone, record), name));
        let due = decisions.filter_map(|(decision, name)| Some((decision.moment()?, decision, name)));
        let due: Vec<_> = due.collect();
        let (first, decision) = due.iter().map(|(moment, decision, _)| (*moment, *decision)).min_by_key(|(m, _)| *m)?;
        if let Some(moment) = note(record, decision, of) {
            let named = due.iter().filter(|(at, ..)| *at == first).map(|(.., name)| (*name).clone()).collect();
            return Some(Sweep { moment, zones: Some(named), after: None });
        }
    }
}

/// Notes a decision; gives the time that is to be run for.
fn note(record: &mut Record, decision: Decision, of: &Scheduled<'_>) -> Option<Time> {
    match decision {
        Decision::Nothing => None,
        Decision::Run(moment) | Decision::Missed(moment) if of.is_off(moment) => {
            record.decided = moment;
            None
        }
        Decision::Run(moment) => {
            (record.decided, record.ran) = (moment, Some(moment));
            Some(moment)
        }
        Decision::Missed(moment) => {
            (record.decided, record.missed) = (moment, Some(moment));
            tracing::warn!(schedule = of.key, moment = moment.rfc3339(), "a run was missed and is dropped");
            None
        }
    }
}

/// The users whom a run is about, in the order of ids.
fn selected(rules: &Rules, audience: &Audience, at: usize, sweep: &Sweep) -> VecDeque<UserId> {
    let Some(condition) = rules.rulebook.rules.get(at).and_then(|rule| rule.audience.as_ref()) else {
        return VecDeque::new();
    };
    let ids = audience.with_pass(None, |pass| pass.ids_of(&condition.select(pass)));
    let users = behind(ids, sweep.after);
    let Some(zones) = &sweep.zones else { return users };
    let lives_there = |user: &UserId| {
        let zone = audience.with_row(*user, |person| match person.field(builtin::TIMEZONE) {
            Value::String(name) if TimeZone::get(name).is_ok() => name.to_string(),
            _ => String::new(),
        });
        zone.is_some_and(|zone| zones.contains(&zone))
    };
    users.into_iter().filter(lives_there).collect()
}

fn behind(ids: Vec<i64>, after: Option<UserId>) -> VecDeque<UserId> {
    ids.into_iter().map(UserId).filter(|user| after.is_none_or(|after| *user > after)).collect()
}

impl Decision {
    fn moment(self) -> Option<Time> {
        match self {
            Self::Nothing => None,
            Self::Run(moment) | Self::Missed(moment) => Some(moment),
        }
    }
}
