//! Filters: what is asked is what is answered, and nothing that is not the viewer's is told.

use std::collections::BTreeSet;

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account, customer, subscription},
};

/// The ids of a list's rows, without their prefix.
async fn found(
    test: &TestApp,
    token: Option<&str>,
    list: &str,
    kind: &str,
    filter: &Value,
) -> BTreeSet<String> {
    let query =
        format!("query($filter: {kind}Filter) {{ {list}(filter: $filter) {{ totalCount nodes {{ id }} }} }}");
    let data = test.data(token, &query, json!({ "filter": filter })).await;
    let nodes = data[list]["nodes"].as_array().expect("nodes are a list");
    assert_eq!(data[list]["totalCount"], nodes.len(), "{list} with {filter}");
    let ids = nodes.iter().map(|node| node["id"].as_str().expect("an id is text"));
    ids.map(|id| id.split_once(['_', ':']).map_or(id, |(_, id)| id).to_owned()).collect()
}

fn set(ids: &str) -> BTreeSet<String> {
    ids.split_whitespace().map(str::to_owned).collect()
}

/// Customers, some with a subscription, of whom much is known.
async fn shop() -> (TestApp, String) {
    let test = TestApp::start().await;
    let of = |who: &str, made: i64, email: Value, name: Value, plan: &str| {
        let mut customer = customer(who, "user_id");
        customer["created"] = (MADE + made).into();
        customer["email"] = email;
        customer["name"] = name;
        customer["currency"] = if made < 2 { json!("usd") } else { Value::Null };
        customer["metadata"] = json!({ "plan": plan, "it's \"odd\"": "100%" });
        customer
    };
    let mut metadata = of("d", 3, Value::Null, json!("100% Pure_"), "free");
    metadata["metadata"] = json!({});
    let mut objects = vec![
        of("a", 0, json!("Ann@Example.com"), json!("Ann Other"), "pro"),
        of("b", 1, json!("anna@example.com"), json!("Bob"), "free"),
        of("c", 2, json!("carl@example.org"), Value::Null, "pro"),
        metadata,
    ];
    for (who, status, price) in
        [("a", "active", "x"), ("b", "past_due", "x"), ("c", "past_due", "y"), ("e", "new", "y")]
    {
        let mut made = subscription(who, status);
        made["items"]["data"][0]["price"] = json!({ "id": format!("price_{price}"), "object": "price" });
        objects.push(made);
    }
    test.know(&objects).await;
    let admin = test.service(Role::Admin).await;
    (test, admin)
}

#[tokio::test]
async fn wrong_filters_are_refused() {
    let (test, admin) = shop().await;
    let query = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { id } } }";
    let deep = (0..7).fold(json!({}), |filter, _| json!({ "not": filter }));
    let many = json!({ "or": vec![json!({ "email": { "eq": "a" } }); 40] });
    for filter in [
        json!([]),
        json!("a"),
        json!({ "raw": { "contains": "a" } }),
        json!({ "deleted": { "eq": true } }),
        json!({ "account": { "eq": "" } }),
        json!({ "id": { "like": "cus_%" } }),
        json!({ "email": "a" }),
        json!({ "email": { "eq": 1.5 } }),
        json!({ "email": { "eq": "a\0" } }),
        json!({ "email": { "startsWith": "a".repeat(257) } }),
        json!({ "id": { "in": vec!["cus_a"; 101] } }),
        json!({ "created": { "gt": "yesterday" } }),
        json!({ "created": { "gt": "+99999-01-01T00:00:00Z" } }),
        json!({ "created": { "gt": 1 } }),
        json!({ "delinquent": { "eq": "true" } }),
        json!({ "subscriptions": { "status": { "eq": "NEW" } } }),
        json!({ "subscriptions": { "status": { "eq": "past_due" } } }),
        json!({ "metadata": [{ "eq": "pro" }] }),
        json!({ "metadata": [{ "key": "plan\0", "eq": "pro" }] }),
        json!({ "metadata": [{ "key": "plan", "eq": { "a": 1 } }] }),
        deep,
        many,
    ] {
        let answer = test.graphql(Some(&admin), query, json!({ "filter": filter })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{filter}: {answer}");
    }
    let document = format!(
        "{{ customers(filter: {}{{}}{}) {{ nodes {{ id }} }} }}",
        "{not:".repeat(200),
        "}".repeat(200)
    );
    let answer = test.graphql(Some(&admin), &document, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{answer}");
}

#[tokio::test]
async fn columns_are_compared_by_their_types() {
    let (test, admin) = shop().await;
    let at = |seconds: i64| {
        let time = chrono::DateTime::from_timestamp(MADE + seconds, 0).expect("it is in range");
        json!(time.to_rfc3339())
    };
    for (filter, expected) in [
        (Value::Null, "a b c d"),
        (json!({}), "a b c d"),
        (json!({ "id": null, "email": { "eq": null } }), "a b c d"),
        (json!({ "id": { "eq": "cus_b" } }), "b"),
        (json!({ "id": { "ne": "cus_b" } }), "a c d"),
        (json!({ "id": { "in": ["cus_b", "cus_c", "cus_x"] } }), "b c"),
        (json!({ "id": { "in": [] } }), ""),
        (json!({ "created": { "gt": at(1) } }), "c d"),
        (json!({ "created": { "gte": at(1), "lt": at(3) } }), "b c"),
        (json!({ "created": { "lte": at(1) } }), "a b"),
        (json!({ "currency": { "eq": "usd" } }), "a b"),
        (json!({ "currency": { "ne": "usd" } }), "c d"),
        (json!({ "currency": { "ne": "eur" } }), "a b c d"),
        (json!({ "currency": { "isNull": true } }), "c d"),
        (json!({ "currency": { "isNull": false } }), "a b"),
        // Search knows no case, and no wildcards.
        (json!({ "email": { "startsWith": "ANN" } }), "a b"),
        (json!({ "email": { "startsWith": "ann@" } }), "a"),
        (json!({ "email": { "startsWith": "" } }), "a b c"),
        (json!({ "email": { "startsWith": "a%" } }), ""),
        (json!({ "email": { "eq": "Ann@Example.com" } }), "a"),
        (json!({ "email": { "eq": "ann@example.com" } }), ""),
        (json!({ "email": { "in": ["Ann@Example.com", "carl@example.org"] } }), "a c"),
        (json!({ "email": { "contains": "EXAMPLE.COM" } }), "a b"),
        (json!({ "name": { "startsWith": "100%" } }), "d"),
        (json!({ "name": { "contains": "_" } }), "d"),
        (json!({ "name": { "startsWith": "'; DROP TABLE customers; --" } }), ""),
        (json!({ "name": { "isNull": true } }), "c"),
    ] {
        assert_eq!(
            found(&test, Some(&admin), "customers", "Customer", &filter).await,
            set(expected),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn filters_are_combined() {
    let (test, admin) = shop().await;
    let id = |id: &str| json!({ "id": { "eq": format!("cus_{id}") } });
    for (filter, expected) in [
        (json!({ "and": [] }), "a b c d"),
        (json!({ "or": [] }), ""),
        (json!({ "or": [id("a"), id("c")] }), "a c"),
        (json!({ "and": [{ "or": [id("a"), id("c")] }, { "currency": { "eq": "usd" } }] }), "a"),
        (json!({ "or": [id("a"), id("c")], "currency": { "eq": "usd" } }), "a"),
        (json!({ "not": id("a") }), "b c d"),
        (json!({ "not": {} }), ""),
        (json!({ "not": { "not": id("a") } }), "a"),
        // What is unknown is not so either.
        (json!({ "not": { "currency": { "eq": "usd" } } }), "c d"),
        (json!({ "not": { "or": [{ "currency": { "eq": "usd" } }, id("c")] } }), "d"),
    ] {
        assert_eq!(
            found(&test, Some(&admin), "customers", "Customer", &filter).await,
            set(expected),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn metadata_is_found_by_key_and_value() {
    let (test, admin) = shop().await;
    for (filter, expected) in [
        (json!({ "key": "plan", "eq": "pro" }), "a c"),
        (json!([{ "key": "plan", "eq": "pro" }, { "key": "it's \"odd\"", "eq": "100%" }]), "a c"),
        (json!([{ "key": "it's \"odd\"", "eq": "100" }]), ""),
        (json!([{ "key": "plan", "in": ["pro", "free"] }]), "a b c"),
        (json!([{ "key": "plan", "isNull": true }]), "d"),
        (json!([{ "key": "plan", "isNull": false }]), "a b c"),
        (json!([{ "key": "Plan", "eq": "pro" }]), ""),
    ] {
        let filter = json!({ "metadata": filter });
        assert_eq!(
            found(&test, Some(&admin), "customers", "Customer", &filter).await,
            set(expected),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn relations_are_followed_both_ways() {
    let (test, admin) = shop().await;
    let has = |filter: Value| json!({ "subscriptions": filter });
    let with_price = |price: &str| json!({ "some": null, "items": { "price": { "id": { "eq": price } } } });
    let mut late = with_price("price_x");
    late.as_object_mut().map(|late| late.remove("some"));
    late["status"] = json!({ "eq": "PAST_DUE" });
    for (filter, expected) in [
        (has(json!({})), "a b c"),
        (json!({ "not": has(json!({})) }), "d"),
        (has(json!({ "status": { "eq": "PAST_DUE" } })), "b c"),
        // No price arrived: it is none that could be followed.
        (has(late), ""),
        (has(json!({ "status": { "ne": "PAST_DUE" } })), "a"),
        (json!({ "not": has(json!({ "status": { "eq": "PAST_DUE" } })) }), "a d"),
        (
            has(
                json!({ "status": { "in": ["ACTIVE", "PAST_DUE"] }, "customer": { "id": { "eq": "cus_c" } } }),
            ),
            "c",
        ),
    ] {
        assert_eq!(
            found(&test, Some(&admin), "customers", "Customer", &filter).await,
            set(expected),
            "{filter}"
        );
    }
    let prices =
        ["x", "y"].map(|who| json!({ "id": format!("price_{who}"), "object": "price", "created": MADE }));
    test.know(&prices).await;
    let late =
        has(json!({ "status": { "eq": "PAST_DUE" }, "items": { "price": { "id": { "eq": "price_x" } } } }));
    assert_eq!(found(&test, Some(&admin), "customers", "Customer", &late).await, set("b"));
    for (filter, expected) in [
        (json!({ "customer": { "email": { "startsWith": "ann" } } }), "a b"),
        // The customer of one never arrived.
        (json!({ "not": { "customer": {} } }), "e"),
        (json!({ "status": { "eq": "UNKNOWN" } }), "e"),
        (json!({ "status": { "ne": "UNKNOWN" } }), "a b c"),
        (json!({ "status": { "in": ["UNKNOWN", "ACTIVE"] } }), "a e"),
    ] {
        let subscriptions = found(&test, Some(&admin), "subscriptions", "Subscription", &filter).await;
        assert_eq!(subscriptions, set(expected), "{filter}");
    }
}

#[tokio::test]
async fn payments_of_an_organization_are_found() {
    let test = TestApp::start().await;
    test.know(&[account("team", "organization_id"), account("a", "user_id")].concat()).await;
    let exp = test.sim.now() + 3600;
    let team = json!({ "sub": "m", "org_id": "team", "org_role": "admin", "exp": exp });
    let link = json!({ "input": { "organizationId": "org:team" } });
    test.data(Some(&test.issuer.token(team)), crate::support::billing::LINK, link).await;
    let reader = test.service(Role::Reader).await;
    let filter = json!({ "customer": { "organization": { "organizationId": { "eq": "team" } } } });
    assert_eq!(found(&test, Some(&reader), "payments", "Payment", &filter).await, set("team"));
}

#[tokio::test]
async fn lists_within_objects_are_filtered_and_ordered_alike() {
    const LATE: &str = "query($late: SubscriptionFilter, $order: SubscriptionOrder) { customers { nodes { id
        subscriptions(filter: $late, orderBy: $order) { totalCount nodes { id status } } } } }";
    let (test, admin) = shop().await;
    let mut more = subscription("a2", "past_due");
    more["customer"] = "cus_a".into();
    test.know(&[more]).await;
    let before = test.app().db.statements();
    let late = json!({ "late": { "status": { "eq": "PAST_DUE" } } });
    let data = test.data(Some(&admin), LATE, late).await;
    let counted = test.app().db.statements() - before;
    let of = |place: usize| data["customers"]["nodes"][place]["subscriptions"].clone();
    let late = |who: &str| json!({ "totalCount": 1, "nodes": [{ "id": format!("sub_{who}"), "status": "PAST_DUE" }] });
    let none = json!({ "totalCount": 0, "nodes": [] });
    assert_eq!([of(0), of(1), of(2), of(3)], [none, late("c"), late("b"), late("a2")]);
    assert!(counted <= 4, "a statement for the token and one for each level and count: {counted}");
    for (direction, expected) in [("ASC", ["sub_a", "sub_a2"]), ("DESC", ["sub_a2", "sub_a"])] {
        let order = json!({ "order": { "field": "STATUS", "direction": direction } });
        let data = test.data(Some(&admin), LATE, order).await;
        let nodes = &data["customers"]["nodes"][3]["subscriptions"]["nodes"];
        assert_eq!([&nodes[0]["id"], &nodes[1]["id"]], expected, "{direction}");
    }
}

#[tokio::test]
async fn a_filter_tells_nothing_that_is_not_the_viewers() {
    let test = TestApp::start().await;
    let mut objects = [account("a", "user_id"), account("b", "user_id")].concat();
    for object in &mut objects {
        if object["object"] == "charge" {
            object["balance_transaction"] = "txn_a".into();
        }
    }
    objects.push(json!({ "id": "txn_a", "object": "balance_transaction", "amount": 900, "currency": "usd",
                         "created": MADE, "status": "available" }));
    // Something of A's refers to what is B's.
    objects.push(
        json!({ "id": "ch_odd", "object": "charge", "customer": "cus_a", "invoice": "in_b", "amount": 1,
                         "currency": "usd", "created": MADE, "status": "succeeded" }),
    );
    test.know(&objects).await;
    let (a, admin) = (test.linked("a").await, test.service(Role::Admin).await);
    for (filter, own, all) in [
        (json!({}), "a odd", "a b odd"),
        (json!({ "id": { "in": ["ch_a", "ch_b"] } }), "a", "a b"),
        (json!({ "not": { "id": { "eq": "ch_a" } } }), "odd", "b odd"),
        (json!({ "or": [{ "id": { "eq": "ch_b" } }, { "amount": { "gte": 0 } }] }), "a odd", "a b odd"),
        (json!({ "balanceTransaction": {} }), "", "a b"),
        (json!({ "balanceTransaction": { "amount": { "eq": 900 } } }), "", "a b"),
        (json!({ "not": { "balanceTransaction": { "amount": { "eq": 900 } } } }), "a odd", "odd"),
        (json!({ "invoice": {} }), "a", "a b odd"),
        (json!({ "invoice": { "id": { "eq": "in_b" } } }), "", "b odd"),
        (json!({ "customer": { "charges": { "invoice": { "id": { "eq": "in_b" } } } } }), "", "a b odd"),
        (json!({ "customer": { "user": { "userId": { "eq": "b" } } } }), "", ""),
    ] {
        if filter.pointer("/customer/user").is_none() {
            assert_eq!(found(&test, Some(&admin), "charges", "Charge", &filter).await, set(all), "{filter}");
        }
        assert_eq!(found(&test, Some(&a), "charges", "Charge", &filter).await, set(own), "{filter}");
        assert_eq!(found(&test, None, "charges", "Charge", &filter).await, set(""), "{filter}");
    }
}

#[tokio::test]
async fn a_whole_table_is_read_for_an_admin_alone() {
    let (test, admin) = shop().await;
    let reader = test.service(Role::Reader).await;
    let query = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { id } } }";
    let usd = json!({ "currency": { "eq": "usd" } });
    let ann = json!({ "email": { "startsWith": "ann" } });
    for (filter, is_fast) in [
        (json!({}), true),
        (ann.clone(), true),
        (usd.clone(), false),
        (json!({ "and": [usd, ann] }), true),
        (json!({ "or": [usd, ann] }), false),
        (json!({ "and": [usd, {}] }), false),
        (json!({ "email": { "contains": "ann" } }), false),
    ] {
        test.data(Some(&admin), query, json!({ "filter": filter })).await;
        let answer = test.graphql(Some(&reader), query, json!({ "filter": filter })).await;
        let refused = answer["errors"][0]["extensions"]["code"] == "INVALID";
        assert_eq!(refused, !is_fast, "{filter}: {answer}");
        let of_user = test.data(Some(&test.user("nobody")), query, json!({ "filter": filter })).await;
        assert_eq!(of_user, json!({ "customers": { "nodes": [] } }), "{filter}");
    }
}
