//! What an import would set off that counts as happening now: it is done over a
//! copy of the store, and what rules make of it is counted.

use crate::engine::command::{CommandError, Reply, Request};
use crate::engine::rehearsal::Rehearsal;
use crate::engine::witness::Seen;
use crate::import::{ImportOptions, Progress};
use crate::model::Time;
use crate::rulebook::Rulebook;
use crate::store::Store;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What would follow at once. What drips and delayed messages bring later is
/// not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Consequences {
    /// Users or events that would be stored.
    pub stored: u64,
    /// How often each rule would act.
    pub rules: BTreeMap<String, u64>,
    /// How many people would enter each drip.
    pub drips: BTreeMap<String, u64>,
    /// Messages that would go out, by template.
    pub messages: BTreeMap<String, u64>,
    /// To how many people.
    pub people: u64,
    /// Messages that gates would stop, by reason.
    pub stopped: BTreeMap<String, u64>,
}

/// Does the import over `store`, which is a copy and is changed. Rejected rows
/// go where `options` says.
pub fn rehearse_import(
    folder: &Path,
    rulebook: &Arc<Rulebook>,
    store: Arc<dyn Store>,
    options: &ImportOptions,
    now: Time,
    progress: &mut dyn FnMut(Progress),
) -> Result<Consequences, CommandError> {
    let mut rehearsal = Rehearsal::new(folder, rulebook, store, now, None)?;
    // what was waiting is no matter of the import
    rehearsal.settle()?;
    let witness = rehearsal.brief_witness();
    let reply = rehearsal.engine.execute(Request::Import(Box::new(options.clone())), progress)?;
    let mut found = Consequences::default();
    if let Reply::Imported(report) = &reply {
        found.stored = report.stored;
    }
    if let Reply::EventsImported(report) = &reply {
        found.stored = report.stored;
    }
    let moment = rehearsal.settle()?;
    for seen in witness.take() {
        match seen {
            Seen::Fired(at) => count(&mut found.rules, rulebook.rules.get(at).map(|rule| rule.name.as_str())),
            Seen::Entered(at) => count(&mut found.drips, rulebook.drips.get(at).map(|drip| drip.name.as_str())),
            Seen::Unmet(..)
            | Seen::UsedUp(_)
            | Seen::Barred(_)
            | Seen::Shut(_)
            | Seen::Left(..)
            | Seen::Errand(_)
            | Seen::Step(..)
            | Seen::Way(..)
            | Seen::Trouble { .. }
            | Seen::Cascade { .. } => {}
        }
    }
    let sent = || moment.sent.iter().filter(|sent| sent.part == 0 && sent.template.is_some());
    sent().for_each(|sent| count(&mut found.messages, sent.template.as_deref()));
    found.people = sent().map(|sent| sent.user).collect::<BTreeSet<_>>().len() as u64;
    moment.unsent.iter().for_each(|unsent| count(&mut found.stopped, Some(unsent.reason.as_str())));
    Ok(found)
}

fn count(of: &mut BTreeMap<String, u64>, name: Option<&str>) {
    if let Some(name) = name {
        *of.entry(name.to_owned()).or_default() += 1;
    }
}
