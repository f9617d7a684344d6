//! Expected texts in files. With the environment variable `UPDATE_EXPECT=1`
//! the files are written anew; the difference is then for the reviewer.

use std::fs;
use std::path::Path;

/// Holds `got` against the file; says how they differ.
pub fn differs(path: &Path, got: &str) -> Option<String> {
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder for expected texts");
        }
        fs::write(path, got).expect("an expected text is written");
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == got {
        return None;
    }
    let name = path.display();
    Some(format!("{name}\n--- expected\n{expected}--- got\n{got}--- UPDATE_EXPECT=1 takes it over\n"))
}
