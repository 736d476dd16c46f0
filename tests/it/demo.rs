//! `billgraph demo`: what it prints works when it is pasted into a shell.

use std::{process::Command, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{Running, run};

#[tokio::test]
async fn its_three_lines_work_when_pasted() {
    let folder = TempDir::with_prefix("billgraph-test-").expect("a folder can be made");
    let manifest = folder.path().join("manifest.json");
    std::fs::write(&manifest, r#"{ "type": "{ __typename }" }"#).expect("a file can be written");
    let mut command = demo(&folder);
    command.env("BILLGRAPH_TRUSTED_DOCUMENTS", manifest).env("BILLGRAPH_INTROSPECTION", "off");
    let mut demo = Running::start(command);
    let url = demo.line("billgraph demo: GraphQL at http://127.0.0.1:").await;
    assert!(!url.contains(":0/"), "{url} is where it listens");
    let (query, watch, checkout) =
        (demo.line("curl").await, demo.line("curl").await, demo.line("curl").await);

    let viewer = &paste(&query).await["data"]["viewer"];
    for shown in
        ["/status", "/customer/email", "/customer/subscriptions/nodes/0", "/customer/payments/nodes/0"]
    {
        assert!(viewer.pointer(shown).is_some_and(|value| !value.is_null()), "{shown} in {viewer}");
    }

    // The schema can be read there, whatever the settings say, and by anybody.
    let address = url.trim_start_matches("billgraph demo: GraphQL at ").trim();
    let body = r#"{"query":"{ __schema { queryType { name } } }"}"#;
    let schema = format!("curl -s -H 'content-type: application/json' -d '{body}' {address}");
    assert_eq!(paste(&schema).await["data"]["__schema"]["queryType"]["name"], "Query");

    let mut watching = Running::start(bash(&watch));
    let change = timeout(Duration::from_secs(30), buy_until_seen(&checkout, &mut watching)).await;
    let change = change.expect("whoever watches sees that something is bought");
    let id = change["data"]["subscriptionChanged"]["subscription"]["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{change}"));
    assert!(!viewer.to_string().contains(id), "{id} is new");
    let viewer = paste(&query).await.to_string();
    assert!(viewer.contains(id), "{id} in {viewer}");

    let status = demo.interrupt().await;
    assert_eq!(status.code(), Some(0), "{status}");
}

#[tokio::test]
async fn settings_that_are_wrong_are_told() {
    let folder = TempDir::with_prefix("billgraph-test-").expect("a folder can be made");
    let mut command = demo(&folder);
    command.args(["--billgraph-listen", "everywhere"]);
    let output = run(command, "").await;
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("BILLGRAPH_LISTEN is `everywhere`"), "{told}");
}

/// The program, without this machine's settings.
fn demo(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billgraph"));
    command.arg("demo").env_clear().current_dir(folder.path());
    command.env("BILLGRAPH_LISTEN", "127.0.0.1:0").env("BILLGRAPH_LOG", "warn");
    command
}

/// Opens a payment page and pays there, again as long as whoever watches saw nothing: a watch says not when it starts.
async fn buy_until_seen(checkout: &str, watching: &mut Running) -> Value {
    loop {
        let answer = paste(checkout).await;
        let session = &answer["data"]["createCheckoutSession"]["checkoutSession"];
        let url = session["url"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(shell(&format!("curl -s '{url}'")).await.contains("<form method=\"post\">"), "{url}");
        let paid = shell(&format!("curl -s -L -d action=pay '{url}'")).await;
        assert!(paid.contains("Thank you"), "{paid}");
        if let Ok(line) = timeout(Duration::from_secs(3), watching.line("data:")).await {
            return serde_json::from_str(line.trim_start_matches("data:")).expect("JSON");
        }
    }
}

/// The answer to a printed line, which has no errors.
async fn paste(line: &str) -> Value {
    let printed = shell(line).await;
    let answer: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(answer.get("errors"), None, "{line}");
    answer
}

async fn shell(line: &str) -> String {
    let output = run(bash(line), "").await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(127), "bash and curl are needed: {told}");
    assert!(output.status.success(), "{line}: {} {told}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Bash gives way to the line's program, so that this is the one which is stopped in the end.
fn bash(line: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("exec {line}")]);
    command
}
