//! Personalization: the segments with their sizes, and how to see a template as
//! a user gets it.

use super::super::Scene;
use super::super::callback::{Place, Press};
use super::super::screen::{Screen, page};
use super::{home, share};
use crate::engine::command::{Reply, Request};
use crate::model::{Text, grouped};

/// Segments on a page are lines, not buttons.
pub fn screen(scene: &Scene<'_>, wanted: usize) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Personalization", "Персонализация"));
    let Reply::Segments(all) = scene.ask(Request::Segments { now: None })? else { return Ok(screen) };
    let users = users(scene)?;
    let (shown, turns) = page(&all, wanted, |n| Press::Open(Place::People(n)));
    screen.fact(&scene.word("users", "пользователей"), &grouped(users));
    screen.say(&scene.word("segments:", "сегменты:"));
    for segment in shown {
        screen.fact(&segment.name, &share(segment.count, users));
        if let Some(title) = &segment.title {
            screen.say(&format!("  {}", title.get(scene.lang)));
        }
    }
    screen.gap();
    screen.say(&scene.word(
        "a template as a user gets it: /preview TEMPLATE 42",
        "шаблон, каким его получит пользователь: /preview ШАБЛОН 42",
    ));
    screen.row(turns);
    screen.row([
        (scene.word("🤖 rules and their hits", "🤖 правила и срабатывания"), Press::Open(Place::Automation(0))),
        (scene.word("🔍 Find a user", "🔍 Поиск пользователя"), Press::Open(Place::Search)),
    ]);
    home(scene, &mut screen);
    Ok(screen)
}

/// How many users are known.
pub fn users(scene: &Scene<'_>) -> Result<u64, Text> {
    match scene.ask(Request::Status)? {
        Reply::Status(status) => Ok(status.users),
        _ => Ok(0),
    }
}
