//! A plain table for the terminal: columns padded to their widest cell.

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// The rows under their headings, each line with two spaces before it.
pub fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let width = |i: usize, heading: &str| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.chain([heading.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = columns.iter().enumerate().map(|(i, (heading, _))| width(i, heading)).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(columns).zip(&widths).map(|((cell, (_, align)), width)| pad(cell, *width, *align));
        format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let heading = line(&mut columns.iter().map(|(heading, _)| *heading));
    let rule = format!("  {}", widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    let body = rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
    [heading, rule].into_iter().chain(body).map(|line| line + "\n").collect()
}

fn pad(cell: &str, width: usize, align: Align) -> String {
    match align {
        Align::Left => format!("{cell:<width$}"),
        Align::Right => format!("{cell:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["active".into(), "1 204".into()], vec!["все".into(), "7".into()]];
        let expected = "  segment  users\n  ───────  ─────\n  active   1 204\n  все          7\n";
        assert_eq!(table(&[("segment", Align::Left), ("users", Align::Right)], &rows), expected);
    }
}
