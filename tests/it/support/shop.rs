//! A merchant's account at the simulated Stripe, and what a frontend asks the gateway for.

use billgraph::network;
use reqwest::{
    Method, StatusCode,
    header::{LOCATION, USER_AGENT},
    redirect::Policy,
};
use serde_json::{Value, json};

use super::{ENDIVE, TestApp};

const LINK: &str = "mutation($input: LinkCustomerInput!) { linkCustomer(input: $input) {
    outcome user { userId customer { id } } organization { organizationId customer { id } }
    customer { id email name } userErrors { field message code } } }";

const CHECKOUT: &str =
    "mutation($input: CreateCheckoutSessionInput!) { createCheckoutSession(input: $input) {
    checkoutSession { id url mode status paymentStatus clientReferenceId successUrl amountTotal { minorUnits }
        customer { id } } userErrors { field message code } } }";

/// The URL that the payment page leads to.
pub const THANKS: &str = "https://shop.example.com/thanks?session={CHECKOUT_SESSION_ID}";

/// The form of a price that is paid every month.
pub const MONTHLY: &str = "recurring[interval]=month";

/// What no answer may hold: secrets, and words of Stripe's errors.
const INNER: [&str; 6] =
    ["sk_test", "whsec_", "unknown error", "API Key", "No such", "Too many requests hit"];

impl TestApp {
    /// Makes or changes something at Stripe, as its dashboard does, and gives its id.
    pub async fn at_stripe(&self, path: &str, form: &str) -> String {
        self.ask_stripe(Method::POST, path, form).await
    }

    /// Deletes something at Stripe.
    pub async fn delete_at_stripe(&self, path: &str) {
        self.ask_stripe(Method::DELETE, path, "").await;
    }

    async fn ask_stripe(&self, method: Method, path: &str, form: &str) -> String {
        let request = self
            .client
            .request(method, format!("{}{path}", self.sim.base_url()))
            .bearer_auth("sk_test_sim")
            .header(USER_AGENT, "dashboard")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let answer: Value = request.send().await.expect("Stripe answers").json().await.expect("JSON");
        answer["id"].as_str().unwrap_or_else(|| panic!("{path}: {answer}")).to_owned()
    }

    /// A price of a new product.
    pub async fn price(&self, form: &str) -> String {
        let product = self.at_stripe("/v1/products", "name=Team").await;
        self.at_stripe("/v1/prices", &format!("product={product}&currency=usd&unit_amount=2900&{form}")).await
    }

    /// Pays on the payment page, and says where the page leads then.
    pub async fn pay(&self, url: &str) -> String {
        let browser = network::client(|builder| builder.redirect(Policy::none()));
        let answer = browser.post(url).body("action=pay").send().await.expect("the page answers");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{url}");
        answer.headers()[LOCATION].to_str().expect("a URL").to_owned()
    }

    /// The Checkout sessions at Stripe.
    pub fn sessions(&self) -> Vec<Value> {
        self.sim.objects("checkout.session", ENDIVE)
    }

    /// The customers at Stripe.
    pub fn customers(&self) -> Vec<Value> {
        self.sim.objects("customer", ENDIVE)
    }

    /// What the gateway asked Stripe for so far, as `POST /v1/customers`.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.sim.requests().into_iter();
        let ours =
            |agent: &Option<String>| agent.as_ref().is_some_and(|agent| agent.starts_with("billgraph/"));
        let ours = requests.filter(|request| ours(&request.user_agent));
        ours.map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// A user's token with these claims beside the usual ones.
    pub fn token(&self, id: &str, claims: &Value) -> String {
        let now = self.sim.now();
        self.issuer.token(with(json!({ "sub": id, "iat": now, "exp": now + 3600 }), claims))
    }

    /// `linkCustomer`, and its whole answer.
    pub async fn try_link(&self, token: Option<&str>, input: Value) -> Value {
        self.graphql(token, LINK, json!({ "input": input })).await
    }

    /// `linkCustomer`, and its payload.
    pub async fn link(&self, token: &str, input: Value) -> Value {
        payload(self.try_link(Some(token), input).await, "linkCustomer")
    }

    /// `createCheckoutSession`, and its whole answer.
    pub async fn try_checkout(&self, token: Option<&str>, input: Value) -> Value {
        self.graphql(token, CHECKOUT, json!({ "input": input })).await
    }

    /// `createCheckoutSession`, and its payload.
    pub async fn checkout(&self, token: &str, input: Value) -> Value {
        payload(self.try_checkout(Some(token), input).await, "createCheckoutSession")
    }
}

fn payload(mut answer: Value, mutation: &str) -> Value {
    assert_eq!(answer.get("errors"), None, "{mutation}");
    assert_discreet(&answer);
    answer["data"][mutation].take()
}

/// The input of a session for one of a price.
pub fn buy(price: &str) -> Value {
    json!({ "lineItems": [{ "priceId": price }], "successUrl": THANKS })
}

/// The same input with other fields.
pub fn with(mut input: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

/// The code of the one error of an answer, which tells nothing that is not the caller's.
pub fn refusal(answer: &Value) -> String {
    assert_discreet(answer);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    let error = &answer["errors"][0];
    assert!(error["extensions"]["requestId"].as_str().is_some_and(|id| id.starts_with("req_")), "{answer}");
    assert!(error["message"].as_str().is_some_and(|message| message.ends_with('.')), "{answer}");
    error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The user errors of a payload, each as `input.field CODE`.
pub fn user_errors(payload: &Value) -> Vec<String> {
    assert_discreet(payload);
    let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("{payload}"));
    let path = |error: &Value| {
        let path = error["field"].as_array().into_iter().flatten();
        path.map(|part| part.as_str().expect("a path is of text")).collect::<Vec<_>>().join(".")
    };
    errors
        .iter()
        .map(|error| format!("{} {}", path(error), error["code"].as_str().expect("a code")))
        .collect()
}

fn assert_discreet(answer: &Value) {
    let text = answer.to_string();
    for inner in INNER {
        assert!(!text.contains(inner), "{inner} is in {text}");
    }
}
