//! Stripe's official SDK for Node.js, as a caller of the simulation and as a signer of webhooks; the audits of GraphQL
//! over HTTP; and the schema before Relay's compiler and a linter.

use std::{path::Path, process::Command};

use serde_json::json;
use stripe_sim::{Options, Sim};

use crate::support::{TestApp, WEBHOOK_SECRET, anywhere, run};

#[tokio::test]
async fn the_sdk_takes_the_simulation_for_stripe() {
    let sim = Sim::new(Options::default());
    sim.listen(anywhere()).await.expect("a port is free");
    node("stripe_sdk_client.mjs", &[&sim.base_url(), "sk_test_sim"], "").await;
}

#[tokio::test]
async fn the_gateway_knows_the_sdks_signatures() {
    let test = TestApp::start().await;
    let (url, now) = (test.url("/webhooks/stripe"), test.sim.now().to_string());
    node("stripe_sdk_signer.mjs", &[&url, WEBHOOK_SECRET, &now], "").await;
    let rows = test.rows("SELECT id, name FROM customers").await;
    assert_eq!(rows, [json!({ "id": "cus_sdk_signer", "name": "Zoë Łukasiewicz" })]);
}

#[tokio::test]
async fn the_sdk_knows_the_simulations_signatures() {
    let (body, now) =
        (json!({ "id": "evt_1", "object": "event", "type": "customer.created" }), 1_790_812_800);
    let header = stripe_sim::signature(WEBHOOK_SECRET, now, body.to_string().as_bytes());
    let signed = json!({ "body": body.to_string(), "header": header }).to_string();
    node("stripe_sdk_signer.mjs", &["verify", WEBHOOK_SECRET, &now.to_string()], &signed).await;
}

#[tokio::test]
async fn the_gateway_passes_every_audit_of_graphql_over_http() {
    let test = TestApp::with(|settings| settings.graphql.billgraph_introspection = "public".to_owned()).await;
    node("graphql_http_audit.mjs", &[&test.url("/graphql")], "").await;
}

#[tokio::test]
async fn the_schema_is_one_for_relay_and_by_the_rules() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    node("relay_compiler.mjs", &[schema], "").await;
    node("schema_lint.mjs", &[schema], "").await;
}

/// Runs a script of `tests/node`, each of whose checks must succeed.
async fn node(script: &str, arguments: &[&str], input: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let needed = ["stripe", "graphql-http", "relay-compiler"];
    let installed = needed.map(|name| folder.join("node_modules").join(name).is_dir());
    assert!(
        installed == [true; 3],
        "run scripts/test, or install Node.js 20 and run `npm install` in tests/node"
    );
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(folder);
    let output = run(command, input).await;
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.starts_with("ok: "), "{script}: {told}");
}
