//! Stripe's own sample objects, shapes and event types, where they lie beside the project: no column stays empty whose
//! fact Stripe tells, in any API version.

mod facts;
mod shapes;

use std::{
    fs,
    path::{Path, PathBuf},
};

use billgraph::mirror::{self, Mirror};
use serde_json::{Value, json};

use self::facts::{EXPLAINED, MOVED};
use crate::support::{
    TestApp,
    billing::{MADE, event},
};

/// Stripe's reference data, which is no part of the project; says where it was looked for if it is absent.
fn reference(name: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/stripe").join(name);
    if !place.exists() {
        say(&format!("Not checked: {} is absent.", place.display()));
        return None;
    }
    Some(place)
}

#[expect(clippy::print_stdout, reason = "the table is for whoever reads the test's output")]
fn say(text: &str) {
    println!("{text}");
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut files: Vec<(String, PathBuf)> = paths.map(|path| (name(&path), path)).collect();
    files.sort();
    files
}

fn parse(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("it is text")).expect("it is JSON")
}

/// The samples of each API version that there are, those of deletions last.
pub fn samples() -> Vec<(String, Vec<(String, Value)>)> {
    let Some(place) = reference("") else { return Vec::new() };
    let mut versions = Vec::new();
    for (folder, path) in files(&place) {
        let Some(version) = folder.strip_prefix("fixtures-") else { continue };
        let (deleted, living): (Vec<_>, Vec<_>) =
            files(&path).into_iter().partition(|(name, _)| name.starts_with("deleted_"));
        let read = |(name, path): (String, PathBuf)| (name, parse(&path));
        versions.push((version.to_owned(), living.into_iter().chain(deleted).map(read).collect()));
    }
    versions
}

/// What became of a fact of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Filled,
    NoSource,
    Explained,
    Hole,
}

#[tokio::test]
async fn samples_leave_no_column_empty_whose_fact_they_have() {
    let mut holes = Vec::new();
    for (version, samples) in samples() {
        let test = TestApp::start().await;
        for (number, (name, mut object)) in (0..).zip(samples) {
            complete(&mut object);
            receive(&test, &version, MADE + number, &object).await;
            let kind = object["object"].as_str().expect("a sample says what it is");
            let Some(mirror) = mirror::mirror(kind) else { continue };
            let row = row(&test, mirror, &object).await;
            if name.starts_with("deleted_") {
                assert!(is_set(&row["deleted"]), "{name} of {version} makes a tombstone");
                continue;
            }
            for column in &mirror.columns {
                let mark = mark(mirror, column.name, &version, &object, &row[column.name]);
                say(&format!("{:45} {:35} {version:20} {mark:?}", mirror.object, column.name));
                holes.extend((mark == Mark::Hole).then(|| format!("{kind}.{} in {version}", column.name)));
            }
        }
        let failed = test.rows("SELECT type, reason FROM webhook_events WHERE state = 'failed'").await;
        assert_eq!(failed, Vec::<Value>::new(), "{version}");
    }
    assert_eq!(holes, Vec::<String>::new(), "columns are empty whose fact the samples have");
}

/// Some samples have an empty id, which no object of Stripe's has.
fn complete(object: &mut Value) {
    if object["id"] == "" {
        object["id"] = json!("sample");
    }
}

/// Delivers a sample as an event of an API version, and expects it to be taken in.
async fn receive(test: &TestApp, version: &str, at: i64, object: &Value) {
    let kind = object["object"].as_str().expect("a sample says what it is");
    let mut event = told(&format!("{kind}.updated"), at, object);
    event["api_version"] = json!(version);
    test.receive(&event).await;
}

/// An event of an object, which need not have an id.
fn told(kind: &str, at: i64, object: &Value) -> Value {
    let named = json!({ "id": object["id"].as_str().unwrap_or("none") });
    let mut event = event(kind, at, &named);
    event["data"]["object"] = object.clone();
    event
}

async fn row(test: &TestApp, mirror: &Mirror, object: &Value) -> Value {
    let id = object[mirror.key].as_str().expect("a sample has what identifies it");
    let mut rows = test.rows(&format!("SELECT * FROM {} WHERE id = '{id}'", mirror.table)).await;
    assert_eq!(rows.len(), 1, "a row of {} {id}", mirror.object);
    rows.remove(0)
}

fn mark(mirror: &Mirror, column: &str, version: &str, object: &Value, held: &Value) -> Mark {
    let moved: Vec<&str> = MOVED
        .iter()
        .filter(|moved| moved.is_of(mirror.object, column, version))
        .map(|moved| moved.pointer)
        .collect();
    let own = format!("/{column}");
    let places = if moved.is_empty() { vec![own.as_str()] } else { moved };
    let facts = places.iter().filter_map(|place| object.pointer(place)).filter(|fact| !fact.is_null());
    let facts: Vec<&Value> = facts.collect();
    let lost = |fact: &&Value| held.is_null() || is_set(fact) && !is_set(held);
    if facts.is_empty() {
        Mark::NoSource
    } else if !facts.iter().all(lost) {
        Mark::Filled
    } else if EXPLAINED.iter().any(|hole| hole.is_of(mirror.object, column, version)) {
        Mark::Explained
    } else {
        Mark::Hole
    }
}

/// Whether a value, as a field or as a column, is more than the neutral one of its type.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        // SQLite has JSON and times as text.
        Value::String(text) => !text.is_empty() && text != "{}" && !text.starts_with("1970-01-01"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

#[tokio::test]
async fn every_type_of_event_is_taken_in() {
    let Some(place) = reference("event_types.txt") else { return };
    let types = fs::read_to_string(place).expect("it is text");
    let samples = samples().pop().map(|(_, samples)| samples).unwrap_or_default();
    let test = TestApp::start().await;
    for (at, kind) in (MADE..).zip(types.lines()) {
        let mut object = plausible(kind, &samples);
        complete(&mut object);
        if kind == "invoice.upcoming" {
            object.as_object_mut().expect("an object").remove("id");
        }
        test.receive(&told(kind, at, &object)).await;
    }
    let inbox = test.rows("SELECT type, state, reason FROM webhook_events").await;
    assert_eq!(inbox.len(), types.lines().count(), "each event is recorded");
    let failed: Vec<&Value> = inbox.iter().filter(|event| event["state"] == "failed").collect();
    assert_eq!(failed, Vec::<&Value>::new());
}

/// An object that an event of a type could tell of: a sample of the longest name in the type, or a bare object.
fn plausible(kind: &str, samples: &[(String, Value)]) -> Value {
    let (subject, _) = kind.rsplit_once('.').expect("a type has an object and a verb");
    let words: Vec<&str> = subject.split('.').collect();
    let mut names = (0..words.len()).map(|start| format!("{}.json", words[start..].join(".")));
    let sample = names.find_map(|name| samples.iter().find(|(file, _)| *file == name));
    match sample {
        Some((_, object)) => object.clone(),
        None => {
            json!({ "id": "obj_1", "object": subject, "created": MADE, "livemode": false, "metadata": {} })
        }
    }
}
