//! A verdict in plain words, in English and in Russian.

use super::figures::{amount, change, days, share, total, users};
use super::{End, Fault, Remaining, Unit, Verdict, Win};
use crate::model::Text;

/// From so many days on, waiting is no advice.
const TOO_LONG: u64 = 180;
/// What a win is worth is told for so many users.
const MANY: f64 = 10_000.0;

impl Verdict {
    /// The recommendation as a sentence.
    pub fn text(&self, unit: Unit) -> Text {
        match self {
            Self::Broken(Fault::Split { arm, share, expected }) => split(arm, *share, *expected),
            Self::Broken(Fault::Guard { name, variant, lift }) => guard(name, variant, *lift),
            Self::TooEarly { users, days } => too_early(*users, *days),
            Self::Immature => Text::new(
                "wait: all planned users are in, but some of them may still convert in time",
                "подождите: все запланированные пользователи набраны, но часть из них ещё может успеть сделать целевое действие",
            ),
            Self::KeepRunning(remaining) => keep_running(remaining),
            Self::Ship(win) => ship(win, unit),
            Self::Stop(End::Worse { variant, lift }) => worse(variant, *lift),
            Self::Stop(End::Nothing { most }) => nothing(*most),
            Self::Stop(End::Planned { most }) => planned(*most),
        }
    }
}

fn split(arm: &str, found: f64, expected: f64) -> Text {
    let (found, expected) = (share(found), share(expected));
    Text::new(
        format!(
            "broken: `{arm}` has {} of the users instead of {}, which chance does less than once in 1 000; do not trust the figures: check that no variant loses users on the way and that weights were not changed while it runs",
            found.en, expected.en
        ),
        format!(
            "эксперимент сломан: у `{arm}` {} пользователей вместо {}, случайно так бывает реже, чем раз на 1 000; цифрам верить нельзя: проверьте, что ни один вариант не теряет пользователей по дороге и что веса не меняли на ходу",
            found.ru, expected.ru
        ),
    )
}

fn guard(name: &str, variant: &str, lift: Option<f64>) -> Text {
    let by = in_brackets(lift);
    Text::new(
        format!(
            "broken: with `{variant}` the guard rail `{name}` happens more often{}; take `{variant}` out, or find out why before going on",
            by.en
        ),
        format!(
            "сработал предохранитель: с `{variant}` чаще случается `{name}`{}; уберите `{variant}` или выясните причину, прежде чем продолжать",
            by.ru
        ),
    )
}

fn too_early(more_users: u64, more_days: u64) -> Text {
    let (people, time) = (users(more_users), days(more_days));
    let left = match (more_users, more_days) {
        (0, _) => time,
        (_, 0) => people,
        _ => Text::new(format!("{} and {}", people.en, time.en), format!("{} и {}", people.ru, time.ru)),
    };
    Text::new(
        format!("too early to say: {} more before any verdict", left.en),
        format!("рано судить: до вердикта не хватает {}", left.ru),
    )
}

fn keep_running(remaining: &Remaining) -> Text {
    let Some(count) = remaining.users.map(users) else {
        return Text::new(
            "keep running: nothing differs between the users yet, so there is nothing to compare",
            "продолжайте: пользователи пока ничем не различаются, сравнивать нечего",
        );
    };
    let time = remaining.days.map(days);
    let time = time.map_or(Text::same(""), |time| {
        Text::new(format!(", {} at this traffic", time.en), format!(", при таком потоке около {}", time.ru))
    });
    let advice = if remaining.days.is_some_and(|days| days > TOO_LONG) {
        Text::new(
            "; that is too long to wait: test a bolder change",
            "; ждать так долго нет смысла: испытайте изменение посмелее",
        )
    } else {
        Text::same("")
    };
    Text::new(
        format!("keep running: what is seen may still be chance; about {} more{}{}", count.en, time.en, advice.en),
        format!("продолжайте: разница пока может быть случайной; нужно ещё около {}{}{}", count.ru, time.ru, advice.ru),
    )
}

fn ship(win: &Win, unit: Unit) -> Text {
    let (mean, control) = (amount(win.mean, unit), amount(win.control, unit));
    // what is too little to be written says nothing
    let lift = win.lift.filter(|lift| lift.abs() >= 0.0005).map(change);
    let lift = lift
        .map_or(Text::same(""), |lift| Text::new(format!(", that is {}", lift.en), format!(", то есть {}", lift.ru)));
    let (worth, month) = (worth(win, unit), month(win, unit));
    let open = if win.immature {
        Text::new(
            "; some users may still convert in time, so the figures may move",
            "; часть пользователей ещё может успеть сделать целевое действие, так что цифры могут измениться",
        )
    } else {
        Text::same("")
    };
    Text::new(
        format!(
            "ship `{}`: {} instead of {}{}; {}{}{}",
            win.variant, mean.en, control.en, lift.en, worth.en, month.en, open.en
        ),
        format!(
            "вводите `{}`: {} вместо {}{}; {}{}{}",
            win.variant, mean.ru, control.ru, lift.ru, worth.ru, month.ru, open.ru
        ),
    )
}

fn worth(win: &Win, unit: Unit) -> Text {
    let per_many = |value: f64| total(value * MANY, unit);
    let (about, low, high) = (per_many(win.difference), per_many(win.interval.low), per_many(win.interval.high));
    let (en, ru) = match unit {
        Unit::Conversions => (" more conversions", "больше на "),
        Unit::Amount { .. } => (" more", "больше на "),
    };
    Text::new(
        format!("every 10 000 users bring about {}{en} (between {} and {})", about.en, low.en, high.en),
        format!("каждые 10 000 пользователей приносят {ru}{} (от {} до {})", about.ru, low.ru, high.ru),
    )
}

fn month(win: &Win, unit: Unit) -> Text {
    win.month.map(|month| total(month, unit)).map_or(Text::same(""), |month| {
        Text::new(
            format!(", about {} in 30 days at this traffic", month.en),
            format!(", при таком потоке около {} за 30 дней", month.ru),
        )
    })
}

fn worse(variant: &str, lift: Option<f64>) -> Text {
    let by = in_brackets(lift);
    Text::new(
        format!(
            "stop: every variant does worse than the control, the best of them is `{variant}`{}; keep the control",
            by.en
        ),
        format!(
            "остановите: все варианты хуже контрольного, лучший из них — `{variant}`{}; оставьте контрольный",
            by.ru
        ),
    )
}

fn nothing(most: f64) -> Text {
    let most = share(most);
    Text::new(
        format!("stop: no effect larger than {} is left, no variant won; keep the control", most.en),
        format!("остановите: эффекта больше {} уже не найти, победителя нет; оставьте контрольный", most.ru),
    )
}

fn planned(most: Option<f64>) -> Text {
    let Some(most) = most.map(share) else {
        return Text::new(
            "stop: the planned users are in and the variants cannot be told apart; keep the control",
            "остановите: запланированные пользователи набраны, а варианты не отличить; оставьте контрольный",
        );
    };
    Text::new(
        format!(
            "stop: the planned users are in and no variant won; a lift of up to {} is not ruled out, but to find it takes another plan; keep the control",
            most.en
        ),
        format!(
            "остановите: запланированные пользователи набраны, победителя нет; прирост до {} не исключён, но чтобы его найти, нужен другой план; оставьте контрольный",
            most.ru
        ),
    )
}

fn in_brackets(lift: Option<f64>) -> Text {
    lift.map(change).map_or(Text::same(""), |by| Text::new(format!(" ({})", by.en), format!(" ({})", by.ru)))
}
