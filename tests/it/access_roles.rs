//! The table of callers: what each sees, and what each may do.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{LINK, account, catalogue},
};

const CHECKOUT: &str =
    "mutation($input: CreateCheckoutSessionInput!) { createCheckoutSession(input: $input) {
    checkoutSession { id } userErrors { code field } } }";

const COUNTS: &str =
    "{ customers { totalCount } invoices { totalCount } payments { totalCount } prices { totalCount }
    products { totalCount } subscriptions { totalCount } users { totalCount } }";

/// Whatever A's rows lead to.
const JOINS: &str = "{ customer(id: \"cus_a\") { id defaultPaymentMethod { id } user { id } products { id }
    subscriptions { nodes { id customer { id } latestInvoice { id } defaultPaymentMethod { id } price { id product { id } }
        invoices { totalCount nodes { id } } items { nodes { id subscription { id } price { id } product { id } } } } }
    payments { nodes { id invoice { id } paymentMethod { id } latestCharge { id } customer { id }
        charges { totalCount nodes { id } } refunds { totalCount nodes { id charge { id } payment { id } } } } }
    invoices { nodes { id payment { id } charge { id } subscription { id }
        invoicePayments { nodes { id payment { id } charge { id } invoice { id } } } } }
    charges { nodes { id invoice { id } payment { id } paymentMethod { id } refunds { nodes { id } } } }
    checkoutSessions { nodes { id subscription { id } payment { id } invoice { id } } }
    paymentMethods { nodes { id customer { id } } } } }";

/// What came of a mutation: its outcome, the code of its user error, or the code of its error.
fn verdict(answer: &Value) -> String {
    let paths = [
        "/errors/0/extensions/code",
        "/data/linkCustomer/userErrors/0/code",
        "/data/createCheckoutSession/userErrors/0/code",
        "/data/linkCustomer/outcome",
    ];
    let found = paths.into_iter().find_map(|path| answer.pointer(path)?.as_str());
    found.unwrap_or_else(|| panic!("no verdict: {answer}")).to_owned()
}

#[tokio::test]
async fn joins_do_not_lead_to_what_is_foreign() {
    let test = TestApp::start().await;
    let references =
        ["payment_intent", "charge", "invoice", "payment_method", "latest_charge", "latest_invoice"];
    let mut objects = [account("a", "user_id"), account("b", "user_id")].concat();
    for object in &mut objects {
        // A's rows name B's, and B's name A's; each stays whose it is.
        let owner = match object["object"].as_str() {
            Some("refund") => "charge",
            Some("invoice_payment") => "invoice",
            _ => "customer",
        };
        let kept = |name: &str| name == owner || object.get(name).is_none();
        for name in
            references.iter().copied().chain(["subscription"]).filter(|name| !kept(name)).collect::<Vec<_>>()
        {
            let other = match object[name].as_str().and_then(|id| id.rsplit_once('_')) {
                Some((prefix, "a")) => format!("{prefix}_b"),
                Some((prefix, _)) => format!("{prefix}_a"),
                None => continue,
            };
            object[name] = other.into();
        }
    }
    objects
        .iter_mut()
        .filter(|object| object["id"] == "cus_a")
        .for_each(|a| a["default_payment_method"] = "pm_b".into());
    test.know(&objects).await;
    let (a, _) = (test.linked("a").await, test.linked("b").await);
    let reader = test.service(Role::Reader).await;
    let everything = test.data(Some(&reader), JOINS, json!({})).await.to_string();
    for foreign in ["pi_b", "ch_b", "in_b", "pm_b", "re_b", "sub_b"] {
        assert!(everything.contains(foreign), "{foreign} is among what A's rows lead to");
    }
    let own = test.data(Some(&a), JOINS, json!({})).await.to_string();
    for shown in
        ["cus_a", "user:a", "sub_a", "si_a", "price_a", "prod_a", "in_a", "pi_a", "ch_a", "cs_a", "pm_a"]
    {
        assert!(own.contains(shown), "{shown} is A's: {own}");
    }
    assert!(!own.contains("_b\""), "{own}");
}

#[tokio::test]
async fn each_caller_sees_and_does_what_the_table_says() {
    let test = TestApp::with(|settings| {
        settings.billgraph_admin_claim = Some("app_metadata.role=billing_admin".to_owned());
    });
    let test = test.await;
    test.know(&[account("a", "user_id"), account("b", "user_id"), catalogue("open", true).into()].concat())
        .await;
    let (a, _) = (test.linked("a").await, test.linked("b").await);
    let claiming = |place: &str| {
        let exp = test.sim.now() + 3600;
        test.issuer.token(json!({ "sub": "boss", "exp": exp, place: { "role": "billing_admin" } }))
    };
    let nothing = [0, 0, 0, 1, 1, 0, 0];
    let everything = [2, 2, 2, 3, 3, 2, 2];
    let forbidden = ["FORBIDDEN"; 4];
    let callers = [
        // Who; customers, invoices, payments, prices, products, subscriptions and users seen; what comes of linking
        // oneself, somebody, somebody to a customer, and of buying nothing.
        (None, nothing, ["UNAUTHENTICATED"; 4]),
        (Some(test.service(Role::Reader).await), everything, forbidden),
        (
            Some(test.service(Role::Linker).await),
            nothing,
            ["REQUIRED", "ALREADY_LINKED", "FORBIDDEN", "FORBIDDEN"],
        ),
        (
            Some(test.service(Role::Admin).await),
            everything,
            ["REQUIRED", "ALREADY_LINKED", "ALREADY_LINKED", "FORBIDDEN"],
        ),
        (Some(a), [1, 1, 1, 2, 2, 1, 1], ["ALREADY_LINKED", "FORBIDDEN", "FORBIDDEN", "REQUIRED"]),
        (Some(claiming("user_metadata")), nothing, ["CREATED", "FORBIDDEN", "FORBIDDEN", "REQUIRED"]),
        (
            Some(claiming("app_metadata")),
            everything,
            ["ALREADY_LINKED", "ALREADY_LINKED", "ALREADY_LINKED", "REQUIRED"],
        ),
    ];
    for (token, expected, _) in &callers {
        let counts = test.data(token.as_deref(), COUNTS, json!({})).await;
        let counts =
            counts.as_object().expect("data is an object").values().map(|list| list["totalCount"].clone());
        assert_eq!(counts.collect::<Vec<_>>(), expected.map(Value::from), "{token:?} sees");
    }
    for (token, _, expected) in &callers {
        let inputs = [
            (LINK, json!({})),
            (LINK, json!({ "userId": "b" })),
            (LINK, json!({ "userId": "b", "customerId": "cus_a" })),
            (CHECKOUT, json!({ "successUrl": "https://shop.example.com/" })),
        ];
        for ((mutation, input), expected) in inputs.into_iter().zip(expected) {
            let answer = test.graphql(token.as_deref(), mutation, json!({ "input": input })).await;
            assert_eq!(verdict(&answer), *expected, "{token:?} with {input}: {answer}");
        }
    }
}
