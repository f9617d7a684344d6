//! The current rulebook of a running engine, and how it is replaced.
//!
//! A reload is all or nothing: the new rulebook takes effect only if every file
//! checks; otherwise the last good one stays and the report says why. Readers
//! take a snapshot and keep it for as long as one piece of work lasts.

use super::Rulebook;
use super::load::load_again;
use super::project::{Files, ProjectError};
use super::reuse::Parsed;
use super::watch::{self, WatchGuard};
use super::whereabouts::Whereabouts;
use crate::diagnostic::{Diagnostics, Sources};
use crate::model::{Clock, Time};
use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The current rulebook and the last report.
pub struct Live {
    project: PathBuf,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Rulebook>,
    last: ArcSwap<ReloadReport>,
    seen: Mutex<Seen>,
    /// What the bot is called, once Telegram has told.
    bot: OnceLock<String>,
}

/// What a look at the project's files came to.
#[derive(Clone, Debug)]
pub struct ReloadReport {
    /// What happened.
    pub outcome: Outcome,
    /// What was found in the files, warnings included.
    pub diagnostics: Diagnostics,
    /// The texts that the findings point into.
    pub sources: Sources,
    /// When.
    pub at: Time,
}

/// What a reload came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The files are those of the current rulebook.
    Unchanged,
    /// A new rulebook has taken effect.
    Accepted {
        /// Its version.
        version: String,
        /// The files that differ from those of the one before.
        changed: Vec<String>,
        /// Changed settings that take effect only after a restart.
        restart_needed: Vec<&'static str>,
    },
    /// There are errors; the last good rulebook stays.
    Refused,
    /// The files could not be read; the last good rulebook stays.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// Why an engine cannot start on a project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The files cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There are errors in them.
    #[error("the rulebook has {} errors", .0.diagnostics.count(crate::diagnostic::Severity::Error))]
    Refused(Box<ReloadReport>),
}

/// What was read last.
struct Seen {
    /// The files of the current rulebook.
    accepted: Files,
    /// The version that was looked at last, good or bad; or why it could not be.
    last: Result<String, String>,
    /// What the next look need not parse again.
    parsed: Parsed,
}

impl Live {
    /// Loads the project in `folder`, which must be without errors.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let files = Files::read(folder)?;
        let mut parsed = Parsed::default();
        let loaded = load_again(&files, &mut parsed);
        let at = clock.now();
        let (diagnostics, sources) = (loaded.diagnostics, loaded.sources);
        let Some(rulebook) = loaded.rulebook else {
            let report = ReloadReport { outcome: Outcome::Refused, diagnostics, sources, at };
            return Err(OpenError::Refused(Box::new(report)));
        };
        let outcome = Outcome::Accepted {
            version: rulebook.version.clone(),
            changed: files.by_path.keys().cloned().collect(),
            restart_needed: Vec::new(),
        };
        Ok(Self {
            project: folder.to_owned(),
            clock,
            seen: Mutex::new(Seen { accepted: files, last: Ok(rulebook.version.clone()), parsed }),
            current: ArcSwap::new(rulebook),
            last: ArcSwap::from_pointee(ReloadReport { outcome, diagnostics, sources, at }),
            bot: OnceLock::new(),
        })
    }

    /// A rulebook that stays as it is, whatever becomes of the files in `folder`
    /// until somebody asks for a reload.
    pub fn fixed(folder: &Path, rulebook: Arc<Rulebook>, clock: Arc<dyn Clock>) -> Self {
        let version = rulebook.version.clone();
        let report = ReloadReport {
            outcome: Outcome::Unchanged,
            diagnostics: Diagnostics::default(),
            sources: Sources::default(),
            at: clock.now(),
        };
        let seen = Seen { accepted: Files::default(), last: Ok(version), parsed: Parsed::default() };
        Self {
            project: folder.to_owned(),
            clock,
            seen: Mutex::new(seen),
            current: ArcSwap::new(rulebook),
            last: ArcSwap::from_pointee(report),
            bot: OnceLock::new(),
        }
    }

    /// The project folder.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// The rulebook in effect.
    pub fn current(&self) -> Arc<Rulebook> {
        self.current.load_full()
    }

    /// Says what the bot is called, for this rulebook and those that follow.
    pub fn name_bot(&self, username: &str) {
        let _ = self.bot.set(username.to_owned());
        self.current().templates.name_bot(username);
    }

    /// Where things stand in the files of the rulebook in effect.
    pub fn whereabouts(&self) -> Whereabouts {
        Whereabouts::of(&self.seen().accepted)
    }

    /// The files of the rulebook in effect.
    pub fn accepted(&self) -> Files {
        self.seen().accepted.clone()
    }

    /// What the last look at the files came to: an error stays readable here
    /// until it is mended.
    pub fn last_report(&self) -> Arc<ReloadReport> {
        self.last.load_full()
    }

    /// Looks at the files now.
    pub fn reload(&self) -> ReloadReport {
        let mut seen = self.seen();
        let files = Files::read(&self.project).map_err(|error| error.to_string());
        self.take(files, &mut seen)
    }

    /// Looks at the files, those that messages carry among them; answers only
    /// if they are not those seen last.
    pub(super) fn look(&self) -> Option<ReloadReport> {
        let mut seen = self.seen();
        let files = Files::read(&self.project).map_err(|error| error.to_string());
        let same_assets = |files: &Files| seen.parsed.assets.iter().all(|(path, asset)| files.asset(path) == *asset);
        if files.as_ref().map(Files::version).map_err(Clone::clone) == seen.last
            && files.as_ref().ok().is_none_or(same_assets)
        {
            return None;
        }
        Some(self.take(files, &mut seen))
    }

    /// Watches the project's files until the guard is dropped; `on_change` is
    /// called, on a thread of its own, after every reload that a change brought.
    pub fn watch(
        self: &Arc<Self>,
        on_change: impl Fn(&ReloadReport) + Send + 'static,
    ) -> Result<WatchGuard, std::io::Error> {
        let mode = self.current().settings.watch;
        let live = Arc::clone(self);
        watch::start(&self.project, mode, move || {
            if let Some(report) = live.look() {
                on_change(&report);
            }
        })
    }

    fn take(&self, files: Result<Files, String>, seen: &mut Seen) -> ReloadReport {
        let at = self.clock.now();
        let report = match files {
            Err(reason) => {
                seen.last = Err(reason.clone());
                let outcome = Outcome::Unreadable { reason };
                ReloadReport { outcome, diagnostics: Diagnostics::new(), sources: Sources::default(), at }
            }
            Ok(files) => {
                let loaded = load_again(&files, &mut seen.parsed);
                seen.last = Ok(files.version());
                let outcome = match loaded.rulebook {
                    None => Outcome::Refused,
                    Some(rulebook) => self.accept(rulebook, files, seen),
                };
                ReloadReport { outcome, diagnostics: loaded.diagnostics, sources: loaded.sources, at }
            }
        };
        self.last.store(Arc::new(report.clone()));
        report
    }

    fn accept(&self, rulebook: Arc<Rulebook>, files: Files, seen: &mut Seen) -> Outcome {
        let before = self.current();
        if before.version == rulebook.version {
            return Outcome::Unchanged;
        }
        let changed = differing(&seen.accepted, &files);
        seen.accepted = files;
        let version = rulebook.version.clone();
        let restart_needed = before.settings.restart_needed(&rulebook.settings);
        self.current.store(rulebook.clone());
        // in this order, or a name that comes in between is missed
        if let Some(username) = self.bot.get() {
            rulebook.templates.name_bot(username);
        }
        Outcome::Accepted { version, changed, restart_needed }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Paths that stand in one only, or have another content.
fn differing(before: &Files, after: &Files) -> Vec<String> {
    let mut paths: Vec<&String> = before.by_path.keys().chain(after.by_path.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter(|path| before.by_path.get(*path) != after.by_path.get(*path)).cloned().collect()
}
