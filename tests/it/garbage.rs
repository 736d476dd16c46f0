//! What Stripe never sends: whatever an event holds, the answer is no 5xx, no other event suffers, every row stays
//! readable, and a good event of the same object puts it right.

use billgraph::{
    auth::Role,
    mirror::{MIRRORS, Mirror, OTHER, mirror},
};
use entity::webhook_event;
use proptest::{prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner};
use reqwest::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::{
    fixtures::samples,
    support::{ACACIA, ENDIVE, TestApp, WEBHOOK_SECRET, billing::event},
};

/// How many events are spoilt.
const CASES: usize = 250;

/// When the good events happen that put things right: after all that a spoilt one can say.
const LATER: i64 = 4_000_000_000;

/// What is put in the place of a value: JSON text, or not even that.
fn garbage() -> Vec<Vec<u8>> {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    let keys = (0..10_000).map(|key| format!("\"key_{key}\":\"{key}\"")).collect::<Vec<_>>().join(",");
    let children = (0..40_000).map(|child| format!("{{\"id\":\"x_{child}\"}}")).collect::<Vec<_>>().join(",");
    // Nothing that a database could compress.
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'0' + u8::try_from(state >> 24).expect("it has eight bits") % 75).to_ascii_lowercase()
    });
    let noise: String = noise.filter(char::is_ascii_alphanumeric).take(200_000).collect();
    let mut all: Vec<Vec<u8>> = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        "-0.0",
        "\"\"",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "[{}]",
        "\"x\"",
        "1e400",
        "1e308",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "9404900000000",
        "-9404900000000",
        "8210266876800",
        "-8334601228801",
        "253402300800",
        "-62135596801",
        "2147483648",
        "\"9404900000000\"",
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#"{"\u0000":"\u0000"}"#,
        r#"{"a\u0000":1,"a":{"b":"\u0000"}}"#,
        r#"["\u0000",null]"#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\\u0000""#,
        "\"a\u{0}b\"",
        "\"a\nb\"",
        "\"\u{2028}\u{10ffff}\u{7f}\"",
        r#"{"id":"a","id":"b"}"#,
        r#"1,"twice":1,"twice":2"#,
        r#"null,"id":null,"object":null"#,
        r#"{"object":"list","data":null,"has_more":false}"#,
        r#"{"object":"list","data":[null,7,"x",[],{},{"id":null},{"id":"x"},{"id":"x"}],"has_more":false}"#,
        r#"{"object":"list","data":{"id":"x"},"has_more":"yes"}"#,
        r#"{"id":"cus_1","object":"customer"}"#,
        r#"{"id":{"id":"x"}}"#,
        r#"{"id":7,"object":"customer"}"#,
        r#"{"id":"x","object":7}"#,
        "",
        "NaN",
        "]",
        "\"",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    all.extend([
        nested(200, "[", "]"),
        nested(100, "[", "]"),
        nested(120, "{\"a\":", "}"),
        nested(200, "{\"a\":", "}"),
        format!("{{{keys}}}").into_bytes(),
        format!("{{\"object\":\"list\",\"data\":[{children}],\"has_more\":false}}").into_bytes(),
        b"\"\xff\xfe\"".to_vec(),
        b"\"\xed\xa0\x80\"".to_vec(),
        format!("\"{noise}\"").into_bytes(),
        format!("\"{}\"", &noise[..3000]).into_bytes(),
        format!("\"{}\"", &noise[..300]).into_bytes(),
        format!("\"{}\"", "a".repeat(200_000)).into_bytes(),
        format!("\"{}\"", "é".repeat(200)).into_bytes(),
    ]);
    all
}

/// Good events of all kinds.
fn good() -> Vec<Value> {
    let sim = stripe_sim::Sim::new(stripe_sim::Options::default());
    sim.generate(300);
    let mut events = [sim.events(ENDIVE), sim.events(ACACIA)].concat();
    for (version, samples) in samples() {
        for (_, object) in samples {
            let named = object["object"].as_str().filter(|_| object["id"].is_string());
            let Some(kind) = named.map(|name| format!("{name}.updated")) else { continue };
            let mut told = event(&kind, 1_790_000_000, &object);
            told["api_version"] = version.as_str().into();
            events.push(told);
        }
    }
    events
}

/// A good event of an object of its own, and what identifies that object.
struct Case {
    event: Value,
    mirror: &'static Mirror,
    id: String,
}

impl Case {
    /// The same event of another object; `None` where nothing identifies it.
    fn of(event: &Value, number: usize) -> Option<Self> {
        let object = &event["data"]["object"];
        let mirror = mirror(object["object"].as_str()?).unwrap_or(&OTHER);
        let id = object[mirror.key].as_str()?;
        let own = format!("{id}_{number}");
        let text = event.to_string().replace(&format!("\"{id}\""), &format!("\"{own}\""));
        let mut event: Value = serde_json::from_str(&text).expect("it is JSON still");
        event["id"] = format!("evt_garbage_{number}").into();
        event["livemode"] = false.into();
        let data = event["data"].as_object_mut().expect("an event has data");
        data.entry("previous_attributes").or_insert_with(|| json!({ "metadata": { "a": null } }));
        Some(Self { event, mirror, id: own })
    }

    /// The body where some values are something else.
    fn spoilt(&self, places: &[(Index, Index)], garbage: &[Vec<u8>]) -> Vec<u8> {
        let mut event = self.event.clone();
        let mut pointers = Vec::new();
        pointers_of(&event, "", &mut pointers);
        // Another id is another event, and another account's or mode's is not for this mirror.
        pointers.retain(|pointer| !["/id", "/account", "/livemode"].contains(&pointer.as_str()));
        // What most depends on lies at the top: every other place is there.
        let (top, deep): (Vec<_>, Vec<_>) =
            pointers.iter().partition(|pointer| pointer.matches('/').count() <= 3);
        for (number, (place, _)) in places.iter().enumerate() {
            let pointer = place.get(if number % 2 == 0 || deep.is_empty() { &top } else { &deep });
            // An earlier one may have taken its place.
            if let Some(value) = event.pointer_mut(pointer) {
                *value = format!("@{number}@").into();
            }
        }
        let mut body = event.to_string().into_bytes();
        for (number, (_, what)) in places.iter().enumerate() {
            let mark = format!("\"@{number}@\"").into_bytes();
            if let Some(at) = body.windows(mark.len()).position(|window| window == mark) {
                body.splice(at..at + mark.len(), what.get(garbage).iter().copied());
            }
        }
        body
    }

    /// A good event that comes later.
    fn put_right(&self) -> Value {
        let mut event = self.event.clone();
        let object = &event["data"]["object"];
        let kind = format!("{}.created", object["object"].as_str().expect("it has a name"));
        event["id"] = format!("{}_right", event["id"].as_str().expect("it has an id")).into();
        event["type"] = kind.into();
        event["created"] = LATER.into();
        event
    }
}

fn pointers_of(value: &Value, at: &str, pointers: &mut Vec<String>) {
    let mut add = |name: &str, value: &Value| {
        let pointer = format!("{at}/{name}");
        pointers_of(value, &pointer, pointers);
        pointers.push(pointer);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| add(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| add(&index.to_string(), value));
        }
        _ => {}
    }
}

#[tokio::test]
async fn whatever_an_event_holds_harms_nothing() {
    let test = TestApp::start().await;
    let (good, garbage) = (good(), garbage());
    let mut runner = TestRunner::default();
    let strategy = (any::<Index>(), prop::collection::vec(any::<(Index, Index)>(), 1..4));
    for number in 0..CASES {
        let tree = strategy.new_tree(&mut runner).expect("nothing is filtered");
        let (event, mut places) = tree.current();
        // Each kind of garbage has its turn.
        let Some(case) = Case::of(event.get(&good), number) else { continue };
        if let Some(spoilt) = places.pop() {
            let body = case.spoilt(&[spoilt], &[garbage[number % garbage.len()].clone()]);
            assert_harmless(&test, &case, body).await;
        }
        let many = Case::of(event.get(&good), CASES + number).expect("as above");
        assert_harmless(&test, &many, many.spoilt(&places, &garbage)).await;
    }
    assert_readable(&test).await;
}

async fn assert_harmless(test: &TestApp, case: &Case, body: Vec<u8>) {
    let shown: String = String::from_utf8_lossy(&body).chars().take(6000).collect();
    let signature = stripe_sim::signature(WEBHOOK_SECRET, test.sim.now(), &body);
    let (status, answer) = test.post_webhook(Some(&signature), body).await;
    let id = case.event["id"].as_str().expect("it has an id");
    let held = test.rows(&format!("SELECT state, reason FROM webhook_events WHERE id = '{id}'")).await;
    match status {
        StatusCode::OK => {
            let taken_in = held.first().map(|row| &row["state"]);
            assert!(taken_in.is_some_and(|state| state != "failed"), "{held:?}: {shown}");
        }
        // Several long values may be more than is read.
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            assert_eq!(held, [] as [Value; 0], "{shown}");
        }
        _ => panic!("{status} {answer}: {shown}"),
    }
    let mut another =
        event("customer.created", 1, &json!({ "id": format!("cus_{id}"), "object": "customer" }));
    another["id"] = format!("{id}_another").into();
    test.receive(&another).await;
    test.receive(&case.put_right()).await;
    let (table, key) = (case.mirror.table, &case.id);
    let row = test.rows(&format!("SELECT stamp, deleted FROM {table} WHERE id = '{key}'")).await;
    assert_eq!(row.first().map(|row| &row["stamp"]), Some(&json!(LATER)), "it is put right: {shown}");
    let row = test.rows(&format!("SELECT id FROM customers WHERE id = 'cus_{id}'")).await;
    assert_eq!(row.len(), 1, "another is taken in: {shown}");
}

/// Expects that every row can be read, what Stripe sent among it.
async fn assert_readable(test: &TestApp) {
    for mirror in MIRRORS.iter().chain([&*OTHER]) {
        test.rows(&format!("SELECT *, raw->>'id' AS said FROM {}", mirror.table)).await;
    }
    let inbox = webhook_event::Entity::find().all(&test.app().db.reader).await.expect("it can be read");
    assert!(inbox.len() > CASES);
    let reader = test.service(Role::Reader).await;
    for field in ["customers", "subscriptions", "invoices", "payments", "products", "prices"] {
        let mut after = Value::Null;
        loop {
            let query = format!(
                "query($after: String) {{ {field}(first: 100, after: $after) \
                 {{ nodes {{ id created metadata }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let page = test.data(Some(&reader), &query, json!({ "after": after })).await[field].take();
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}
