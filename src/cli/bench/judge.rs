//! The verdict of the soak: what the local Bot API has recorded and what the
//! engine's rows say, held against each other. Pure: evidence to sentences.

use crate::model::Text;

/// What the broadcast does with messages that may have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They stay as they are.
    Skip,
    /// They are sent again.
    Resend,
}

/// Whether a recipient can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Yes.
    Reachable,
    /// No: the person has blocked the bot.
    Blocked,
    /// Yes, under another id.
    Moved {
        /// That id.
        to: i64,
    },
}

/// Where the engine's row of a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Sent.
    Sent,
    /// Nobody knows.
    InDoubt,
    /// Failed, because the person has blocked the bot.
    Blocked,
    /// Anything else.
    Other,
}

/// One recipient, as both sides know them.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Whether they can be reached.
    pub fate: Fate,
    /// What the engine says.
    pub standing: Standing,
    /// Messages that the Bot API has accepted for them, where they are now.
    pub received: u32,
    /// Of these: the engine never heard of.
    pub lost: u32,
    /// Whether their profile says that they have blocked the bot.
    pub marked_blocked: bool,
}

/// One death of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Messages accepted until then.
    pub accepted: u64,
    /// Rows that were leased and not settled.
    pub leased: u32,
}

/// Everything that is known.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What the broadcast does with messages that may have arrived.
    pub policy: Policy,
    /// How many people there are.
    pub recipients: u64,
    /// One for each of them.
    pub rows: Vec<Row>,
    /// The deaths.
    pub kills: Vec<Kill>,
    /// Connections that were cut after the work.
    pub cut: u64,
    /// Messages to chats that are nobody's.
    pub elsewhere: u64,
}

/// One sentence of the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// A short name for programs.
    pub name: &'static str,
    /// What should be so.
    pub claim: Text,
    /// What is.
    pub found: Text,
    /// Whether it is as it should be.
    pub holds: bool,
}

/// The most rows that may be under way at a death.
const UNDER_WAY: u32 = 300;

/// Judges every sentence.
pub fn judge(evidence: &Evidence) -> Vec<Sentence> {
    let of_policy = match evidence.policy {
        Policy::Skip => [exactly_once(evidence), once_or_not_at_all(evidence)],
        Policy::Resend => [at_least_once(evidence), again_for_a_doubt(evidence)],
    };
    let [first, second] = of_policy;
    vec![
        everybody_has_a_row(evidence),
        first,
        second,
        few_doubts(evidence),
        blocked_are_marked(evidence),
        moved_are_found(evidence),
        nobody_else(evidence),
    ]
}

fn everybody_has_a_row(evidence: &Evidence) -> Sentence {
    let rows = evidence.rows.len() as u64;
    let n = evidence.recipients;
    Sentence {
        name: "rows",
        claim: Text::new(
            "every recipient has one row, and it is done",
            "у каждого получателя одна строка, и она завершена",
        ),
        found: Text::new(format!("{rows} rows of {n}"), format!("строк {rows} из {n}")),
        holds: rows == n && evidence.rows.iter().all(|row| row.standing != Standing::Other),
    }
}

fn exactly_once(evidence: &Evidence) -> Sentence {
    let certain = || evidence.rows.iter().filter(|row| row.is_deliverable() && row.standing != Standing::InDoubt);
    let (all, once) = (certain().count(), certain().filter(|row| row.received == 1).count());
    Sentence {
        name: "exactly_once",
        claim: Text::new(
            "every deliverable recipient outside in_doubt has exactly one message",
            "у каждого доступного получателя вне in_doubt ровно одно сообщение",
        ),
        found: Text::new(format!("{once} of {all}"), format!("{once} из {all}")),
        holds: once == all && all > 0,
    }
}

fn once_or_not_at_all(evidence: &Evidence) -> Sentence {
    let doubtful = evidence.rows.iter().filter(|row| row.standing == Standing::InDoubt);
    let (mut none, mut one, mut more) = (0, 0, 0);
    for row in doubtful {
        match row.received {
            0 => none += 1,
            1 => one += 1,
            2.. => more += 1,
        }
    }
    Sentence {
        name: "doubt_none_or_one",
        claim: Text::new("one in doubt has none or one", "у того, кто in_doubt, ни одного или одно"),
        found: Text::new(
            format!("none: {none}, one: {one}, more: {more}"),
            format!("ни одного: {none}, одно: {one}, больше: {more}"),
        ),
        holds: more == 0,
    }
}

fn at_least_once(evidence: &Evidence) -> Sentence {
    let certain = || evidence.rows.iter().filter(|row| row.is_deliverable() && row.standing != Standing::InDoubt);
    let (all, reached) = (certain().count(), certain().filter(|row| row.received > 0).count());
    Sentence {
        name: "at_least_once",
        claim: Text::new(
            "every deliverable recipient outside in_doubt has the message",
            "у каждого доступного получателя вне in_doubt есть сообщение",
        ),
        found: Text::new(format!("{reached} of {all}"), format!("{reached} из {all}")),
        holds: reached == all && all > 0,
    }
}

/// A second message stands for an answer that was lost, or for a row that was
/// under way when the engine died; there is no third. Who is in doubt after it
/// was sent again has none only if the engine died twice before writing.
fn again_for_a_doubt(evidence: &Evidence) -> Sentence {
    let under_way = evidence.under_way();
    let (mut two, mut more, mut unexplained) = (0, 0, 0);
    for row in &evidence.rows {
        match row.received {
            0 | 1 => {}
            2 => two += 1,
            3.. => more += 1,
        }
        unexplained += u64::from(row.received.saturating_sub(1).saturating_sub(row.lost));
    }
    let none = evidence.rows.iter().filter(|row| row.standing == Standing::InDoubt && row.received == 0).count() as u64;
    Sentence {
        name: "again_for_a_doubt",
        claim: Text::new(
            "one that was in doubt has one or two; none only where the kills allow it",
            "у того, кто был in_doubt, одно или два; ни одного — только из-за убийств",
        ),
        found: Text::new(
            format!("two: {two}, more: {more}, none: {none}; for the kills {unexplained}, at most {under_way}"),
            format!(
                "два: {two}, больше: {more}, ни одного: {none}; из-за убийств {unexplained}, не больше {under_way}"
            ),
        ),
        holds: more == 0 && unexplained + none <= under_way,
    }
}

fn few_doubts(evidence: &Evidence) -> Sentence {
    let doubtful = evidence.rows.iter().filter(|row| row.standing == Standing::InDoubt).count() as u64;
    let (cut, under_way) = (evidence.cut, evidence.under_way());
    let most = evidence.kills.iter().map(|kill| kill.leased).max().unwrap_or(0);
    Sentence {
        name: "few_doubts",
        claim: Text::new(
            "in_doubt is at most the cut connections and the rows under way at the kills, 300 each",
            "in_doubt не больше, чем оборвано соединений и было в пути при убийствах, каждый раз до 300",
        ),
        found: Text::new(
            format!("{doubtful}, at most {cut} + {under_way}; {most} under way at one kill"),
            format!("{doubtful}, не больше {cut} + {under_way}; в пути при одном убийстве до {most}"),
        ),
        holds: doubtful <= cut + under_way && most <= UNDER_WAY,
    }
}

fn blocked_are_marked(evidence: &Evidence) -> Sentence {
    let blocked = || evidence.rows.iter().filter(|row| row.fate == Fate::Blocked);
    let known = || blocked().filter(|row| row.standing != Standing::InDoubt);
    let (all, certain) = (blocked().count(), known().count());
    let marked = known().filter(|row| row.standing == Standing::Blocked && row.marked_blocked).count();
    let astray = evidence.rows.iter().filter(|row| row.fate != Fate::Blocked && row.marked_blocked).count();
    Sentence {
        name: "blocked_are_marked",
        claim: Text::new(
            "who has blocked the bot is marked so, and nobody else",
            "кто заблокировал бота, тот отмечен, и больше никто",
        ),
        found: Text::new(
            format!("{marked} of {certain}, {} more are in doubt, {astray} others", all - certain),
            format!("{marked} из {certain}, ещё {} in_doubt, других {astray}", all - certain),
        ),
        holds: marked == certain && astray == 0 && blocked().all(|row| row.received == 0),
    }
}

fn moved_are_found(evidence: &Evidence) -> Sentence {
    let moved = || evidence.rows.iter().filter(|row| matches!(row.fate, Fate::Moved { .. }));
    let certain = || moved().filter(|row| row.standing != Standing::InDoubt);
    let fits = |row: &&Row| match evidence.policy {
        Policy::Skip => row.received == 1,
        Policy::Resend => row.received >= 1,
    };
    let (all, known, found) = (moved().count(), certain().count(), certain().filter(fits).count());
    Sentence {
        name: "moved_are_found",
        claim: Text::new(
            "a chat that has another id got the message there",
            "чат, у которого теперь другой id, получил сообщение там",
        ),
        found: Text::new(
            format!("{found} of {known}, {} more are in doubt", all - known),
            format!("{found} из {known}, ещё {} in_doubt", all - known),
        ),
        holds: found == known,
    }
}

fn nobody_else(evidence: &Evidence) -> Sentence {
    let n = evidence.elsewhere;
    Sentence {
        name: "nobody_else",
        claim: Text::new("nobody else got anything", "больше никто ничего не получил"),
        found: Text::new(format!("{n} messages"), format!("сообщений: {n}")),
        holds: n == 0,
    }
}

impl Row {
    fn is_deliverable(&self) -> bool {
        self.fate != Fate::Blocked
    }
}

impl Evidence {
    /// Rows under way at all deaths together.
    fn under_way(&self) -> u64 {
        self.kills.iter().map(|kill| u64::from(kill.leased)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fate: Fate, standing: Standing, received: u32, lost: u32) -> Row {
        Row { fate, standing, received, lost, marked_blocked: standing == Standing::Blocked }
    }

    /// The names of sentences that do not hold.
    fn wrong(policy: Policy, rows: &[Row], elsewhere: u64) -> Vec<&'static str> {
        let kills = vec![Kill { accepted: 1, leased: 1 }];
        let recipients = rows.len() as u64;
        let evidence = Evidence { policy, recipients, rows: rows.to_vec(), kills, cut: 1, elsewhere };
        judge(&evidence).into_iter().filter(|sentence| !sentence.holds).map(|sentence| sentence.name).collect()
    }

    #[test]
    fn a_sentence_holds_or_does_not() {
        use Fate::{Blocked, Moved, Reachable};
        use Standing::{InDoubt, Other, Sent};
        let good = row(Reachable, Sent, 1, 0);
        let moved = Moved { to: -1 };
        let rows: [(Policy, &[Row], u64, &[&str]); 14] = [
            (Policy::Skip, &[good, row(Reachable, InDoubt, 1, 1), row(Reachable, InDoubt, 0, 0)], 0, &[]),
            (Policy::Skip, &[good, row(Blocked, Standing::Blocked, 0, 0), row(moved, Sent, 1, 0)], 0, &[]),
            (Policy::Skip, &[good], 1, &["nobody_else"]),
            (Policy::Skip, &[good, row(Reachable, Sent, 0, 0)], 0, &["exactly_once"]),
            (Policy::Skip, &[good, row(Reachable, Sent, 2, 1)], 0, &["exactly_once"]),
            (Policy::Skip, &[good, row(Reachable, Other, 0, 0)], 0, &["rows", "exactly_once"]),
            (Policy::Skip, &[good, row(Reachable, InDoubt, 2, 1)], 0, &["doubt_none_or_one"]),
            (
                Policy::Skip,
                &[good, row(Reachable, InDoubt, 0, 0), row(Reachable, InDoubt, 0, 0), row(Reachable, InDoubt, 0, 0)],
                0,
                &["few_doubts"],
            ),
            (Policy::Skip, &[good, row(Blocked, Sent, 0, 0)], 0, &["blocked_are_marked"]),
            (Policy::Skip, &[good, row(Reachable, Standing::Blocked, 1, 0)], 0, &["blocked_are_marked"]),
            (Policy::Skip, &[good, row(moved, Sent, 0, 0)], 0, &["exactly_once", "moved_are_found"]),
            (Policy::Resend, &[good, row(Reachable, Sent, 2, 1), row(Reachable, Sent, 2, 0)], 0, &[]),
            (Policy::Resend, &[good, row(Reachable, Sent, 3, 0)], 0, &["again_for_a_doubt"]),
            (Policy::Resend, &[good, row(Reachable, Sent, 0, 0)], 0, &["at_least_once"]),
        ];
        for (policy, rows, elsewhere, expected) in rows {
            assert_eq!(wrong(policy, rows, elsewhere), expected, "{policy:?} {rows:?}");
        }
    }
}
