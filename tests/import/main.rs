//! The import: the shipped user base against SQL, every kind of file, what is
//! rejected and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod errors;
mod files;
mod sample;
mod sql;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use vestnik::import::{ImportError, ImportOptions, ImportReport, import};
use vestnik::model::{EnumType, Field, Profile, Schema, Type, UserId, Value};
use vestnik::store::memory::MemoryStore;
use vestnik::store::{Journal, Profiles, Store, Writer};

/// The sample project's fields and a few of other types.
fn schema() -> Schema {
    let mut schema = Schema::builtin();
    let tariffs = ["free", "pro"].map(Arc::from).to_vec();
    for (name, ty, default) in [
        ("balance", Type::Int, Value::Missing),
        ("trial_3d_used", Type::Bool, Value::Bool(false)),
        ("paid_count", Type::Int, Value::Missing),
        ("referral_count", Type::Int, Value::Missing),
        ("referral_code", Type::String, Value::Missing),
        ("last_payment_at", Type::Time, Value::Missing),
        ("score", Type::Float, Value::Missing),
        ("tariff", Type::Enum(Arc::new(EnumType { values: tariffs })), Value::Missing),
    ] {
        let field = Field { name: name.into(), ty, default, title: None, builtin: false, read_only: false };
        schema.add(field).unwrap();
    }
    schema
}

/// A store, its writer, and a folder for files to import.
struct Bench {
    folder: TempDir,
    store: Arc<dyn Store>,
    writer: Writer,
    schema: Schema,
}

impl Bench {
    fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let writer = Writer::spawn(&Journal::open(store.clone()).unwrap()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), store, writer, schema: schema() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> ImportOptions {
        std::fs::write(self.path(name), content).unwrap();
        options(&self.path(name))
    }

    fn import(&self, options: &ImportOptions) -> Result<ImportReport, ImportError> {
        import(options, &self.schema, &self.writer, &mut |_| {})
    }

    fn profile(&self, user: i64) -> Option<Profile> {
        Profiles::new(&Journal::open(self.store.clone()).unwrap()).get(UserId(user), &self.schema).unwrap()
    }

    fn value(&self, user: i64, field: &str) -> Value {
        self.profile(user).unwrap().get(self.schema.find(field).unwrap()).clone()
    }

    fn everything(&self) -> Vec<Profile> {
        let mut all = Vec::new();
        let see = |profile: &Profile| {
            all.push(profile.clone());
            ControlFlow::Continue(())
        };
        Profiles::new(&Journal::open(self.store.clone()).unwrap()).for_each(&self.schema, see).unwrap();
        all
    }

    /// The file of rejected rows: place and reason of each.
    fn rejected(&self, report: &ImportReport) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(report.rejected_file.as_ref().unwrap()).unwrap();
        let record = |line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let place = ["line", "rowid"].into_iter().find_map(|key| Some(format!("{key} {}", record.get(key)?)));
            (place.unwrap(), record["reason"].as_str().unwrap().to_owned())
        };
        text.lines().map(record).collect()
    }
}

fn options(path: &Path) -> ImportOptions {
    ImportOptions { path: path.to_owned(), ..Default::default() }
}

fn map(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(column, field)| ((*column).into(), (*field).into())).collect()
}
