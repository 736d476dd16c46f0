//! One struct per object: at once Stripe's wire shape, the table and the API's plain fields.
//!
//! A column takes its name and type from Stripe's field of that name, so that a row is filled from the object
//! without code of its own; where Stripe nested or moved a field across API versions,
//! [`Mirrored::lift`](mirrored::Mirrored::lift) raises the older shape.

pub mod mirrored;
pub mod open;
pub mod scalar;

pub mod charge;
pub mod checkout_session;
pub mod customer;
pub mod invoice;
pub mod invoice_payment;
pub mod payment_intent;
pub mod payment_method;
pub mod price;
pub mod product;
pub mod refund;
pub mod subscription;
pub mod subscription_item;

pub mod change;
pub mod link_conflict;
pub mod organization;
pub mod service_token;
pub mod stripe_account;
pub mod sync_job;
pub mod user;
pub mod webhook_event;
