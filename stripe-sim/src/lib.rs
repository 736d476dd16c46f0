//! A stateful, deterministic simulation of the part of Stripe's API that the gateway calls.
//!
//! A [`Sim`] holds one account. It is changed through its HTTP API ([`Sim::router`], [`Sim::listen`]), by the passing of
//! time ([`Sim::advance`]) and by a generated history ([`Sim::generate`]); each change is an event, and events are
//! delivered to webhook endpoints ([`Sim::deliver`]).
//!
//! ```no_run
//! # async fn demo() -> std::io::Result<()> {
//! use stripe_sim::{Endpoint, Fault, Options, Sim};
//!
//! let sim = Sim::new(Options::default());
//! let address = sim.listen(([127, 0, 0, 1], 0).into()).await?;
//! sim.add_endpoint(Endpoint::new("http://127.0.0.1:8000/webhooks/stripe", "whsec_sim"));
//! sim.generate(500);
//! sim.faults().next_on("/v1/customers", 1, Fault::RateLimited { retry_after: Some(1) });
//! let report = sim.deliver().await;
//! assert_eq!(report.failed, 0, "the receiver at {address} answers");
//! # Ok(())
//! # }
//! ```
//!
//! Objects are kept whole, in the shape of the newest API version. [`Sim::objects`] gives them so, rendered in a version;
//! answers and events show the first ten entries of an embedded list, as Stripe does.

#![recursion_limit = "256"]

mod api;
mod auth;
mod billing;
mod client;
mod clock;
mod deliver;
mod error;
mod events;
mod faults;
mod form;
mod history;
mod journal;
mod mode;
mod objects;
mod options;
mod outbox;
mod page;
mod params;
mod pay;
mod random;
mod render;
mod resources;
mod schedule;
mod signature;
mod sim;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod version;

pub use deliver::Delivered;
pub use faults::{Fault, Faults};
pub use options::{ClockMode, Delivery, DeliveryMode, Endpoint, Options, Request};
pub use signature::signature;
pub use sim::Sim;
