//! Before an experiment: how many users and days it takes, what can be seen in
//! the days there are, and whether it is worth beginning at all.

use super::statistics::Demand;
use super::verdict::figures;
use crate::model::Text;

/// Whoever would have to wait longer than this many days had better not begin.
const TOO_LONG: u64 = 180;
/// What is answered if nobody asks for certain days.
const PERIODS: [u64; 4] = [7, 14, 30, 90];

/// What somebody wants to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// The share of users who convert without a change: above 0, below 1.
    pub baseline: f64,
    /// The change to be seen, relative to it: 0.1 is 10 % more.
    pub lift: f64,
    /// How sure the answer must be, and how many arms there are.
    pub demand: Demand,
    /// How many users are exposed a day, in all arms together.
    pub users_per_day: Option<f64>,
    /// How many users are exposed at once, as by a broadcast, before the daily ones.
    pub users_at_once: u64,
    /// The days to spend, if they are set.
    pub days: Option<u64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was asked.
    pub ask: Ask,
    /// For one look at the end.
    pub fixed: Cost,
    /// For people who look whenever they like, as experiments do if nothing
    /// else is said.
    pub sequential: Cost,
    /// What can be seen in some days; empty if the traffic is not known.
    pub periods: Vec<Period>,
}

/// What an answer costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Users of each arm.
    pub per_arm: u64,
    /// Users of all arms.
    pub users: u64,
    /// Days; `None` if the traffic is not known.
    pub days: Option<u64>,
}

/// What can be seen in so many days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// The days.
    pub days: u64,
    /// The users of each arm they bring.
    pub per_arm: u64,
    /// The smallest lift to be seen at one look at the end; `None` if none can.
    pub fixed: Option<f64>,
    /// The smallest lift for people who look whenever they like.
    pub sequential: Option<f64>,
}

impl Ask {
    /// The answer, or what is wrong with the question.
    pub fn answer(self) -> Result<Plan, Text> {
        let to = self.baseline * (1.0 + self.lift);
        let (fixed, sequential) =
            (self.demand.users(self.baseline, to), self.demand.users_of_sequence(self.baseline, to));
        let Some((fixed, sequential)) = fixed.zip(sequential) else { return Err(self.impossible()) };
        let periods = match (self.users_per_day, self.days) {
            (None, _) => Vec::new(),
            (Some(traffic), Some(days)) => vec![self.period(days, traffic)],
            (Some(traffic), None) => PERIODS.into_iter().map(|days| self.period(days, traffic)).collect(),
        };
        Ok(Plan { ask: self, fixed: self.cost(fixed), sequential: self.cost(sequential), periods })
    }

    fn impossible(&self) -> Text {
        let (from, lift) = (figures::share(self.baseline), figures::change(self.lift));
        Text::new(
            format!(
                "a share of {} cannot change by {}: before and after must be different, above 0 % and below 100 %",
                from.en, lift.en
            ),
            format!(
                "доля {} не может измениться на {}: до и после должны различаться и быть больше 0 % и меньше 100 %",
                from.ru, lift.ru
            ),
        )
    }

    fn cost(&self, per_arm: u64) -> Cost {
        let users = per_arm.saturating_mul(u64::from(self.demand.arms));
        let days = match (users.saturating_sub(self.users_at_once), self.users_per_day) {
            (0, _) => Some(1),
            (left, Some(traffic)) if traffic > 0.0 => Some((left as f64 / traffic).ceil() as u64),
            (_, Some(_) | None) => None,
        };
        Cost { per_arm, users, days }
    }

    fn period(&self, days: u64, traffic: f64) -> Period {
        let users = self.users_at_once as f64 + days as f64 * traffic;
        let per_arm = (users / f64::from(self.demand.arms)).floor() as u64;
        let lift = |to: Option<f64>| to.map(|to| to / self.baseline - 1.0);
        let fixed = lift(self.demand.detectable(self.baseline, per_arm));
        let sequential = lift(self.demand.detectable_by_sequence(self.baseline, per_arm));
        Period { days, per_arm, fixed, sequential }
    }
}

impl Plan {
    /// Whether the traffic is enough to see the change in the days to spend, or
    /// in half a year: `None` if the traffic is not known.
    pub fn possible(&self) -> Option<bool> {
        if self.sequential.days.is_none() {
            self.ask.users_per_day?;
        }
        let most = self.ask.days.unwrap_or(TOO_LONG);
        Some(self.sequential.days.is_some_and(|days| days <= most))
    }

    /// The answer in a sentence.
    pub fn text(&self) -> Text {
        let users = figures::users(self.sequential.users);
        let time = self.sequential.days.map(figures::days);
        match (self.possible(), time) {
            (Some(false), None) => {
                Text::new("you cannot detect this: nobody is exposed", "такое изменение увидеть нельзя: участников нет")
            }
            (Some(false), Some(time)) => self.too_small(&users, &time),
            (None | Some(true), None) => Text::new(
                format!("this takes {}; looking is allowed at any time", users.en),
                format!("понадобится около {}; смотреть можно когда угодно", users.ru),
            ),
            (None | Some(true), Some(time)) => Text::new(
                format!("this takes {}, {} at this traffic; looking is allowed at any time", users.en, time.en),
                format!(
                    "понадобится около {}, при таком потоке около {}; смотреть можно когда угодно",
                    users.ru, time.ru
                ),
            ),
        }
    }

    fn too_small(&self, users: &Text, time: &Text) -> Text {
        let longest = self.periods.last();
        let seen = longest.and_then(|period| period.sequential.map(|lift| (period.days, lift)));
        let seen = seen.map_or(Text::same(""), |(days, lift)| {
            let (days, lift) = (figures::days(days), figures::change(lift));
            Text::new(
                format!("; the smallest change to be seen in {} is {}", days.en, lift.en),
                format!("; наименьшее изменение, которое видно за {}, — {}", days.ru, lift.ru),
            )
        });
        Text::new(
            format!("you cannot detect this: it takes {}, {} at this traffic{}", users.en, time.en, seen.en),
            format!(
                "такое изменение увидеть нельзя: нужно около {}, при таком потоке около {}{}",
                users.ru, time.ru, seen.ru
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(baseline: f64, lift: f64) -> Ask {
        Ask { baseline, lift, demand: Demand::default(), users_per_day: None, users_at_once: 0, days: None }
    }

    #[test]
    fn answers_begin_with_whether_it_can_be_seen() {
        let traffic = |users| Some(users);
        let mut wrong = Vec::new();
        for (ask, possible, text) in [
            (ask(0.05, 0.2), None, "this takes 33 782 users; looking is allowed at any time"),
            (
                Ask { users_per_day: traffic(1_000.0), ..ask(0.05, 0.2) },
                Some(true),
                "this takes 33 782 users, 34 days at this traffic; looking is allowed at any time",
            ),
            (
                Ask { users_per_day: traffic(50.0), ..ask(0.05, 0.1) },
                Some(false),
                "you cannot detect this: it takes 142 242 users, 2 845 days at this traffic; the smallest change to be seen in 90 days is +57 %",
            ),
            (
                Ask { users_per_day: traffic(1_000.0), days: Some(14), ..ask(0.05, 0.1) },
                Some(false),
                "you cannot detect this: it takes 142 242 users, 143 days at this traffic; the smallest change to be seen in 14 days is +31 %",
            ),
            (
                Ask { users_per_day: traffic(0.0), ..ask(0.05, 0.1) },
                Some(false),
                "you cannot detect this: nobody is exposed",
            ),
        ] {
            let plan = ask.answer().unwrap();
            if (plan.possible(), plan.text().en.as_str()) != (possible, text) {
                wrong.push(format!("{:?} {}", plan.possible(), plan.text().en));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn users_and_days() {
        let plan = Ask { users_per_day: Some(500.0), users_at_once: 0, ..ask(0.05, 0.1) }.answer().unwrap();
        assert_eq!(plan.fixed, Cost { per_arm: 31_231, users: 62_462, days: Some(125) });
        assert_eq!(plan.periods.iter().map(|period| period.per_arm).collect::<Vec<_>>(), [1_750, 3_500, 7_500, 22_500]);
        let four = Ask { demand: Demand { arms: 4, ..Demand::default() }, ..ask(0.05, 0.1) }.answer().unwrap();
        assert!(four.fixed.per_arm > plan.fixed.per_arm && four.fixed.users == 4 * four.fixed.per_arm);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (baseline, lift) in [(0.0, 0.1), (0.6, 0.8), (0.05, 0.0), (1.0, 0.1), (0.5, -1.0)] {
            let text = ask(baseline, lift).answer().unwrap_err();
            assert!(text.en.contains("cannot change by"), "{baseline} {lift}");
        }
    }
}
