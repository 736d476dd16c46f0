//! Customers at Stripe: made, fetched and found.

use std::collections::HashMap;

use stripe_core::customer::{CreateCustomer, ListCustomer, RetrieveCustomer, SearchCustomer};
use stripe_types::RangeQueryTs;

use super::{Answer, Stripe, StripeError, error::check_id};

/// Stripe's largest page.
const PAGE: i64 = 100;

/// A customer to be made.
#[derive(Clone, Debug, Default)]
pub struct NewCustomer {
    pub email: Option<String>,
    pub name: Option<String>,
    pub metadata: HashMap<String, String>,
}

impl Stripe {
    /// Makes a customer; the same idempotency key makes the same one.
    pub async fn create_customer(
        &self,
        customer: NewCustomer,
        idempotency_key: Option<String>,
    ) -> Result<Answer, StripeError> {
        let mut request = CreateCustomer::new().metadata(customer.metadata);
        if let Some(email) = customer.email {
            request = request.email(email);
        }
        if let Some(name) = customer.name {
            request = request.name(name);
        }
        self.send(&request, idempotency_key).await
    }

    /// Fetches a customer; a deleted one answers with `deleted: true`.
    pub async fn retrieve_customer(&self, id: &str) -> Result<Answer, StripeError> {
        check_id(id)?;
        self.send(&RetrieveCustomer::new(id), None).await
    }

    /// Finds customers (100 at most) whose metadata holds the value under one of the keys.
    ///
    /// Stripe's search is behind by up to a minute, and not offered in India.
    pub async fn search_customers(&self, keys: &[String], value: &str) -> Result<Answer, StripeError> {
        refuse_empty(value)?;
        let query: Vec<String> = keys.iter().map(|key| by_metadata(key, value)).collect();
        self.send(&SearchCustomer::new(query.join(" OR ")).limit(PAGE), None).await
    }

    /// Lists the newest customers (100 at most) that were made since a moment, in seconds since 1970.
    pub async fn list_customers_since(&self, since: i64) -> Result<Answer, StripeError> {
        self.send(&ListCustomer::new().created(RangeQueryTs::gte(since)).limit(PAGE), None).await
    }

    /// Lists customers (100 at most) with exactly this e-mail, the newest first.
    pub async fn list_customers_by_email(&self, email: &str) -> Result<Answer, StripeError> {
        refuse_empty(email)?;
        self.send(&ListCustomer::new().email(email).limit(PAGE), None).await
    }
}

/// An empty value asks for everyone, or for everyone without the key.
fn refuse_empty(value: &str) -> Result<(), StripeError> {
    if value.trim().is_empty() {
        return Err(StripeError::Unsendable("nothing to look for".into()));
    }
    Ok(())
}

/// A query in [Stripe's search language](https://docs.stripe.com/search#search-query-language).
fn by_metadata(key: &str, value: &str) -> String {
    format!("metadata[{}]:{}", quoted(key), quoted(value))
}

/// A string literal of that language: quotes within are escaped by a backslash.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let query = by_metadata("user_id", r#"x" OR email:"a@example.com"#);
        assert_eq!(query, r#"metadata["user_id"]:"x\" OR email:\"a@example.com""#);
        assert_eq!(by_metadata("a", r#"\" OR "#), r#"metadata["a"]:"\\\" OR ""#);
        assert_eq!(by_metadata("user_id", "auth0|12"), r#"metadata["user_id"]:"auth0|12""#);
    }

    #[test]
    fn nothing_is_not_looked_for() {
        assert!(refuse_empty(" ").is_err());
        assert!(refuse_empty("a@example.com").is_ok());
    }
}
