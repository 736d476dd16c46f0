//! A caller of a listening simulation.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::client::{self, HttpClient};
use crate::{Options, Sim};

/// A simulation that listens, and a client of it.
pub(super) struct Caller {
    pub(super) sim: Sim,
    client: HttpClient,
    key: String,
}

/// The answer to a request.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answered {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the API answers JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code and the parameter of an error.
    pub(super) fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let field = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, field("code"), field("param"))
    }
}

impl Caller {
    pub(super) async fn new() -> Caller {
        Caller::of(Options::default()).await
    }

    /// A caller of a simulation with these options, with its key.
    pub(super) async fn of(options: Options) -> Caller {
        let key = options.secret_key.clone();
        let sim = Sim::new(options);
        sim.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port is bound");
        Caller { sim, client: client::new(), key }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, "", &[]).await.expect("the simulation answers")
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> Answered {
        self.send("POST", path, body, &[]).await.expect("the simulation answers")
    }

    pub(super) async fn delete(&self, path: &str) -> Answered {
        self.send("DELETE", path, "", &[]).await.expect("the simulation answers")
    }

    /// Creates something and gives its id.
    pub(super) async fn create(&self, path: &str, body: &str) -> String {
        let answered = self.post(path, body).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        answered.json()["id"].as_str().expect("what is created has an id").to_owned()
    }

    /// Sends a request; none on a transport error.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Option<Answered> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sim.base_url()))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request.headers_mut().expect("the request is valid so far").remove(*name);
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("the request is valid");
        let (parts, body) = self.client.request(request).await.ok()?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        Some(Answered { status: parts.status.as_u16(), headers: parts.headers, text })
    }

    /// A customer with a card, and a monthly price.
    pub(super) async fn shop(&self) -> (String, String) {
        let product = self.create("/v1/products", "name=Team").await;
        let price = format!("product={product}&currency=usd&unit_amount=2900&recurring[interval]=month");
        let price = self.create("/v1/prices", &price).await;
        let customer = self.create("/v1/customers", "email=customer-1@example.com").await;
        let attach = format!("customer={customer}");
        let method = self.create("/v1/payment_methods/pm_card_visa/attach", &attach).await;
        let default = format!("invoice_settings[default_payment_method]={method}");
        self.create(&format!("/v1/customers/{customer}"), &default).await;
        (customer, price)
    }
}
