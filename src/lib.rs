//! A GraphQL API gateway over synced Stripe billing data.

pub mod clock;
pub mod config;
pub mod error;
