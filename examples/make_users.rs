//! Writes the sample's user base: `cargo run --example make_users -- FILE`.

use std::path::Path;
use std::process::ExitCode;
use vestnik::import::generate;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: make_users FILE");
        return ExitCode::from(2);
    };
    match generate::write_sqlite(Path::new(&path), generate::sample()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
