//! Columns by label, series on top of one another: what is above zero upwards,
//! what is below it downwards.

use super::canvas::{Anchor, BOTTOM, Canvas, LEFT, TOP, height, labels, rules, slot, width};
use super::scale::{Scale, drawn, written};
use super::{Chart, Table};

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, table: &Table) {
    let ends: Vec<(f64, f64)> = (0..table.labels.len()).map(|place| ends(table, place)).collect();
    let scale = Scale::of(ends.iter().flat_map(|(low, high)| [*low, *high]), chart.unit);
    rules(canvas, chart, &scale);
    let slot = slot(table.labels.len());
    let thick = (slot * 0.72).min(90.0);
    for place in 0..table.labels.len() {
        let x = LEFT + slot * (place as f64 + 0.5) - thick / 2.0;
        let (mut above, mut below) = (0.0, 0.0);
        for series in &table.series {
            let value = value(series.values.get(place));
            let base = if value < 0.0 { &mut below } else { &mut above };
            let (from, to) = (height(&scale, *base), height(&scale, *base + value));
            *base += value;
            canvas.rect((x, from.min(to)), (thick, (from - to).abs()), series.tone.colour());
        }
    }
    totals(canvas, chart, &ends, &scale);
    labels(canvas, &table.labels);
}

/// The height of each column above it, if all have room.
fn totals(canvas: &mut Canvas, chart: &Chart, ends: &[(f64, f64)], scale: &Scale) {
    let slot = slot(ends.len());
    let text = |high: f64| written(high, chart.unit, chart.lang);
    let fits = ends.iter().all(|(low, high)| *low == 0.0 && width(&text(*high), 16.0) < slot);
    for (place, (_, high)) in ends.iter().enumerate().filter(|(_, (_, high))| fits && *high > 0.0) {
        let y = (height(scale, *high) - 8.0).clamp(TOP - 4.0, BOTTOM);
        canvas.faint((LEFT + slot * (place as f64 + 0.5), y), 16.0, Anchor::Middle, &text(*high));
    }
}

/// How deep and how high the column of a label is.
fn ends(table: &Table, place: usize) -> (f64, f64) {
    let values = table.series.iter().map(|series| value(series.values.get(place)));
    values.fold((0.0, 0.0), |(low, high), value| (low + value.min(0.0), high + value.max(0.0)))
}

fn value(value: Option<&Option<f64>>) -> f64 {
    drawn(value.copied().flatten()).unwrap_or_default()
}
