//! Charts of all kinds are drawn, whatever the numbers and names.

use super::*;

fn table(labels: usize, series: &[(&str, Tone, &[f64])]) -> Table {
    let one = |(name, tone, values): &(&str, Tone, &[f64])| Series {
        name: (*name).to_owned(),
        tone: *tone,
        values: values.iter().map(|value| Some(*value)).collect(),
    };
    Table { labels: (1..=labels).map(|day| format!("{day:02}.11")).collect(), series: series.iter().map(one).collect() }
}

fn chart(unit: Unit, plot: Plot) -> Chart {
    Chart {
        title: "Отправки и исходы по дням".to_owned(),
        subtitle: "10.11 – 23.11, Europe/Moscow".to_owned(),
        unit,
        lang: Lang::Ru,
        plot,
    }
}

fn interval(name: &str, note: &str, point: Option<f64>, range: Option<(f64, f64)>, tone: Tone) -> Interval {
    Interval { name: name.to_owned(), note: note.to_owned(), point, range, tone }
}

fn all() -> Vec<(&'static str, Chart)> {
    let sent: Vec<f64> = (0..14).map(|day| 900.0 + 60.0 * f64::from(day % 7)).collect();
    let failed: Vec<f64> = (0..14).map(|day| 20.0 + f64::from(day * 3 % 11)).collect();
    let columns = table(14, &[("доставлено", Tone::Good, &sent), ("не доставлено", Tone::Bad, &failed)]);
    let mut lines = table(30, &[("VIP", Tone::Main, &[5.0, 7.0, 6.0]), ("Ушли", Tone::Quiet, &[])]);
    lines.series[0].values = (0..30).map(|day| (day != 11).then(|| 400.0 + f64::from(day * day))).collect();
    lines.series[1].values = (0..30).map(|day| Some(1200.0 - 9.0 * f64::from(day))).collect();
    let money = table(
        6,
        &[
            ("рубли", Tone::Main, &[1990.0, 0.0, 2990.5, 990.0, 0.0, 4000.0]),
            ("возвраты", Tone::Bad, &[0.0, -990.0, 0.0, 0.0, -300.0, 0.0]),
        ],
    );
    let rows = vec![
        interval("short", "+21,4 %, p = 0,004", Some(0.214), Some((0.06, 0.39)), Tone::Good),
        interval("long_text_of_a_variant", "−3 %, p = 0,71", Some(-0.03), Some((-0.18, 0.14)), Tone::Quiet),
        interval("quiet", "пока неизвестно", None, None, Tone::Quiet),
    ];
    vec![
        ("columns", chart(Unit::Count, Plot::Columns(columns))),
        ("lines", chart(Unit::Count, Plot::Lines(lines))),
        ("money", chart(Unit::Roubles, Plot::Columns(money))),
        ("intervals", chart(Unit::Share, Plot::Intervals(rows))),
    ]
}

#[test]
fn every_kind_is_a_picture() {
    for (name, chart) in all() {
        let png = chart.png().unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 8_000, "{name}: {} bytes", png.len());
        if let Some(folder) = std::env::var_os("VESTNIK_CHARTS") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
        }
    }
}

#[test]
fn a_chart_is_the_same_every_time() {
    for (name, chart) in all() {
        assert_eq!(chart.png().unwrap(), chart.png().unwrap(), "{name}");
    }
}

#[test]
fn letters_are_drawn_without_fonts_of_the_system() {
    let mut one = all().remove(0).1;
    let with = one.png().unwrap();
    one.title = String::new();
    assert_ne!(with, one.png().unwrap());
}

#[test]
fn odd_numbers_and_names_do_no_harm() {
    let odd = [f64::NAN, f64::INFINITY, -f64::INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 1e-300];
    let names = ["<b>&\"'", "\u{0}\u{7}\u{FFFF}", "👩‍👩‍👧 ❤", &"я".repeat(10_000), ""];
    for name in names {
        for plot in [
            Plot::Columns(table(8, &[(name, Tone::Other(99), &odd)])),
            Plot::Lines(table(8, &[(name, Tone::Watch, &odd), (name, Tone::Main, &odd)])),
            Plot::Columns(table(0, &[(name, Tone::Main, &[])])),
            Plot::Lines(table(400, &[(name, Tone::Main, &odd)])),
            Plot::Intervals(vec![interval(name, name, Some(f64::NAN), Some((f64::MIN, f64::MAX)), Tone::Bad); 20]),
            Plot::Intervals(Vec::new()),
        ] {
            let chart = Chart { title: name.to_owned(), subtitle: name.to_owned(), ..chart(Unit::Roubles, plot) };
            let svg = chart.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            chart.png().unwrap();
        }
    }
}
