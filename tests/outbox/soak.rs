//! `vestnik bench soak` in a small size: faults, storms of 429, and an engine
//! killed with SIGKILL on the way; every sentence of its verdict must hold.

use serde_json::Value;
use std::process::Command;

#[test]
fn under_faults_and_kills_everybody_gets_one_message() {
    let report = soak(&["--recipients", "1500", "--kills", "3", "--seed", "7"]);
    assert_eq!(verdict(&report), ["rows", "exactly_once", "doubt_none_or_one", "few_doubts"]);
    assert_eq!(report["kills"].as_array().map(Vec::len), Some(3));
    let hits = ["server_error", "drop_after"].map(|name| report["faults"][name].as_u64().unwrap());
    assert!(hits[0] > 5 && hits[1] > 3, "{hits:?}");
}

#[test]
fn what_is_sent_again_reaches_everybody() {
    let report = soak(&["--recipients", "1000", "--kills", "2", "--in-doubt", "resend"]);
    assert_eq!(verdict(&report), ["rows", "at_least_once", "again_for_a_doubt", "few_doubts"]);
}

fn soak(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestnik"));
    let output = command.args(["bench", "soak", "--format", "json", "--lang", "en"]).args(arguments).output().unwrap();
    let (told, complaints) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complaints}");
    serde_json::from_str(&told).unwrap()
}

/// The first sentences of the verdict, all of which must hold.
fn verdict(report: &Value) -> Vec<&str> {
    let sentences = report["verdict"].as_array().unwrap();
    assert!(sentences.len() == 7 && sentences.iter().all(|sentence| sentence["holds"] == true), "{report:#}");
    assert_eq!(report["holds"], true);
    sentences.iter().take(4).map(|sentence| sentence["name"].as_str().unwrap()).collect()
}
