//! Subscription notices: rules and drips that act some time before or after a
//! moment in a field of the user, with how often they acted.

use super::super::Scene;
use super::super::callback::{Place, Press};
use super::super::screen::{Screen, page};
use super::{automation, home};
use crate::engine::automation::Unit;
use crate::engine::switches::RuleReport;
use crate::model::Text;
use crate::rulebook::{Rulebook, Trigger};

/// The screen.
pub fn screen(scene: &Scene<'_>, wanted: usize) -> Result<Screen, Text> {
    let rulebook = scene.engine.live.current();
    let mut all = automation::all(scene)?;
    all.retain(|one| is_due(&rulebook, one));
    let mut screen = Screen::new(&scene.word("Subscription notices", "Уведомления о подписке"));
    if all.is_empty() {
        screen.say(&scene.word(
            "no rule acts before or after a moment, such as `3 days before subscription_until`",
            "нет правил, которые срабатывают до или после момента, например `3 days before subscription_until`",
        ));
    }
    let (shown, turns) = page(&all, wanted, |n| Press::Open(Place::Notices(n)));
    for one in shown {
        if let Some(rule) = rulebook.rules.iter().find(|rule| one.kind == Unit::Rule && rule.name == one.name) {
            screen.fact(&one.name, &rule.plan);
        }
        screen.row([automation::button(scene, one)]);
    }
    screen.row(turns);
    home(scene, &mut screen);
    Ok(screen)
}

fn is_due(rulebook: &Rulebook, one: &RuleReport) -> bool {
    let trigger = match one.kind {
        Unit::Rule => rulebook.rules.iter().find(|rule| rule.name == one.name).map(|rule| &rule.when),
        Unit::Drip => rulebook.drips.iter().find(|drip| drip.name == one.name).map(|drip| &drip.when),
        Unit::Task => None,
    };
    matches!(trigger, Some(Trigger::Due { .. }))
}
