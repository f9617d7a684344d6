//! The screens of the panel, a file for each entry of its keyboard.

pub mod automation;
pub mod campaigns;
pub mod config;
mod details;
mod monitoring;
mod notices;
mod people;
mod revenue;
mod statistics;
mod system;
pub mod tests;
pub mod users;

use super::Scene;
use super::callback::{Cut, Place, Press};
use super::screen::Screen;
use crate::model::{Text, grouped};

/// The entries of the guide's keyboard that are there, row by row.
const ENTRIES: [(&str, &str, Place); 12] = [
    ("🚀 Broadcasts", "🚀 Продвинутые рассылки", Place::Campaigns(0)),
    ("📊 Monitoring", "📊 Мониторинг", Place::Monitoring),
    ("📈 A/B tests", "📈 A/B тесты", Place::Tests(0)),
    ("🤖 Automation", "🤖 Автоматизация", Place::Automation(0)),
    ("🎨 Personalization", "🎨 Персонализация", Place::People(0)),
    ("📊 Statistics", "📊 Статистика", Place::Statistics(7)),
    ("💵 Revenue (RUB / Stars)", "💵 Доход (руб / звёзды)", Place::Revenue),
    ("🔍 Find a user", "🔍 Поиск пользователя", Place::Search),
    ("⚙️ Configuration", "⚙️ Управление конфигами", Place::Config),
    ("📈 Detailed statistics", "📈 Детальная статистика", Place::Details(Cut::Cause, 7)),
    ("🔧 System", "🔧 Системные операции", Place::System),
    ("🔔 Subscription notices", "🔔 Уведомления о подписке", Place::Notices(0)),
];

/// The screen of a place, or why there is none.
pub fn screen(scene: &Scene<'_>, place: &Place) -> Result<Screen, Text> {
    match place {
        Place::Main => Ok(main(scene)),
        Place::Campaigns(page) => campaigns::list(scene, *page),
        Place::Campaign(said) => campaigns::one(scene, said),
        Place::Monitoring => monitoring::screen(scene),
        Place::Tests(page) => tests::list(scene, *page),
        Place::Test(said) => tests::report(scene, said),
        Place::Automation(page) => automation::list(scene, *page),
        Place::Part(unit, said) => automation::one(scene, *unit, said),
        Place::Loops => automation::loops(scene),
        Place::People(page) => people::screen(scene, *page),
        Place::Statistics(days) => statistics::screen(scene, *days),
        Place::Details(cut, days) => details::screen(scene, *cut, *days),
        Place::Revenue => revenue::screen(scene),
        Place::Search => Ok(users::search(scene)),
        Place::User(id) => users::card(scene, *id),
        Place::Config => config::screen(scene),
        Place::Findings => Ok(config::findings(scene)),
        Place::Editions => config::editions(scene),
        Place::Edition(said) => config::edition(scene, said),
        Place::System => system::screen(scene),
        Place::Journal => system::journal(scene),
        Place::Notices(page) => notices::screen(scene, *page),
    }
}

/// The entries.
pub fn main(scene: &Scene<'_>) -> Screen {
    let mut screen = Screen::new(&scene.word("Panel", "Панель"));
    for (en, ru, place) in ENTRIES {
        screen.row([(scene.word(en, ru), Press::Open(place))]);
    }
    screen
}

/// Adds the button to the main screen.
pub fn home(scene: &Scene<'_>, screen: &mut Screen) {
    screen.row([(scene.word("🏠 Panel", "🏠 Панель"), Press::Open(Place::Main))]);
}

/// Adds the buttons to a screen that this one is part of, and to the main one.
pub fn back(scene: &Scene<'_>, screen: &mut Screen, place: Place) {
    screen.row([
        (scene.word("‹ back", "‹ назад"), Press::Open(place)),
        (scene.word("🏠 Panel", "🏠 Панель"), Press::Open(Place::Main)),
    ]);
}

/// Adds the button that shows the same screen anew, and home.
fn again(scene: &Scene<'_>, screen: &mut Screen, place: Place) {
    screen.row([
        (scene.word("🔄 refresh", "🔄 обновить"), Press::Open(place)),
        (scene.word("🏠 Panel", "🏠 Панель"), Press::Open(Place::Main)),
    ]);
}

/// That a button speaks of something that is gone.
pub fn gone() -> Text {
    Text::new("it is not there any more", "этого больше нет")
}

/// `12 of 40 (30.0 %)`.
fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => grouped(part),
        _ => format!("{} ({:.1} %)", grouped(part), part as f64 * 100.0 / whole as f64),
    }
}
