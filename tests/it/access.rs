//! Who may see what: what is not one's own answers like what does not exist, by every field.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{LINK, account, catalogue, customer},
};

/// The beginnings of ids, and the root field that takes such an id, where there is one.
const OBJECTS: [(&str, Option<&str>); 13] = [
    ("user:", Some("user")),
    ("cus_", Some("customer")),
    ("sub_", Some("subscription")),
    ("pi_", Some("payment")),
    ("in_", Some("invoice")),
    ("prod_", Some("product")),
    ("price_", Some("price")),
    ("cs_", Some("checkoutSession")),
    ("si_", None),
    ("inpay_", None),
    ("ch_", None),
    ("re_", None),
    ("pm_", None),
];

const LISTS: &str = "{ users { ...u } customers { ...c } subscriptions { ...s } payments { ...p } invoices { ...i }
    products { ...r } prices { ...x } }
    fragment u on UserConnection { nodes { id } totalCount } fragment c on CustomerConnection { nodes { id } totalCount }
    fragment s on BillingSubscriptionConnection { nodes { id } totalCount }
    fragment p on PaymentIntentConnection { nodes { id } totalCount } fragment i on InvoiceConnection { nodes { id } totalCount }
    fragment r on ProductConnection { nodes { id } totalCount } fragment x on PriceConnection { nodes { id } totalCount }";

/// The text of an answer to a query with an id.
async fn text(test: &TestApp, token: Option<&str>, query: &str, id: &str) -> String {
    let mut request = test.client.post(test.url("/graphql"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let request = request.json(&json!({ "query": query, "variables": { "id": id } }));
    request.send().await.expect("the gateway answers").text().await.expect("the answer is text")
}

/// Every way to ask for an id answers strangers like an id that does not exist, and the owner otherwise.
async fn assert_private(
    test: &TestApp,
    id: &str,
    field: Option<&str>,
    owner: &str,
    strangers: &[Option<&str>],
) {
    let mut queries = vec![
        "query($id: ID!) { node(id: $id) { __typename id } }".to_owned(),
        "query($id: ID!) { nodes(ids: [$id]) { __typename id } }".to_owned(),
    ];
    queries.extend(field.map(|field| format!("query($id: ID!) {{ {field}(id: $id) {{ id }} }}")));
    let (prefix, _) = id.split_at(id.find(['_', ':']).expect("an id has a prefix") + 1);
    for query in queries {
        for stranger in strangers {
            let missing = text(test, *stranger, &query, &format!("{prefix}nobody")).await;
            assert!(missing.contains("null") && !missing.contains("errors"), "{query}: {missing}");
            assert_eq!(text(test, *stranger, &query, id).await, missing, "{query} of {id}");
        }
        let own = text(test, Some(owner), &query, id).await;
        assert!(own.contains(&format!("\"id\":\"{id}\"")), "{query} of {id} by its owner: {own}");
    }
}

async fn two_accounts() -> (TestApp, String, String) {
    let test = TestApp::start().await;
    test.know(&[account("a", "user_id"), account("b", "user_id"), catalogue("open", true).into()].concat())
        .await;
    let (a, b) = (test.linked("a").await, test.linked("b").await);
    (test, a, b)
}

fn listed(ids: [&[&str]; 7]) -> Value {
    let names = ["users", "customers", "subscriptions", "payments", "invoices", "products", "prices"];
    let lists = names.into_iter().zip(ids).map(|(name, ids)| {
        let nodes: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        (name.to_owned(), json!({ "totalCount": nodes.len(), "nodes": nodes }))
    });
    Value::Object(lists.collect())
}

#[tokio::test]
async fn a_foreign_id_answers_like_one_that_does_not_exist() {
    let (test, a, b) = two_accounts().await;
    for (prefix, field) in OBJECTS {
        assert_private(&test, &format!("{prefix}b"), field, &b, &[None, Some(&a)]).await;
    }
}

#[tokio::test]
async fn lists_hold_what_is_ones_own_and_the_catalogue() {
    let (test, a, b) = two_accounts().await;
    let public = listed([&[], &[], &[], &[], &[], &["prod_open"], &["price_open"]]);
    assert_eq!(test.data(None, LISTS, json!({})).await, public, "of nobody");
    assert_eq!(test.data(Some(&test.user("stranger")), LISTS, json!({})).await, public, "of a stranger");
    for (token, who) in [(a, "a"), (b, "b")] {
        let ids =
            ["user:", "cus_", "sub_", "pi_", "in_", "prod_", "price_"].map(|prefix| format!("{prefix}{who}"));
        let [user, customer, subscription, payment, invoice, product, price] =
            ids.each_ref().map(String::as_str);
        let (products, prices) = ([("prod_open"), product], ["price_open", price]);
        let own = [&[user][..], &[customer], &[subscription], &[payment], &[invoice], &products, &prices];
        assert_eq!(test.data(Some(&token), LISTS, json!({})).await, listed(own), "of {who}");
    }
}

#[tokio::test]
async fn an_organization_is_seen_by_those_whose_token_names_it() {
    let test = TestApp::start().await;
    test.know(&[account("team", "organization_id"), account("rivals", "organization_id")].concat()).await;
    let exp = test.sim.now() + 3600;
    let member = |org: &str, role: &str| {
        test.issuer.token(json!({ "sub": "m", "org_id": org, "org_role": role, "exp": exp }))
    };
    let link = json!({ "input": { "organizationId": "org:team" } });
    let refused = test.graphql(Some(&member("team", "member")), LINK, link.clone()).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "a member who is no admin links");
    let linked = test.data(Some(&member("team", "admin")), LINK, link).await;
    assert_eq!(linked["linkCustomer"]["customer"]["id"], "cus_team");
    let (team, rivals, nobody) = (member("team", "member"), member("rivals", "admin"), test.user("m"));
    for (prefix, field) in [&OBJECTS[1..], &[("org:", Some("organization"))]].concat() {
        let strangers = [Some(rivals.as_str()), Some(nobody.as_str())];
        assert_private(&test, &format!("{prefix}team"), field, &team, &strangers).await;
    }
}

#[tokio::test]
async fn an_archived_price_is_seen_by_who_pays_it() {
    const CATALOGUE: &str = "{ product(id: \"prod_open\") { prices { nodes { id } totalCount } } }";
    let test = TestApp::start().await;
    let mut old = account("a", "user_id");
    for object in &mut old {
        if object["object"] == "price" {
            object["product"] = "prod_open".into();
        }
    }
    test.know(&[old, account("b", "user_id"), catalogue("open", true).into()].concat()).await;
    let (a, b) = (test.linked("a").await, test.linked("b").await);
    let prices = |ids: &[&str]| {
        let nodes: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        json!({ "product": { "prices": { "totalCount": ids.len(), "nodes": nodes } } })
    };
    assert_eq!(test.data(None, CATALOGUE, json!({})).await, prices(&["price_open"]));
    assert_eq!(test.data(Some(&b), CATALOGUE, json!({})).await, prices(&["price_open"]));
    assert_eq!(test.data(Some(&a), CATALOGUE, json!({})).await, prices(&["price_open", "price_a"]));
}

#[tokio::test]
async fn a_linker_sees_the_user_it_asks_for() {
    const USER: &str = "query($id: ID!) { user(id: $id) { id customer { id invoices { nodes { id } } } } }";
    let (test, _, _) = two_accounts().await;
    let linker = test.service(Role::Linker).await;
    assert_eq!(
        test.data(Some(&linker), USER, json!({ "id": "c" })).await,
        json!({ "user": null }),
        "not known yet"
    );
    test.know(&[customer("c", "user_id")]).await;
    let link = json!({ "input": { "userId": "c" } });
    let answer = test.data(Some(&linker), LINK, link).await;
    assert_eq!(answer["linkCustomer"]["customer"], json!({ "id": "cus_c" }));
    let b = json!({ "user": { "id": "user:b", "customer": { "id": "cus_b", "invoices": { "nodes": [{ "id": "in_b" }] } } } });
    for id in ["b", "user:b"] {
        assert_eq!(test.data(Some(&linker), USER, json!({ "id": id })).await, b);
    }
    let public = listed([&[], &[], &[], &[], &[], &["prod_open"], &["price_open"]]);
    assert_eq!(test.data(Some(&linker), LISTS, json!({})).await, public, "of others, a linker sees nothing");
}
