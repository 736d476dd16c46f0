//! Webhook endpoints at Stripe: listed, made and repaired.

use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};
use url::form_urlencoded::Serializer;

use super::{Answer, Stripe, StripeError, error::check_id};

/// The longest list of endpoints that is read, in pages: Stripe allows 16 for each mode.
const MOST_PAGES: usize = 10;

/// All that happens: whatever has no table of its own is kept too.
const ALL_EVENTS: &str = "*";

/// An endpoint as Stripe holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: String,
    pub url: String,
    pub enabled_events: Vec<String>,
    /// None where it follows the account's own.
    pub api_version: Option<String>,
    pub is_enabled: bool,
    /// Only the answer that makes it has one.
    pub secret: Option<String>,
}

impl WebhookEndpoint {
    /// None where the answer is no endpoint.
    fn read(object: &Value) -> Option<Self> {
        let text = |name: &str| object[name].as_str().map(str::to_owned);
        let events = object["enabled_events"].as_array().into_iter().flatten();
        Some(Self {
            id: text("id").filter(|id| check_id(id).is_ok())?,
            url: text("url")?,
            enabled_events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
            api_version: text("api_version"),
            is_enabled: object["status"] == "enabled",
            secret: text("secret"),
        })
    }

    /// Whether it gets all that the mirror wants.
    pub fn is_complete(&self) -> bool {
        self.is_enabled && self.enabled_events == [ALL_EVENTS]
    }
}

impl Stripe {
    /// The endpoints of the account.
    pub async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StripeError> {
        let (mut endpoints, mut path) = (Vec::new(), "/webhook_endpoints?limit=100".to_owned());
        for _ in 0..MOST_PAGES {
            let page = self.get(&path).await?;
            let listed = page.object["data"].as_array().ok_or_else(not_one)?;
            let listed: Option<Vec<_>> = listed.iter().map(WebhookEndpoint::read).collect();
            endpoints.extend(listed.ok_or_else(not_one)?);
            if page.object["has_more"] != true {
                break;
            }
            let last = endpoints.last().map_or("", |endpoint| endpoint.id.as_str());
            path = format!("/webhook_endpoints?limit=100&starting_after={last}");
        }
        Ok(endpoints)
    }

    /// Makes an endpoint that gets all events, in the API version that the mirror knows best.
    pub async fn create_webhook_endpoint(&self, url: &str) -> Result<WebhookEndpoint, StripeError> {
        let version = Self::version();
        let form = [
            ("url", url),
            ("enabled_events[]", ALL_EVENTS),
            ("api_version", version),
            ("description", "billgraph"),
        ];
        let endpoint = self.post("/webhook_endpoints", &form).await?;
        WebhookEndpoint::read(&endpoint.object).ok_or_else(not_one)
    }

    /// Has an endpoint get all events from now on; its secret and its API version stay.
    pub async fn repair_webhook_endpoint(&self, id: &str) -> Result<WebhookEndpoint, StripeError> {
        check_id(id)?;
        let form = [("enabled_events[]", ALL_EVENTS), ("disabled", "false")];
        let endpoint = self.post(&format!("/webhook_endpoints/{id}"), &form).await?;
        WebhookEndpoint::read(&endpoint.object).ok_or_else(not_one)
    }

    /// Posts a form.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer, StripeError> {
        let mut request = RequestBuilder::new(StripeMethod::Post, path);
        request.body = Some(Serializer::new(String::new()).extend_pairs(form).finish());
        self.send_built(request, None).await
    }
}

fn not_one() -> StripeError {
    StripeError::Unreadable("the answer is no webhook endpoint".into())
}
