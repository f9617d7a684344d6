//! The menu of commands that Telegram shows beside the text field: the commands
//! that rules with a title wait for, described by it. It follows the rule files.
//! Where no rule has one, what was set by hand stays.

use super::ASK;
use crate::engine::{Engine, EngineError};
use crate::model::Lang;
use crate::outbox::{Armed, Client, ClientError};
use crate::rulebook::{Rulebook, Trigger};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(5);
/// What Telegram takes.
const MOST: usize = 100;
const DESCRIPTION: usize = 256;

/// The commands with their descriptions, by the language that Telegram is told;
/// none is everybody else.
type Menu = Vec<(Option<&'static str>, Vec<(String, String)>)>;

/// Keeps the menu current until `stop` says so. An engine that may not send does
/// not change it.
pub async fn keep(engine: Arc<Engine>, client: Client, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
    let arming = engine.watch_arming();
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = Menu::new();
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => break,
            _ = tick.tick() => {}
        }
        let menu = menu(&engine.live.current());
        if menu == shown || arming.borrow().lets_out() != Armed::Yes {
            continue;
        }
        tokio::select! {
            _ = stop.changed() => break,
            told = tell(&client, &menu) => match told {
                Ok(()) => shown = menu,
                Err(error) => tracing::debug!(%error, "the menu of commands is as it was; tried again"),
            }
        }
    }
    Ok(())
}

async fn tell(client: &Client, menu: &Menu) -> Result<(), ClientError> {
    for (language, commands) in menu {
        let described =
            |(command, description): &(String, String)| json!({"command": command, "description": description});
        let mut body = json!({ "commands": commands.iter().map(described).collect::<Value>() });
        if let Some(language) = language {
            body["language_code"] = json!(language);
        }
        client.ask("setMyCommands", &body, ASK).await?;
    }
    Ok(())
}

/// What the rules make of it. Of several rules for one command the first by name
/// describes it.
fn menu(rulebook: &Rulebook) -> Menu {
    let mut titles = BTreeMap::new();
    let mut rules: Vec<_> = rulebook.rules.iter().collect();
    rules.sort_by_key(|rule| &rule.name);
    for rule in rules {
        if let (Trigger::Command(command), Some(title)) = (&rule.when, &rule.title) {
            titles.entry(command).or_insert(title);
        }
    }
    if titles.is_empty() {
        return Menu::new();
    }
    let in_language = |lang: Lang| {
        let described = titles.iter().take(MOST);
        described.map(move |(command, title)| ((*command).clone(), title.get(lang).chars().take(DESCRIPTION).collect()))
    };
    [(None, rulebook.settings.language), (Some("en"), Lang::En), (Some("ru"), Lang::Ru)]
        .map(|(code, lang)| (code, in_language(lang).collect()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{Files, load_files};

    fn menu_of(rules: &str) -> String {
        let settings = ("vestnik.yaml", "language: ru\n");
        let template = ("templates/a.html", "a\n");
        let loaded = load_files(&Files::from_list([settings, ("rules/a.yaml", rules), template]));
        let menu = menu(&loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)));
        let shown = |(code, commands): &(Option<&str>, Vec<(String, String)>)| {
            let each: Vec<String> = commands.iter().map(|(name, what)| format!("{name}={what}")).collect();
            format!("{}: {}", code.unwrap_or("*"), each.join(","))
        };
        menu.iter().map(shown).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn rules_with_a_title_make_the_menu() {
        let then = "then: [{send: a}]";
        for (rules, expected) in [
            (format!("rules:\n  a: {{when: command /a, {then}}}\n"), ""),
            (format!("rules:\n  a: {{title: A, when: user joins, {then}}}\n"), ""),
            (
                format!(
                    "rules:\n  z: {{title: {{ru: Зет, en: Zed}}, when: command /b, {then}}}\n  \
                     c: {{title: Same, when: command /a, {then}}}\n  y: {{title: First, when: command /b, {then}}}\n"
                ),
                "*: a=Same,b=First | en: a=Same,b=First | ru: a=Same,b=First",
            ),
            (
                format!("rules:\n  z: {{title: {{ru: Зет, en: Zed}}, when: command /b, {then}}}\n"),
                "*: b=Зет | en: b=Zed | ru: b=Зет",
            ),
        ] {
            assert_eq!(menu_of(&rules), expected, "{rules}");
        }
    }
}
