//! One user: found by id or user name, the card, why and why not, and a template
//! as they get it. Cards are for the eyes of who asked.

use super::super::Scene;
use super::super::callback::{Place, Press};
use super::super::role;
use super::super::screen::Screen;
use super::super::typed::usage;
use super::{again, home};
use crate::diagnostic::render::Style;
use crate::engine::command::{Reply, Request};
use crate::engine::inbox::Handled;
use crate::engine::preview::{PreviewAnswer, PreviewQuery};
use crate::engine::query::{Found, Query, Want};
use crate::engine::why::{About, Card, Explanation, Gate, Verdict, WhyAnswer, WhyQuery};
use crate::model::{Text, UserId};
use crate::rulebook::Role;

/// Telegram's longest user name.
const LONGEST_NAME: usize = 32;
/// So many of the same user name are shown.
const SAME: usize = 5;

/// How to find one.
pub fn search(scene: &Scene<'_>) -> Screen {
    let mut screen = Screen::new(&scene.word("Find a user", "Поиск пользователя"));
    screen.say(&scene.word(
        "write /find 42 or /find @name\n/why 42 NAME says why a segment, rule, drip or broadcast is for them or not",
        "напишите /find 42 или /find @имя\n/why 42 ИМЯ объяснит, почему сегмент, правило, цепочка или рассылка для него или нет",
    ));
    home(scene, &mut screen);
    screen
}

/// The card of who is asked for.
pub fn find(scene: &Scene<'_>, said: &str) -> Result<Screen, Text> {
    let said = said.trim();
    if let Ok(id) = said.parse::<i64>() {
        return card(scene, id);
    }
    let name = said.strip_prefix('@').unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_name) {
        return Err(usage("/find 42 or /find @name", "/find 42 или /find @имя"));
    }
    let query = Query {
        condition: format!("lower(username) = \"{}\"", name.to_ascii_lowercase()),
        now: None,
        want: Want::Sample(SAME),
        lang: scene.lang,
        style: Style::Short,
    };
    let Reply::Queried(answer) = scene.ask(Request::Query(Box::new(query)))? else { return Err(nobody()) };
    match answer.found {
        Some(Found::Sample(people)) => match &people[..] {
            [] => Err(nobody()),
            [only] => card(scene, only.id),
            [..] => {
                let mut screen = Screen::new(&format!("@{name}"));
                for one in &people {
                    screen.row([(one.id.to_string(), Press::Open(Place::User(one.id)))]);
                }
                home(scene, &mut screen);
                Ok(screen.in_private())
            }
        },
        Some(Found::Count(_) | Found::Ids(_) | Found::Profile(_)) | None => Err(Text::same(answer.findings)),
    }
}

/// Everything about a user in short.
pub fn card(scene: &Scene<'_>, id: i64) -> Result<Screen, Text> {
    match asked(scene, id, About::All)? {
        WhyAnswer::Card(card) => Ok(shown(scene, &card)),
        WhyAnswer::Explained(told) => Ok(explained(scene, &told)),
        WhyAnswer::NoUser => Err(nobody()),
        WhyAnswer::NoSuch(why) => Err(why),
    }
}

/// Why something is for a user or not: `42` or `42 NAME`.
pub fn why(scene: &Scene<'_>, said: &str) -> Result<Screen, Text> {
    let (id, name) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
    let id: i64 = id.parse().map_err(|_| usage("/why 42 NAME", "/why 42 ИМЯ"))?;
    let name = name.trim().to_owned();
    if name.is_empty() {
        return card(scene, id);
    }
    let mut nearest = nobody();
    for about in [About::Segment, About::Rule, About::Drip, About::Broadcast, About::Message] {
        match asked(scene, id, about(name.clone()))? {
            WhyAnswer::Explained(told) => return Ok(explained(scene, &told)),
            WhyAnswer::Card(card) => return Ok(shown(scene, &card)),
            WhyAnswer::NoUser => return Err(nobody()),
            WhyAnswer::NoSuch(_) => {
                nearest = Text::new(
                    format!("there is no segment, rule, drip or broadcast `{name}`"),
                    format!("сегмента, правила, цепочки или рассылки `{name}` нет"),
                );
            }
        }
    }
    Err(nearest)
}

/// A template as a user gets it, sent to the admin: `TEMPLATE` or
/// `TEMPLATE 42`.
pub fn preview(scene: &Scene<'_>, said: &str, handled: &mut Handled) -> Result<Screen, Text> {
    if scene.role < Role::Author {
        return Err(role::refusal(Role::Author));
    }
    let mut words = said.split_whitespace();
    let usage = || usage("/preview TEMPLATE 42", "/preview ШАБЛОН 42");
    let template = words.next().ok_or_else(usage)?.to_owned();
    let user = match words.next() {
        Some(id) => id.parse().map_err(|_| usage())?,
        None => scene.user,
    };
    let Reply::Previewed(answer) = scene.ask(Request::Preview(PreviewQuery { template, user: UserId(user) }))? else {
        return Err(nobody());
    };
    let preview = match *answer {
        PreviewAnswer::Rendered(preview) => preview,
        PreviewAnswer::NoUser => return Err(nobody()),
        PreviewAnswer::NoTemplate { nearest } => {
            let hint = nearest.map(|name| format!(": {name}?")).unwrap_or_default();
            return Err(Text::new(format!("there is no such template{hint}"), format!("такого шаблона нет{hint}")));
        }
    };
    let mut screen = Screen::new(&preview.file);
    for part in preview.messages {
        screen.say(&format!("{} / {}", part.length, part.limit));
        match part.message {
            Ok(message) => handled.replies.push((scene.user, message)),
            Err(why) => screen.say(why.get(scene.lang)),
        }
    }
    for warning in &preview.warnings {
        screen.say(&format!("⚠️ {}", warning.get(scene.lang)));
    }
    home(scene, &mut screen);
    Ok(screen.in_private())
}

fn asked(scene: &Scene<'_>, user: i64, about: About) -> Result<WhyAnswer, Text> {
    match scene.ask(Request::Why(WhyQuery { user, about, now: None }))? {
        Reply::Why(answer) => Ok(*answer),
        _ => Err(nobody()),
    }
}

fn shown(scene: &Scene<'_>, card: &Card) -> Screen {
    let mut screen = Screen::new(&scene.word(&format!("User {}", card.user), &format!("Пользователь {}", card.user)));
    for field in &card.fields {
        let value = field.value.as_str().map_or_else(|| field.value.to_string(), str::to_owned);
        screen.fact(&field.name, &value);
    }
    screen.gap();
    let none = || "—".to_owned();
    let segments = if card.segments.is_empty() { none() } else { card.segments.join(", ") };
    screen.fact(&scene.word("segments", "сегменты"), &segments);
    for drip in card.drips.iter().filter(|drip| drip.inside) {
        screen.say(&format!("{}: {}", drip.drip, drip.text.get(scene.lang)));
    }
    for next in card.next.iter().take(5) {
        screen.say(&format!("⏭ {} {}", next.at, next.text.get(scene.lang)));
    }
    for past in card.messages.iter().chain(&card.timeline).take(12) {
        screen.say(&format!("{} {}", past.at.as_deref().unwrap_or("—"), past.text.get(scene.lang)));
    }
    again(scene, &mut screen, Place::User(card.user));
    screen.in_private()
}

fn explained(scene: &Scene<'_>, told: &Explanation) -> Screen {
    let mut screen = Screen::new(&format!("{} {} · {}", told.kind, told.name, told.user));
    screen.say(told.headline.get(scene.lang));
    if let Some(place) = &told.place {
        screen.say(place);
    }
    for gate in &told.gates {
        screen.say(&gate_line(scene, gate));
    }
    for past in told.recorded.iter().take(5) {
        screen.say(&format!("{} {}", past.at.as_deref().unwrap_or("—"), past.text.get(scene.lang)));
    }
    screen.row([(scene.word("👤 the user", "👤 пользователь"), Press::Open(Place::User(told.user)))]);
    home(scene, &mut screen);
    screen.in_private()
}

fn gate_line(scene: &Scene<'_>, gate: &Gate) -> String {
    let mark = match gate.verdict {
        Verdict::Pass => "✅",
        Verdict::Stop => "⛔️",
        Verdict::Wait | Verdict::Awaits => "⏳",
        Verdict::Note => "·",
    };
    let place = gate.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{mark} {}: {}{place}", gate.gate, gate.text.get(scene.lang))
}

fn nobody() -> Text {
    Text::new("nobody has this id or name", "никого с таким id или именем нет")
}
