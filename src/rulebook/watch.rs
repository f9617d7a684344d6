//! Noticing that files have changed.
//!
//! Events of the system only mean "look again"; what has changed is found by
//! reading. The project folder itself and the folders of rules and templates
//! are watched, never single files (editors replace them) and never the data
//! folder. The watches are renewed at each look, so that folders may be moved
//! away and back; and a look is due now and then without any event.

use super::project::{RULES, TEMPLATES};
use super::settings::Watch;
use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, NoCache, new_debouncer_opt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Events that follow one another closer than this are one.
const QUIET: Duration = Duration::from_millis(150);
/// A look is due after this long even without events.
const RELIST: Duration = Duration::from_secs(60);
/// The same where events cannot be had.
const POLL: Duration = Duration::from_secs(2);

/// Watching goes on until this is dropped.
#[derive(Debug)]
pub struct WatchGuard {
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
enum Signal {
    Look,
    Stop,
}

type Events = Debouncer<RecommendedWatcher, NoCache>;

/// Starts watching a project folder; `look` is called on a thread of its own.
pub(super) fn start(
    project: &Path,
    mode: Watch,
    look: impl Fn() + Send + 'static,
) -> Result<WatchGuard, std::io::Error> {
    let (signals, inbox) = channel();
    let events = match mode {
        Watch::Poll => None,
        Watch::Notify => events(signals.clone()),
    };
    let watcher = Watcher { project: project.to_owned(), events };
    let thread = thread::Builder::new().name("watch-rules".to_owned()).spawn(move || watcher.run(&inbox, look))?;
    Ok(WatchGuard { signals, thread: Some(thread) })
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        // The thread is gone only if it panicked; then there is nothing to stop.
        let _ = self.signals.send(Signal::Stop);
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

struct Watcher {
    project: PathBuf,
    events: Option<Events>,
}

impl Watcher {
    fn run(mut self, inbox: &Receiver<Signal>, look: impl Fn()) {
        loop {
            // Watches first: what changes after this line makes an event.
            let wait = if self.renew() { RELIST } else { POLL };
            look();
            match inbox.recv_timeout(wait) {
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Signal::Look) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Sets all watches anew; whether events can be relied on.
    fn renew(&mut self) -> bool {
        let Some(events) = &mut self.events else { return false };
        let folders = [
            (self.project.clone(), RecursiveMode::NonRecursive),
            (self.project.join(RULES), RecursiveMode::Recursive),
            (self.project.join(TEMPLATES), RecursiveMode::Recursive),
        ];
        let mut reliable = true;
        for (folder, mode) in folders {
            // Not watched yet, or gone: either way it is set anew below.
            let _ = events.unwatch(&folder);
            if let Err(error) = events.watch(&folder, mode) {
                let inner = folder.exists();
                if inner || folder == self.project {
                    tracing::debug!(%error, folder = %folder.display(), "no events from this folder, looking every two seconds");
                    reliable = false;
                }
            }
        }
        reliable
    }
}

fn events(signals: Sender<Signal>) -> Option<Events> {
    let handler = move |_: DebounceEventResult| {
        // The receiver is gone only when watching has ended.
        let _ = signals.send(Signal::Look);
    };
    match new_debouncer_opt(QUIET, None, handler, NoCache, notify::Config::default()) {
        Ok(events) => Some(events),
        Err(error) => {
            tracing::warn!(%error, "file events are not available, looking every two seconds");
            None
        }
    }
}
