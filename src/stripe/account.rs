//! The account of the key.

use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{Stripe, StripeError};

impl Stripe {
    /// The id of the account whose key this is.
    pub async fn account_id(&self) -> Result<String, StripeError> {
        let answer = self.send_built(RequestBuilder::new(StripeMethod::Get, "/account"), None).await?;
        let id = answer.object.get("id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| StripeError::Unreadable("an account without an id".into()))
    }
}
