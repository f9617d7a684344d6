//! Lines over labels, with their last values at the end.

use super::canvas::{Anchor, Canvas, LEFT, RIGHT, height, labels, rules, slot};
use super::scale::{Scale, drawn, written};
use super::{Chart, Series, Table};

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, table: &Table) {
    let count = table.labels.len();
    let known = table.series.iter().flat_map(|series| series.values.iter().take(count).flatten().copied());
    let scale = Scale::of(known, chart.unit);
    rules(canvas, chart, &scale);
    for series in &table.series {
        for piece in pieces(series, count) {
            let points: Vec<_> =
                piece.iter().map(|(place, value)| (x(*place, count), height(&scale, *value))).collect();
            canvas.path(&points, series.tone);
            // a piece of one point would not be seen
            points
                .iter()
                .filter(|_| points.len() == 1 || count <= 31)
                .for_each(|point| canvas.dot(*point, 6.0, series.tone));
        }
    }
    last_values(canvas, chart, table, &scale);
    labels(canvas, &table.labels);
}

/// The last value of each series above its end, if the ends are apart.
fn last_values(canvas: &mut Canvas, chart: &Chart, table: &Table, scale: &Scale) {
    let count = table.labels.len();
    let mut taken: Vec<f64> = Vec::new();
    for series in &table.series {
        let Some((place, value)) = pieces(series, count).last().and_then(|piece| piece.last().copied()) else {
            continue;
        };
        let y = height(scale, value) - 14.0;
        if taken.iter().all(|other| (other - y).abs() > 20.0) {
            taken.push(y);
            let at = (x(place, count).min(RIGHT - 4.0), y);
            canvas.text(at, 18.0, Anchor::End, &written(value, chart.unit, chart.lang));
        }
    }
}

/// Runs of known values with their places.
fn pieces(series: &Series, count: usize) -> Vec<Vec<(usize, f64)>> {
    let mut pieces: Vec<Vec<(usize, f64)>> = vec![Vec::new()];
    for (place, value) in series.values.iter().take(count).enumerate() {
        match (drawn(*value), pieces.last_mut()) {
            (Some(value), Some(piece)) => piece.push((place, value)),
            (None, Some(piece)) if !piece.is_empty() => pieces.push(Vec::new()),
            _ => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn x(place: usize, count: usize) -> f64 {
    LEFT + slot(count) * (place as f64 + 0.5)
}
