//! `--chart FILE` of several commands: what they tell, as a picture.

use super::context::{Context, Failure};
use crate::chart::Chart;
use crate::model::Text;
use std::path::{Path, PathBuf};

/// The option.
#[derive(clap::Args, Clone)]
#[group(skip)]
pub struct Args {
    /// Draw it as a picture as well, into this file (PNG, or SVG by its name), which is replaced
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

impl Args {
    /// Whether one was asked for.
    pub fn is_asked_for(&self) -> bool {
        self.chart.is_some()
    }

    /// Writes the chart if one was asked for.
    pub fn write(&self, context: &Context, chart: impl FnOnce() -> Chart) -> Result<(), Failure> {
        let Some(path) = &self.chart else { return Ok(()) };
        let chart = chart();
        let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
        let bytes = if is_svg { chart.svg().into_bytes() } else { chart.png().map_err(drawing)? };
        std::fs::write(path, bytes).map_err(|error| unwritten(path, &error))?;
        let file = path.display();
        context.note(&Text::new(format!("drawn in {file}"), format!("нарисовано в {file}")));
        Ok(())
    }
}

fn drawing(error: crate::chart::ChartError) -> Failure {
    Failure::new(Text::new(error.to_string(), format!("график не нарисовать: {error}")))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let file = path.display();
    Failure::new(Text::new(
        format!("the chart cannot be written to {file}: {error}"),
        format!("график не записать в {file}: {error}"),
    ))
}
