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

    /// What time it is at Stripe, in seconds since 1970; fails where Stripe does not accept the key.
    pub async fn now(&self) -> Result<i64, StripeError> {
        match self.send_built(RequestBuilder::new(StripeMethod::Get, "/account"), None).await {
            Ok(answer) => Ok(answer.at),
            // A restricted key need not have the permission: its refusal tells the time too.
            Err(StripeError::Refused(refusal)) if refusal.status != 401 => {
                refusal.at.ok_or(StripeError::Refused(refusal))
            }
            Err(error) => Err(error),
        }
    }
}
