//! The panel's commands, for those who prefer typing.

use super::callback::{Deed, Place, Press};
use super::screen::Screen;
use super::screens::{self, users};
use super::{Scene, deeds, role};
use crate::engine::automation::{Unit, Way};
use crate::engine::broadcast::Steer;
use crate::engine::command::{Reply, Request};
use crate::engine::inbox::Handled;
use crate::model::Text;
use teloxide::utils::command::BotCommands;

/// What an admin may write.
#[derive(BotCommands, Clone, Debug, PartialEq, Eq)]
#[command(rename_rule = "lowercase")]
pub enum Command {
    Start(String),
    Help(String),
    Admin(String),
    Status(String),
    Reload(String),
    Why(String),
    Find(String),
    Preview(String),
    Pause(String),
    Resume(String),
}

/// The command that a text is, if it is one for this bot.
pub fn parse(text: &str, username: &str) -> Option<Command> {
    Command::parse(text, username).ok()
}

/// Does what a command says.
pub fn answer(scene: &Scene<'_>, command: Command, handled: &mut Handled) -> Screen {
    match command {
        Command::Start(_) | Command::Help(_) => help(scene),
        Command::Admin(_) => scene.screen(&Place::Main),
        Command::Status(_) => scene.screen(&Place::Monitoring),
        Command::Reload(_) => act(scene, &Deed::Reload, handled),
        Command::Why(rest) => users::why(scene, &rest).unwrap_or_else(|why| failed(scene, &why)),
        Command::Find(rest) => users::find(scene, &rest).unwrap_or_else(|why| failed(scene, &why)),
        Command::Preview(rest) => users::preview(scene, &rest, handled).unwrap_or_else(|why| failed(scene, &why)),
        Command::Pause(name) => halt(scene, name.trim(), Way::Off, handled),
        Command::Resume(name) => halt(scene, name.trim(), Way::On, handled),
    }
}

/// Pauses or resumes a broadcast, or switches a rule, drip or task, whichever
/// has the name.
fn halt(scene: &Scene<'_>, name: &str, way: Way, handled: &mut Handled) -> Screen {
    if name.is_empty() {
        return failed(scene, &usage("/pause NAME", "/pause ИМЯ"));
    }
    let broadcasts = match scene.ask(Request::Broadcasts { name: None }) {
        Ok(Reply::Broadcasts(all)) => all,
        Ok(_) => Vec::new(),
        Err(why) => return failed(scene, &why),
    };
    let deed = if broadcasts.iter().any(|one| one.name == name) {
        let steer = match way {
            Way::Off => Steer::Pause,
            Way::On => Steer::Resume,
        };
        Deed::Steer(steer, name.to_owned())
    } else {
        Deed::Switch(way, unit_of(scene, name), name.to_owned())
    };
    act(scene, &deed, handled)
}

/// What has this name; a rule if nothing does, for the answer that says so.
fn unit_of(scene: &Scene<'_>, name: &str) -> Unit {
    match scene.ask(Request::Rules) {
        Ok(Reply::Rules(all)) => all.into_iter().find(|one| one.name == name).map_or(Unit::Rule, |one| one.kind),
        _ => Unit::Rule,
    }
}

fn act(scene: &Scene<'_>, deed: &Deed, handled: &mut Handled) -> Screen {
    let press = Press::Do(deed.clone());
    if !scene.may(&press) {
        return failed(scene, &role::refusal(role::needed(&press)));
    }
    let (done, screen) = deeds::done(scene, deed);
    handled.audit.push(scene.entry(deeds::words(scene, deed), &done));
    screen
}

/// How a command is written.
pub fn usage(en: &str, ru: &str) -> Text {
    Text::new(format!("write it as {en}"), format!("напишите так: {ru}"))
}

fn failed(scene: &Scene<'_>, why: &Text) -> Screen {
    let mut screen = Screen::default();
    screen.say(why.get(scene.lang));
    screens::home(scene, &mut screen);
    screen
}

fn help(scene: &Scene<'_>) -> Screen {
    let mut screen = Screen::new(&scene.word("Commands", "Команды"));
    screen.say(&scene.word(
        "/admin — the panel\n\
         /status — how the engine is\n\
         /reload — take over the rule files\n\
         /find 42 or /find @name — a user\n\
         /why 42 NAME — why a segment, rule, drip or broadcast is for a user or not\n\
         /preview TEMPLATE 42 — a template as a user gets it\n\
         /pause NAME, /resume NAME — a broadcast, rule, drip or task",
        "/admin — панель\n\
         /status — как дела у движка\n\
         /reload — применить файлы правил\n\
         /find 42 или /find @имя — пользователь\n\
         /why 42 ИМЯ — почему сегмент, правило, цепочка или рассылка для него или нет\n\
         /preview ШАБЛОН 42 — шаблон, каким его получит пользователь\n\
         /pause ИМЯ, /resume ИМЯ — рассылка, правило, цепочка или задача",
    ));
    screens::home(scene, &mut screen);
    screen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_may_name_the_bot() {
        let none = String::new;
        for (text, expected) in [
            ("/status", Some(Command::Status(none()))),
            ("/reload@our_bot", Some(Command::Reload(none()))),
            ("/reload@other_bot", None),
            ("/why 42 vip", Some(Command::Why("42 vip".into()))),
            ("/pause win_back", Some(Command::Pause("win_back".into()))),
            ("reload", None),
            ("/statuses", None),
        ] {
            assert_eq!(parse(text, "our_bot"), expected, "{text}");
        }
    }
}
