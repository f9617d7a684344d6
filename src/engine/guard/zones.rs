//! Time zones by their names, each read once: a million users are judged, and
//! they live in a few dozen zones.

use jiff::tz::TimeZone;
use std::collections::HashMap;

/// The zones met so far. What names no zone is remembered as well.
#[derive(Debug, Default)]
pub struct Zones {
    known: HashMap<Box<str>, Option<TimeZone>>,
}

/// More names than this are not remembered: there are some 600 zones, the rest
/// is whatever users and imports wrote.
const REMEMBERED: usize = 4_096;

impl Zones {
    /// The zone that a user's field `timezone` names; the project's if it is
    /// empty or names none.
    pub fn of(&mut self, name: Option<&str>, project: &TimeZone) -> TimeZone {
        name.and_then(|name| self.find(name)).unwrap_or_else(|| project.clone())
    }

    fn find(&mut self, name: &str) -> Option<TimeZone> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let found = TimeZone::get(name).ok();
        if self.known.len() < REMEMBERED {
            self.known.insert(name.into(), found.clone());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_zone_is_the_projects() {
        let project = TimeZone::get("Europe/Moscow").unwrap();
        let mut zones = Zones::default();
        for (name, expected) in [
            (Some("Pacific/Apia"), "Pacific/Apia"),
            (Some("europe/berlin"), "Europe/Berlin"),
            (Some("UTC"), "UTC"),
            (Some("Mars/Olympus"), "Europe/Moscow"),
            (Some("+03:00"), "Europe/Moscow"),
            (Some(""), "Europe/Moscow"),
            (Some("../../etc/passwd"), "Europe/Moscow"),
            (None, "Europe/Moscow"),
        ] {
            for turn in ["first", "again"] {
                assert_eq!(zones.of(name, &project).iana_name(), Some(expected), "{name:?} {turn}");
            }
        }
    }

    #[test]
    fn endless_names_are_not_all_remembered() {
        let mut zones = Zones::default();
        for n in 0..2 * REMEMBERED {
            zones.of(Some(&format!("Nowhere/{n}")), &TimeZone::UTC);
        }
        assert_eq!(zones.known.len(), REMEMBERED);
        assert_eq!(zones.of(Some("Asia/Tokyo"), &TimeZone::UTC).iana_name(), Some("Asia/Tokyo"));
    }
}
