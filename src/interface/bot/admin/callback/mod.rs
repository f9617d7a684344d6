//! What a button of the panel says: a value, and its short text in the button's
//! data, which Telegram limits to 64 bytes.
//!
//! The text is `vestnik:a:` and words parted by `:`; a name comes last, so it may
//! hold any character. A name that does not fit is replaced by `#` and a hash,
//! which the screens resolve against what there is. What cannot be read is of
//! another version.

#[cfg(test)]
mod tests;

use crate::engine::automation::{Unit, Way};
use crate::engine::broadcast::Steer;
use crate::engine::calendar::{Answer, RESERVED};
use sha2::{Digest, Sha256};

/// Telegram's limit of a button's data, in bytes.
const LONGEST: usize = 64;
/// Hexadecimal digits of a hash.
const DIGITS: usize = 16;

/// What a button asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Show a screen.
    Open(Place),
    /// Ask whether something is to be done.
    Ask(Deed),
    /// Do it.
    Do(Deed),
}

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The thirteen entries.
    Main,
    /// Broadcasts, from a page of the list.
    Campaigns(usize),
    /// One broadcast.
    Campaign(String),
    /// How the engine is.
    Monitoring,
    /// Experiments.
    Tests(usize),
    /// One experiment.
    Test(String),
    /// Rules, drips and tasks.
    Automation(usize),
    /// One of them.
    Part(Unit, String),
    /// What had no end.
    Loops,
    /// Segments and their sizes, and how often rules acted.
    People(usize),
    /// Messages of so many days.
    Statistics(u32),
    /// The same by cause, template or day.
    Details(Cut, u32),
    /// Money.
    Revenue,
    /// How to find a user.
    Search,
    /// One user.
    User(i64),
    /// The rulebook.
    Config,
    /// What is wrong with the files.
    Findings,
    /// Earlier rulebooks.
    Editions,
    /// One of them.
    Edition(String),
    /// Backup, sending on and off.
    System,
    /// What admins did.
    Journal,
    /// Notices before and after a date of a subscription.
    Notices(usize),
}

/// By what numbers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The cause of a message.
    Cause,
    /// Its template.
    Template,
    /// The day.
    Day,
}

/// Something that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Take the rule files over.
    Reload,
    /// Put an earlier rulebook back.
    RollBack(String),
    /// Switch a rule, drip or task.
    Switch(Way, Unit, String),
    /// Decide again what had no end.
    Replay,
    /// Deal variants again.
    TestStart(String),
    /// Have nobody take part any more.
    TestStop(String),
    /// Give everybody the variant at this place in the list.
    Ship(usize, String),
    /// Start a broadcast, after so many runs of it.
    Start(u32, String),
    /// Pause, resume or cancel one.
    Steer(Steer, String),
    /// Approve or refuse one.
    Answer(Answer, String),
    /// Let messages go out.
    Arm,
    /// Let none go out but answers.
    Disarm,
    /// Write everything to a file.
    Backup,
}

/// Whether a button is the panel's.
pub fn is_ours(data: &str) -> bool {
    rest(data).is_some()
}

/// The button's data.
pub fn encode(press: &Press) -> String {
    let (kind, words, name) = match press {
        Press::Open(place) => {
            let (words, name) = place_words(place);
            ("o", words, name)
        }
        Press::Ask(deed) => {
            let (words, name) = deed_words(deed);
            ("q", words, name)
        }
        Press::Do(deed) => {
            let (words, name) = deed_words(deed);
            ("d", words, name)
        }
    };
    let mut data = format!("{RESERVED}a:{kind}:{words}");
    if let Some(name) = name {
        data.push(':');
        let fits = data.len() + name.len() <= LONGEST && !name.starts_with('#');
        data.push_str(&if fits { name.to_owned() } else { hash(name) });
    }
    data
}

/// What a button asks for; nothing if it is of another version.
pub fn decode(data: &str) -> Option<Press> {
    let (kind, rest) = rest(data).filter(|_| data.len() <= LONGEST)?.split_once(':')?;
    match kind {
        "o" => place(rest).map(Press::Open),
        "q" => deed(rest).map(Press::Ask),
        "d" => deed(rest).map(Press::Do),
        _ => None,
    }
}

/// The one of `names` that a button means: a name stands for itself, a hash for
/// the name that has it.
pub fn resolve<'a>(said: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_hash = said.starts_with('#');
    names.into_iter().find(|name| if is_hash { hash(name) == said } else { *name == said })
}

fn hash(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("#{}", &hex[..DIGITS])
}

fn rest(data: &str) -> Option<&str> {
    data.strip_prefix(RESERVED)?.strip_prefix("a:")
}

fn place_words(place: &Place) -> (String, Option<&str>) {
    let plain = |word: &str| (word.to_owned(), None);
    let page = |word: &str, page: usize| (format!("{word}:{page}"), None);
    match place {
        Place::Main => plain("main"),
        Place::Campaigns(n) => page("camps", *n),
        Place::Campaign(name) => ("camp".into(), Some(name)),
        Place::Monitoring => plain("mon"),
        Place::Tests(n) => page("tests", *n),
        Place::Test(name) => ("test".into(), Some(name)),
        Place::Automation(n) => page("auto", *n),
        Place::Part(unit, name) => (format!("part:{}", unit.as_str()), Some(name)),
        Place::Loops => plain("loops"),
        Place::People(n) => page("people", *n),
        Place::Statistics(days) => (format!("stat:{days}"), None),
        Place::Details(cut, days) => (format!("cut:{}:{days}", cut.as_str()), None),
        Place::Revenue => plain("money"),
        Place::Search => plain("search"),
        Place::User(id) => (format!("user:{id}"), None),
        Place::Config => plain("conf"),
        Place::Findings => plain("wrong"),
        Place::Editions => plain("eds"),
        Place::Edition(version) => ("ed".into(), Some(version)),
        Place::System => plain("sys"),
        Place::Journal => plain("log"),
        Place::Notices(n) => page("notes", *n),
    }
}

fn place(text: &str) -> Option<Place> {
    let (word, rest) = text.split_once(':').unwrap_or((text, ""));
    let name = || Some(rest.to_owned()).filter(|name| !name.is_empty());
    let page = || rest.parse::<usize>().ok().filter(|page| *page < 10_000);
    let days = |text: &str| text.parse::<u32>().ok().filter(|days| (1..=90).contains(days));
    match word {
        "camps" => page().map(Place::Campaigns),
        "camp" => name().map(Place::Campaign),
        "tests" => page().map(Place::Tests),
        "test" => name().map(Place::Test),
        "auto" => page().map(Place::Automation),
        "part" => {
            let (unit, name) = rest.split_once(':')?;
            Some(Place::Part(unit_of(unit)?, name.to_owned()))
        }
        "people" => page().map(Place::People),
        "stat" => days(rest).map(Place::Statistics),
        "cut" => {
            let (cut, number) = rest.split_once(':')?;
            Some(Place::Details(Cut::ALL.into_iter().find(|one| one.as_str() == cut)?, days(number)?))
        }
        "user" => rest.parse().ok().map(Place::User),
        "ed" => name().map(Place::Edition),
        "notes" => page().map(Place::Notices),
        _ if !rest.is_empty() => None,
        "main" => Some(Place::Main),
        "mon" => Some(Place::Monitoring),
        "loops" => Some(Place::Loops),
        "money" => Some(Place::Revenue),
        "search" => Some(Place::Search),
        "conf" => Some(Place::Config),
        "wrong" => Some(Place::Findings),
        "eds" => Some(Place::Editions),
        "sys" => Some(Place::System),
        "log" => Some(Place::Journal),
        _ => None,
    }
}

fn deed_words(deed: &Deed) -> (String, Option<&str>) {
    let plain = |word: &str| (word.to_owned(), None);
    match deed {
        Deed::Reload => plain("reload"),
        Deed::RollBack(version) => ("back".into(), Some(version)),
        Deed::Switch(Way::On, unit, name) => (format!("on:{}", unit.as_str()), Some(name)),
        Deed::Switch(Way::Off, unit, name) => (format!("off:{}", unit.as_str()), Some(name)),
        Deed::Replay => plain("replay"),
        Deed::TestStart(name) => ("tstart".into(), Some(name)),
        Deed::TestStop(name) => ("tstop".into(), Some(name)),
        Deed::Ship(place, name) => (format!("ship:{place}"), Some(name)),
        Deed::Start(after, name) => (format!("start:{after}"), Some(name)),
        Deed::Steer(Steer::Pause, name) => ("pause".into(), Some(name)),
        Deed::Steer(Steer::Resume, name) => ("resume".into(), Some(name)),
        Deed::Steer(Steer::Cancel, name) => ("cancel".into(), Some(name)),
        Deed::Answer(Answer::Approve, name) => ("yes".into(), Some(name)),
        Deed::Answer(Answer::Refuse, name) => ("no".into(), Some(name)),
        Deed::Arm => plain("arm"),
        Deed::Disarm => plain("disarm"),
        Deed::Backup => plain("backup"),
    }
}

fn deed(text: &str) -> Option<Deed> {
    let (word, rest) = text.split_once(':').unwrap_or((text, ""));
    let name = || Some(rest.to_owned()).filter(|name| !name.is_empty());
    let two = || rest.split_once(':').filter(|(_, name)| !name.is_empty());
    match word {
        "back" => name().map(Deed::RollBack),
        "on" => two().and_then(|(unit, name)| Some(Deed::Switch(Way::On, unit_of(unit)?, name.into()))),
        "off" => two().and_then(|(unit, name)| Some(Deed::Switch(Way::Off, unit_of(unit)?, name.into()))),
        "tstart" => name().map(Deed::TestStart),
        "tstop" => name().map(Deed::TestStop),
        "ship" => two().and_then(|(place, name)| Some(Deed::Ship(place.parse().ok()?, name.into()))),
        "start" => two().and_then(|(after, name)| Some(Deed::Start(after.parse().ok()?, name.into()))),
        "pause" => name().map(|name| Deed::Steer(Steer::Pause, name)),
        "resume" => name().map(|name| Deed::Steer(Steer::Resume, name)),
        "cancel" => name().map(|name| Deed::Steer(Steer::Cancel, name)),
        "yes" => name().map(|name| Deed::Answer(Answer::Approve, name)),
        "no" => name().map(|name| Deed::Answer(Answer::Refuse, name)),
        _ if !rest.is_empty() => None,
        "reload" => Some(Deed::Reload),
        "replay" => Some(Deed::Replay),
        "arm" => Some(Deed::Arm),
        "disarm" => Some(Deed::Disarm),
        "backup" => Some(Deed::Backup),
        _ => None,
    }
}

fn unit_of(word: &str) -> Option<Unit> {
    Unit::ALL.into_iter().find(|unit| unit.as_str() == word)
}

impl Cut {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Cause, Self::Template, Self::Day];

    fn as_str(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Template => "tpl",
            Self::Day => "day",
        }
    }
}
