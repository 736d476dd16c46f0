//! The invariants of `ARCHITECTURE.md` that no compiler checks, and the documents that must keep up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use billgraph::config::Settings;
use clap::Args;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder, by their path from the root, with what they contain.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("it is text")));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

#[test]
fn modules_import_only_what_they_may() {
    for (folder, forbidden) in [
        ("src/mirror", ["crate::graphql", "crate::webhook", "crate::app", "axum"].as_slice()),
        ("src/changes", &["crate::graphql", "crate::webhook", "crate::app", "axum"]),
        ("src/stripe", &["crate::graphql", "crate::webhook", "crate::app", "crate::mirror"]),
        ("src/auth", &["crate::graphql", "crate::webhook", "crate::app"]),
        ("src/graphql", &["crate::webhook", "crate::commands"]),
        ("src/webhook", &["crate::graphql", "crate::commands"]),
        ("src/sync", &["crate::graphql", "crate::webhook", "crate::commands", "axum"]),
        ("entity/src", &["axum", "tokio", "reqwest", "billgraph::"]),
        ("migration/src", &["entity::", "billgraph::"]),
    ] {
        for (file, text) in sources(folder).iter().filter(|(file, _)| !file.contains("tests")) {
            // A file's own tests may start a server.
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for name in forbidden {
                assert!(!text.contains(name), "{file} uses {name}");
            }
        }
    }
}

#[test]
fn errors_leave_by_one_door() {
    for (file, text) in sources("src").iter().filter(|(file, _)| file != "src/error.rs") {
        for door in ["async_graphql::Error", "async_graphql::Result", "async_graphql::{Error"] {
            assert!(!text.contains(door), "{file} uses {door}");
        }
    }
}

#[test]
fn every_setting_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("it is there");
    let command = Settings::augment_args(clap::Command::new("billgraph"));
    for variable in command.get_arguments().filter_map(|argument| argument.get_env()) {
        let row = format!("| `{}` |", variable.display());
        assert!(readme.contains(&row), "README.md has a row for {}", variable.display());
    }
}
