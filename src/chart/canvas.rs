//! The sheet that charts are drawn on: its frame, and the few elements of SVG
//! that they are made of.

use super::picture::FAMILY;
use super::scale::{Scale, written};
use super::{Chart, Plot, Table, Tone, columns, intervals, lines};
use std::fmt::Write;

/// The size of a picture in pixels.
pub(super) const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 675.0;
/// The place of the plot itself.
pub(super) const LEFT: f64 = 130.0;
pub(super) const RIGHT: f64 = WIDTH - 40.0;
pub(super) const TOP: f64 = 176.0;
pub(super) const BOTTOM: f64 = HEIGHT - 70.0;
const MARGIN: f64 = 40.0;

const INK: &str = "#1B1F24";
const FAINT: &str = "#59636E";
const GRID: &str = "#E1E4E8";
/// About how wide a letter is against its height.
const LETTER: f64 = 0.62;

/// Where a text is anchored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// SVG that grows.
#[derive(Debug, Default)]
pub(super) struct Canvas(String);

/// The whole chart.
pub(super) fn draw(chart: &Chart) -> String {
    let mut canvas = Canvas::default();
    canvas.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"{FAMILY}\">"
    ));
    canvas.rect((0.0, 0.0), (WIDTH, HEIGHT), "#FFFFFF");
    canvas.bold((MARGIN, 54.0), 30.0, &fitting(&chart.title, 30.0, WIDTH - 2.0 * MARGIN));
    canvas.faint((MARGIN, 86.0), 20.0, Anchor::Start, &fitting(&chart.subtitle, 20.0, WIDTH - 2.0 * MARGIN));
    match &chart.plot {
        Plot::Columns(table) => {
            legend(&mut canvas, table);
            columns::draw(&mut canvas, chart, table);
        }
        Plot::Lines(table) => {
            legend(&mut canvas, table);
            lines::draw(&mut canvas, chart, table);
        }
        Plot::Intervals(rows) => intervals::draw(&mut canvas, chart, rows),
    }
    canvas.raw("</svg>");
    canvas.0
}

/// The names of the series with their colours, in two rows at most.
fn legend(canvas: &mut Canvas, table: &Table) {
    let (mut x, mut y) = (MARGIN, 108.0);
    for series in &table.series {
        let width = 28.0 + width(&series.name, 18.0) + 16.0;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            if y > 108.0 {
                canvas.faint((x, y + 15.0), 18.0, Anchor::Start, "…");
                break;
            }
            (x, y) = (MARGIN, 134.0);
        }
        canvas.rect((x, y), (18.0, 18.0), series.tone.colour());
        canvas.text((x + 26.0, y + 15.0), 18.0, Anchor::Start, &fitting(&series.name, 18.0, 480.0));
        x += width.min(28.0 + 480.0 + 16.0);
    }
}

/// The lines across the plot, with their values.
pub(super) fn rules(canvas: &mut Canvas, chart: &Chart, scale: &Scale) {
    for tick in scale.ticks() {
        let y = height(scale, tick);
        canvas.line((LEFT, y), (RIGHT, y), if tick == 0.0 { FAINT } else { GRID }, 1.5);
        canvas.faint((LEFT - 12.0, y + 7.0), 18.0, Anchor::End, &written(tick, chart.unit, chart.lang));
    }
}

/// What stands below the plot: every label if there is room, else every n-th.
pub(super) fn labels(canvas: &mut Canvas, labels: &[String]) {
    let slot = slot(labels.len());
    let widest = labels.iter().map(|label| width(label, 18.0)).fold(0.0, f64::max);
    let every = ((widest + 16.0) / slot).ceil().max(1.0) as usize;
    for (place, label) in labels.iter().enumerate().step_by(every) {
        let x = (LEFT + slot * (place as f64 + 0.5)).clamp(LEFT + widest / 2.0 - 40.0, RIGHT + 30.0 - widest / 2.0);
        canvas.faint((x, BOTTOM + 32.0), 18.0, Anchor::Middle, label);
    }
}

/// How wide the place of one label is.
pub(super) fn slot(labels: usize) -> f64 {
    (RIGHT - LEFT) / labels.max(1) as f64
}

/// Where a value is, from the top of the sheet.
pub(super) fn height(scale: &Scale, value: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * scale.at(value)
}

/// About how wide a text is.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * LETTER
}

/// The text, cut to a width.
pub(super) fn fitting(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let letters = (room / (size * LETTER)) as usize;
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

impl Canvas {
    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// A filled rectangle.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.raw(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        ));
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, thick: f64) {
        self.raw(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{thick}\"/>"
        ));
    }

    /// A line through points.
    pub fn path(&mut self, points: &[(f64, f64)], tone: Tone) {
        let list = points.iter().fold(String::new(), |mut list, (x, y)| {
            let _ = write!(list, "{x:.1},{y:.1} ");
            list
        });
        let colour = tone.colour();
        self.raw(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"4\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
            list.trim_end()
        ));
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, tone: Tone) {
        self.raw(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{}\"/>", tone.colour()));
    }

    /// A text in plain letters.
    pub fn text(&mut self, at: (f64, f64), size: f64, anchor: Anchor, text: &str) {
        self.write(at, size, anchor, (INK, "normal"), text);
    }

    /// A text that is less important.
    pub fn faint(&mut self, at: (f64, f64), size: f64, anchor: Anchor, text: &str) {
        self.write(at, size, anchor, (FAINT, "normal"), text);
    }

    fn bold(&mut self, at: (f64, f64), size: f64, text: &str) {
        self.write(at, size, Anchor::Start, (INK, "bold"), text);
    }

    fn write(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, (ink, weight): (&str, &str), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.raw(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{text}</text>"
        ));
    }
}

/// Text for SVG: without what XML refuses.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
