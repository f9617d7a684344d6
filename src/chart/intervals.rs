//! Rows with a point and an interval, and a line at zero: whoever's interval
//! leaves the line out differs.

use super::canvas::{Anchor, BOTTOM, Canvas, RIGHT, WIDTH, fitting};
use super::scale::{Scale, drawn, written};
use super::{Chart, Interval};

/// Where the names end and the notes begin.
const FROM: f64 = 320.0;
const TO: f64 = RIGHT - 260.0;
const HIGH: f64 = 130.0;
/// So many rows are drawn.
const ROWS: usize = 8;

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, rows: &[Interval]) {
    let known = |row: &Interval| row.point.into_iter().chain(row.range.into_iter().flat_map(|(low, high)| [low, high]));
    let scale = Scale::of(rows.iter().flat_map(known), chart.unit);
    let x = |value: f64| FROM + (TO - FROM) * scale.at(value);
    for tick in scale.ticks() {
        let (colour, thick) = if tick == 0.0 { ("#1B1F24", 3.0) } else { ("#E1E4E8", 1.5) };
        canvas.line((x(tick), HIGH), (x(tick), BOTTOM), colour, thick);
        canvas.faint((x(tick), BOTTOM + 32.0), 18.0, Anchor::Middle, &written(tick, chart.unit, chart.lang));
    }
    let room = (BOTTOM - HIGH) / rows.len().clamp(1, ROWS) as f64;
    for (place, row) in rows.iter().take(ROWS).enumerate() {
        let y = HIGH + room * (place as f64 + 0.5);
        canvas.text((40.0, y + 8.0), 22.0, Anchor::Start, &fitting(&row.name, 22.0, FROM - 60.0));
        canvas.faint((TO + 24.0, y + 7.0), 18.0, Anchor::Start, &fitting(&row.note, 18.0, WIDTH - TO - 40.0));
        if let Some((low, high)) = row.range.filter(|(low, high)| drawn(Some(*low)).and(drawn(Some(*high))).is_some()) {
            bar(canvas, (x(low), x(high)), y, row);
        }
        if let Some(point) = drawn(row.point) {
            canvas.dot((x(point), y), 11.0, row.tone);
        }
    }
}

fn bar(canvas: &mut Canvas, (low, high): (f64, f64), y: f64, row: &Interval) {
    let colour = row.tone.colour();
    canvas.line((low, y), (high, y), colour, 6.0);
    for end in [low, high] {
        canvas.line((end, y - 12.0), (end, y + 12.0), colour, 4.0);
    }
}
