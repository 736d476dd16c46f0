//! Schemathesis asks for everything that the schema has, in ways that nobody would think of.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use billgraph::auth::Role;

use crate::support::{TestApp, billing::account};

/// How many questions it asks by each field of the roots, for each of three who ask.
const EACH: &str = "7";

/// How many of them there are at least for each who asks: two thousand for all three.
const LEAST: usize = 667;

#[tokio::test]
async fn an_admin_gets_no_error_that_nobody_foresaw() {
    let test = gateway().await;
    fuzz(&test, Some(&test.service(Role::Admin).await)).await;
}

#[tokio::test]
async fn a_user_gets_no_error_that_nobody_foresaw() {
    let test = gateway().await;
    fuzz(&test, Some(&test.linked("a").await)).await;
}

#[tokio::test]
async fn nobody_gets_an_error_that_nobody_foresaw() {
    fuzz(&gateway().await, None).await;
}

async fn gateway() -> TestApp {
    let test =
        TestApp::with(|settings| settings.graphql.billgraph_introspection = String::from("public")).await;
    test.know(&[account("a", "user_id"), account("b", "user_id")].concat()).await;
    test
}

/// The same questions each time: a failure is one until it is mended.
async fn fuzz(test: &TestApp, token: Option<&str>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let program = folder.join(".venv/bin/schemathesis");
    assert!(
        program.is_file(),
        "run scripts/test, or install tests/python/requirements.txt in tests/python/.venv"
    );
    let mut command = Command::new(program);
    command
        .args(["run", &test.url("/graphql"), "--phases=fuzzing", "--seed=1", "--max-examples", EACH])
        .args([
            "--checks=told_in_our_words",
            "--continue-on-failure",
            "--generation-database=none",
            "--no-color",
        ])
        .env("SCHEMATHESIS_HOOKS", "answers")
        .current_dir(folder);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    // That many take their time on a busy machine: the runner of the tests says how long is too long.
    let ended = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output());
    let output = ended.await.expect("the thread does not panic").expect("the program starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(generated(&told).is_some_and(|count| count >= LEAST), "{told}");
    let healthy = test.graphql(token, "{ __typename }", serde_json::json!({})).await;
    assert_eq!(healthy["data"]["__typename"], "Query");
}

/// How many questions it says that it made: `720 generated, 720 passed`.
fn generated(told: &str) -> Option<usize> {
    let (before, _) = told.rsplit_once(" generated")?;
    before.split_whitespace().next_back()?.parse().ok()
}

#[test]
fn questions_are_counted() {
    assert_eq!(generated("Test cases:\n  720 generated, 720 passed"), Some(720));
    assert_eq!(generated("Test cases:\n  0 generated"), Some(0));
    assert_eq!(generated("No test cases were generated"), None);
    assert_eq!(generated(""), None);
}
