//! Revenue: roubles and Stars, apart and together, over a day, a week, a month
//! and all the time.

use super::super::Scene;
use super::super::callback::Place;
use super::super::screen::Screen;
use super::{again, share};
use crate::engine::command::{Reply, Request};
use crate::engine::revenue::{Figures, RevenueQuery};
use crate::model::{Text, grouped, money, stars};

/// The screen.
pub fn screen(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Revenue", "Доход"));
    let Reply::Revenue(report) = scene.ask(Request::Revenue(RevenueQuery { days: 1, by: None }))? else {
        return Ok(screen);
    };
    for (en, ru, figures) in [
        ("today", "сегодня", &report.day),
        ("this week", "эта неделя", &report.week),
        ("this month", "этот месяц", &report.month),
        ("in all", "всего", &report.all),
    ] {
        screen.fact(&scene.word(en, ru), &money(figures.together));
        period(scene, figures, &mut screen);
    }
    screen.gap();
    screen.fact(&scene.word("paying users", "платящих"), &share(report.all.payers, report.users));
    again(scene, &mut screen, Place::Revenue);
    Ok(screen)
}

fn period(scene: &Scene<'_>, figures: &Figures, screen: &mut Screen) {
    if figures.payments == 0 {
        return;
    }
    screen.say(&format!("  {} + {}", money(figures.rub), stars(figures.stars)));
    let (payments, first, renewals) = (grouped(figures.payments), grouped(figures.first), grouped(figures.renewals));
    screen.say(&scene.word(
        &format!("  payments {payments}: first {first}, renewals {renewals}"),
        &format!("  платежей {payments}: первых {first}, повторных {renewals}"),
    ));
    if let Some(average) = figures.average {
        let average = money(average);
        screen.say(&scene.word(&format!("  average {average}"), &format!("  средний {average}")));
    }
    if figures.rub_refunded != 0 || figures.stars_refunded != 0 {
        let (rub, xtr) = (money(figures.rub_refunded), stars(figures.stars_refunded));
        screen.say(&scene.word(&format!("  refunded {rub} + {xtr}"), &format!("  возвращено {rub} + {xtr}")));
    }
}
