//! What commands print, word for word: `tests/cli/snapshots/NAME.txt`.
//! `UPDATE_EXPECT=1` writes the files anew.

use crate::expect::differs;
use crate::support::{Project, Said, vestnik};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Users of whom each knows a little more.
pub const USERS: &str = "\
id,username,first_name,last_name,balance,paid_count,last_payment_at
1,anna,Anna,Petrova,10,6,2026-02-20T09:00:00Z
2,,Boris,,0,1,2025-12-01T09:00:00Z
3,,,,,,
4,dasha,Даша,,3,5,
5,eva,Eva,Smirnova,-2,,
";

/// A file with mistakes of several kinds and a warning.
const BAD: &str = "\
segments:
  rich: balnce > 1000
  poor: paid_count = 0
  odd: {titel: Odd, if: balance > \"5\"}
broadcasts:
  spring: {to: segment(rich), send: win_bakc}
";

/// Command lines and the files that hold what they print.
const OF_THE_BAD: [(&str, &str); 5] = [
    ("check_bad_text_en", "check --lang en"),
    ("check_bad_text_ru", "check --lang ru"),
    ("check_bad_short_en", "check --format short --lang en"),
    ("check_bad_short_ru", "check --format short --lang ru"),
    ("check_bad_json_en", "check --format json --lang en"),
];

const OF_THE_CLEAN: [(&str, &str); 17] = [
    ("check_clean_text_en", "check --lang en"),
    ("check_clean_text_ru", "check --lang ru"),
    ("check_clean_short", "check --format short"),
    ("check_clean_json", "check --format json"),
    ("segments_text_en", "segments --now 2026-03-01 --lang en"),
    ("segments_text_ru", "segments --now 2026-03-01 --lang ru"),
    ("segments_json", "segments --now 2026-03-01 --format json"),
    ("query_count_text_en", "query paid_count>=5 --lang en"),
    ("query_count_text_ru", "query paid_count>=5 --lang ru"),
    ("query_count_json", "query paid_count>=5 --format json"),
    ("query_ids_text", "query true --ids"),
    ("query_ids_json", "query true --ids --format json"),
    ("query_sample_text_en", "query balance>0orlast_payment_at<today --sample --lang en"),
    ("query_sample_text_ru", "query balance>0orlast_payment_at<today --sample --lang ru"),
    ("query_sample_json", "query balance>0orlast_payment_at<today --sample --format json"),
    ("query_bad_text_ru", "query balnce>0 --lang ru"),
    ("query_warning_text_en", "query paid_count=0 --lang en"),
];

const HELP: [(&str, &[&str]); 4] = [
    ("help", &["--help"]),
    ("help_check", &["check", "--help"]),
    ("help_query", &["query", "--help"]),
    ("help_schema", &["schema", "--help"]),
];

#[test]
fn what_is_printed_is_as_expected() {
    let clean = Project::with_users(USERS);
    let bad = Project::new();
    bad.write("rules/more.yaml", BAD);
    let mut wrong = Vec::new();
    for (project, rows) in [(&clean, OF_THE_CLEAN.as_slice()), (&bad, OF_THE_BAD.as_slice())] {
        for (name, line) in rows {
            let words = line.split_whitespace().map(spaced);
            let args = words.chain(["--project".to_owned(), project.path().display().to_string()]);
            wrong.extend(compare(name, &format!("vestnik {}", shown(line)), &vestnik(args)));
        }
    }
    for of in ["rules", "settings", "template"] {
        wrong.extend(differs(&folder().join(format!("schema_{of}.txt")), &head_of_schema(of)));
    }
    for (name, args) in HELP {
        wrong.extend(compare(name, &format!("vestnik {}", args.join(" ")), &vestnik(args)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Conditions of these rows have no spaces, so that lines can be split; here
/// they get them where they need them.
fn spaced(word: &str) -> String {
    word.replace("0or", "0 or ")
}

fn shown(line: &str) -> String {
    let quoted =
        |word: &str| if word.contains(['>', '<', '=']) { format!("'{}'", spaced(word)) } else { word.to_owned() };
    line.split_whitespace().map(quoted).collect::<Vec<_>>().join(" ")
}

pub fn compare(name: &str, line: &str, said: &Said) -> Option<String> {
    let err = if said.err.is_empty() { String::new() } else { format!("--- stderr\n{}", said.err) };
    let text = format!("$ {line}\n{}{err}--- exit code {}\n", steady(&said.out), said.code);
    differs(&folder().join(format!("{name}.txt")), &text)
}

/// A schema in a few lines: what it is of, its keys, and how many each part has.
fn head_of_schema(of: &str) -> String {
    let schema = vestnik(["schema", of]).expect(0, &[]).json();
    let mut text = format!("$ vestnik schema {of}\n{}\n{}\n", schema["$schema"], schema["title"]);
    let count = |part: &Value| part["properties"].as_object().map_or(0, |keys| keys.len());
    text.push_str(&format!("keys: {}\n", count(&schema)));
    for (name, part) in schema["definitions"].as_object().unwrap() {
        text.push_str(&format!("{name}: {}\n", count(part)));
    }
    text
}

/// The text without what differs from run to run: how long a query took, and
/// the version of the sample's rulebook.
fn steady(text: &str) -> String {
    let line = |line: &str| {
        if let Some((before, after)) = ["rulebook ", "редакция "].iter().find_map(|word| line.split_once(*word))
        {
            let tail = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            return format!("{before}rulebook …{tail}\n");
        }
        let at = line.find("elapsed_us\": ").map(|at| at + "elapsed_us\": ".len());
        let at = at.or_else(|| ["time     ", "время       "].iter().find(|s| line.starts_with(**s)).map(|s| s.len()));
        let Some(at) = at else { return format!("{line}\n") };
        let tail = line[at..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        format!("{}…{tail}\n", &line[..at])
    };
    text.lines().map(line).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots")
}
