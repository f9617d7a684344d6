//! System: a backup, sending on and off, and what admins did.

use super::super::Scene;
use super::super::callback::{Deed, Place, Press};
use super::super::screen::Screen;
use super::{back, home};
use crate::engine::arming::Arming;
use crate::engine::command::{Reply, Request};
use crate::interface::words;
use crate::model::Text;

/// So much of the log is shown.
const SHOWN: usize = 15;

/// The screen.
pub fn screen(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("System", "Системные операции"));
    let Reply::Status(status) = scene.ask(Request::Status)? else { return Ok(screen) };
    match words::disarmed(&status.arming) {
        Some(text) => screen.say(text.get(scene.lang)),
        None => screen.say(&scene.word("sending is on", "отправка включена")),
    }
    let disk = words::size(status.disk);
    screen.fact(&scene.word("store on disk", "хранилище на диске"), disk.get(scene.lang));
    screen.fact(&scene.word("users", "пользователей"), &words::grouped(status.users));
    screen.row([(scene.word("💾 backup", "💾 резервная копия"), Press::Ask(Deed::Backup))]);
    screen.row([match status.arming {
        Arming::Armed => (scene.word("🛑 stop sending", "🛑 остановить отправку"), Press::Ask(Deed::Disarm)),
        Arming::Disarmed { .. } => {
            (scene.word("▶️ let messages go out", "▶️ включить отправку"), Press::Ask(Deed::Arm))
        }
    }]);
    screen.row([(scene.word("📜 what admins did", "📜 журнал действий"), Press::Open(Place::Journal))]);
    home(scene, &mut screen);
    Ok(screen)
}

/// What admins did.
pub fn journal(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("What admins did", "Журнал действий"));
    let entries = scene.engine.audit(SHOWN).map_err(|error| error.text())?;
    if entries.is_empty() {
        screen.say(&scene.word("nothing yet", "пока ничего"));
    }
    for entry in entries {
        let mark = if entry.refused.is_some() { "⚠️" } else { "✅" };
        screen.say(&format!("{mark} {} · {} · {} · {}", entry.at.rfc3339(), entry.by, entry.what, entry.rulebook));
    }
    back(scene, &mut screen, Place::System);
    Ok(screen)
}
