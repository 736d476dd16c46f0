//! Stripe's webhooks: is it Stripe who calls, what does it say, and is it safe with us.

mod route;
pub mod signature;

pub use route::{BODY_LIMIT, receive};
