//! Stripe's webhooks: is it Stripe who calls, what does it say, and is it safe with us.

mod event;
mod route;
pub mod signature;
mod thin;

pub use event::parse;
pub use route::{BODY_LIMIT, receive};
