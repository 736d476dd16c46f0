//! Stripe's official SDK for Node.js, as a caller of the simulation and as a signer of webhooks; the audits of GraphQL
//! over HTTP; the schema before a linter, what tells breaking changes, and what composes subgraphs; Apollo Client, urql,
//! Relay, and the example that graphql-codegen types, as callers of the gateway.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use billgraph::{auth::Role, config::Settings};
use serde_json::json;
use stripe_sim::{Delivery, DeliveryMode, Options, Sim};
use tempfile::TempDir;

use crate::support::{
    ENDIVE, MONTHLY, Running, THANKS, TestApp, WEBHOOK_SECRET, anywhere,
    process::text,
    run,
    socket::{Socket, soon},
};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");

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
async fn the_schema_is_by_the_rules() {
    node("schema_lint.mjs", &[SCHEMA], "").await;
}

#[tokio::test]
async fn apollo_client_is_served() {
    let (_test, told) = shop(|_| {}).await;
    node("apollo_client.mjs", &told.each_ref().map(String::as_str), "").await;
}

#[tokio::test]
async fn urql_is_served() {
    let (_test, told) = shop(|_| {}).await;
    node("urql_client.mjs", &told.each_ref().map(String::as_str), "").await;
}

#[tokio::test]
async fn relay_is_served_by_the_names_of_its_documents() {
    let folder = TempDir::with_prefix("billgraph-test-").expect("a folder can be made");
    let path = folder.path().to_str().expect("the path is text");
    node("relay_compiler.mjs", &[SCHEMA, path], "").await;
    let manifest = folder.path().join("documents.json");
    let trust = |settings: &mut Settings| {
        settings.graphql.billgraph_trusted_documents = Some(manifest.display().to_string());
        settings.graphql.billgraph_trusted_documents_for = "anonymous".to_owned();
    };
    let (_test, [url, token, thanks, cursor]) = shop(trust).await;
    node("relay_client.mjs", &[&url, &token, &thanks, &cursor, path], "").await;
}

#[tokio::test]
async fn the_typescript_example_is_typed_and_served() {
    let folder = example();
    for script in ["generate", "build"] {
        let mut command = Command::new("npm");
        command.args(["run", "--silent", script]).current_dir(&folder);
        let output = run(command, "").await;
        let (told, failed) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{script}: {told}{failed}");
    }
    let manifest = folder.join("src/generated/persisted-documents.json").display().to_string();
    for manifest in [None, Some(manifest)] {
        let is_trusted = manifest.is_some();
        let (test, told) = shop(|settings| settings.graphql.billgraph_trusted_documents = manifest).await;
        let start = |options: &[&str]| {
            let [url, token, thanks, cursor] = &told;
            let mut command = Command::new("node");
            command.current_dir(&folder).arg("dist/main.js").args(options);
            command.args(["--after", cursor, url, token, thanks]);
            Running::start(command)
        };
        if is_trusted {
            let (status, lines) = start(&[]).end().await;
            let refused = lines.iter().any(|line| line.contains("FORBIDDEN: Only trusted documents"));
            assert!(refused && !status.success(), "a document that is sent: {lines:?}");
        }
        let mut running = start(if is_trusted { &["--trusted"] } else { &[] });
        let session = soon(running.lines.recv()).await;
        assert_eq!(session.as_deref(), Some("u_1 is ACTIVE and may use nothing yet."));
        let page = running.line("Pay at ").await;
        test.pay(page.trim_start_matches("Pay at ")).await;
        let (status, lines) = running.end().await;
        let bought = lines.last().is_some_and(|line| line.contains(" of Team is ACTIVE (cursor "));
        assert!(bought && status.success(), "{lines:?}");
    }
}

/// A gateway that takes in events as they happen, and a user who has bought something three times; and what clients are
/// told: its URL, the user's token, where Checkout may return to, and a cursor behind which nothing has changed yet.
async fn shop(change: impl FnOnce(&mut Settings)) -> (TestApp, [String; 4]) {
    const CHANGED: &str = "subscription { subscriptionChanged { cursor } }";
    let test = TestApp::with(change).await;
    test.connect_webhooks(ENDIVE);
    let price = test.price(MONTHLY).await;
    let customer = test.at_stripe("/v1/customers", "metadata[user_id]=u_1").await;
    let attach = "/v1/payment_methods/pm_card_visa/attach";
    let card = test.at_stripe(attach, &format!("customer={customer}")).await;
    let form = format!("customer={customer}&items[0][price]={price}&default_payment_method={card}");
    let mut subscription = String::new();
    for _ in 0..3 {
        subscription = test.at_stripe("/v1/subscriptions", &form).await;
        test.sim.advance(60);
    }
    test.deliver().await;
    let mut socket = Socket::signed_in(&test, &test.service(Role::Reader).await).await;
    socket.follow(&test, CHANGED).await;
    test.at_stripe(&format!("/v1/subscriptions/{subscription}"), "metadata[plan]=team").await;
    test.deliver().await;
    let changed = socket.data().await;
    let cursor = changed["subscriptionChanged"]["cursor"].as_str().expect("a change has a cursor").to_owned();
    test.sim.set_delivery(Delivery { mode: DeliveryMode::Automatic, ..Delivery::default() });
    let told = [test.url("/graphql"), test.user("u_1"), THANKS.to_owned(), cursor];
    (test, told)
}

/// The folder of the example.
fn example() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/typescript");
    assert!(
        folder.join("node_modules/typescript").is_dir(),
        "run scripts/test, or `npm install` in examples/typescript"
    );
    folder
}

#[tokio::test]
async fn what_breaks_clients_is_in_the_changelog() {
    node("schema_diff.mjs", &[env!("CARGO_MANIFEST_DIR")], "").await;
}

#[tokio::test]
async fn the_schema_is_composed_with_another_subgraph() {
    node("composition.mjs", &[], &billgraph::graphql::subgraph_sdl()).await;
}

/// Runs a script of `tests/node`, each of whose checks must succeed.
async fn node(script: &str, arguments: &[&str], input: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let needed = ["stripe", "graphql-http", "relay-compiler", "@apollo/client"];
    let installed = needed.map(|name| folder.join("node_modules").join(name).is_dir());
    assert!(
        installed == [true; 4],
        "run scripts/test, or install Node.js 20 and run `npm install` in tests/node"
    );
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(folder);
    let output = run(command, input).await;
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.starts_with("ok: "), "{script}: {told}");
}
