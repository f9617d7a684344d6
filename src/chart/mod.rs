//! Charts as pictures: columns by day, lines over time, intervals beside zero.
//!
//! A [`Chart`] is plain data, already in the reader's language. [`Chart::svg`]
//! draws it as SVG, and [`Chart::png`] makes a picture of that, 1,200 by 675
//! pixels, with letters of its own: no font of the system is looked for.
//! Nothing here knows where the numbers come from.

mod canvas;
mod columns;
mod intervals;
mod lines;
mod picture;
mod scale;
#[cfg(test)]
mod tests;

pub use picture::ChartError;
pub use scale::Unit;

use crate::model::Lang;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Of when it is, or what else should be known; may be empty.
    pub subtitle: String,
    /// In what the values are.
    pub unit: Unit,
    /// The language of its numbers.
    pub lang: Lang,
    /// The values.
    pub plot: Plot,
}

/// How the values are drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Plot {
    /// A column for each label, its series on top of one another.
    Columns(Table),
    /// A line for each series; it breaks where a value is unknown.
    Lines(Table),
    /// A point and an interval in each row, with a line at zero.
    Intervals(Vec<Interval>),
}

/// Series over the same labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What stands below, from left to right.
    pub labels: Vec<String>,
    /// The series; of values beyond the labels none is drawn.
    pub series: Vec<Series>,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
    /// A value for each label; none where it is not known.
    pub values: Vec<Option<f64>>,
}

/// One row of intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// Its name.
    pub name: String,
    /// What else is said of it, at the end of the row.
    pub note: String,
    /// What is seen.
    pub point: Option<f64>,
    /// Between which two values the truth is thought to be.
    pub range: Option<(f64, f64)>,
    /// Its colour.
    pub tone: Tone,
}

/// A colour by what it stands for. They differ for people who see few colours,
/// too (Okabe and Ito).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What the chart is about.
    Main,
    /// What went well.
    Good,
    /// What went wrong.
    Bad,
    /// What should be watched.
    Watch,
    /// What is there for comparison.
    Quiet,
    /// One of several that are alike, by number.
    Other(usize),
}

impl Chart {
    /// The chart as SVG.
    pub fn svg(&self) -> String {
        canvas::draw(self)
    }

    /// The chart as PNG.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        picture::png(&self.svg())
    }
}

impl Tone {
    fn colour(self) -> &'static str {
        const OTHERS: [&str; 7] = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8a6d00"];
        match self {
            Self::Main => "#0072B2",
            Self::Good => "#009E73",
            Self::Bad => "#D55E00",
            Self::Watch => "#E69F00",
            Self::Quiet => "#8A8F98",
            Self::Other(number) => OTHERS[number % OTHERS.len()],
        }
    }
}
