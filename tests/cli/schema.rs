//! `schema`: printed, and written where editors look for it.

use crate::support::{Project, vestnik};
use serde_json::Value;
use std::fs;

#[test]
fn each_schema_is_printed() {
    for (args, title, keys) in [
        (&["schema"][..], "Vestnik: a rule file", &["profile", "segments", "broadcasts"][..]),
        (&["schema", "rules", "--lang", "ru"], "Vestnik: файл правил", &["profile", "segments", "broadcasts"]),
        (&["schema", "settings"], "Vestnik: the settings", &["language", "telegram", "limits", "watch"]),
        (&["schema", "template"], "Vestnik: the front matter", &["buttons", "photo", "silent"]),
    ] {
        let schema = vestnik(args).expect(0, &[]).json();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        assert_eq!((schema["title"].as_str(), &schema["additionalProperties"]), (Some(title), &Value::Bool(false)));
        let properties = schema["properties"].as_object().unwrap();
        assert!(keys.iter().all(|key| properties.contains_key(*key)), "{args:?}: {properties:?}");
    }
    vestnik(["schema", "rule"]).expect(2, &["rules, settings, template"]);
}

#[test]
fn a_new_project_has_the_schemas_that_its_files_name() {
    let project = Project::new();
    for (file, folder) in [("vestnik.yaml", ""), ("rules/segments.yaml", "rules"), ("rules/profile.yaml", "rules")] {
        let text = fs::read_to_string(project.file(file)).unwrap();
        let named = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap().to_owned();
        let path = project.file(folder).join(named);
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(schema["properties"].is_object(), "{}", path.display());
    }
}

#[test]
fn written_schemas_are_refreshed_in_the_projects_language() {
    let project = Project::new();
    let path = project.file(".vestnik/rules.schema.json");
    let made = fs::read_to_string(&path).unwrap();
    fs::write(&path, "{}").unwrap();
    project.run("schema --write").expect(0, &["written: ", ".vestnik/rules.schema.json", "settings.schema.json"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), made);
    project.edit("vestnik.yaml", "language: en", "language: ru");
    project.run("schema --write").expect(0, &["записан: "]);
    assert!(fs::read_to_string(&path).unwrap().contains("файл правил"));
    let empty = tempfile::tempdir().unwrap();
    vestnik(["schema", "--write", "--project", empty.path().to_str().unwrap()]).expect(2, &["has no vestnik.yaml"]);
    assert!(!empty.path().join(".vestnik").exists());
}
