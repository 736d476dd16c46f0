//! One struct per object: at once Stripe's wire shape, the table and the API's plain fields.
//!
//! A column takes its name and type from Stripe's field of that name, so that a row is filled from the object
//! without code of its own; where Stripe nested or moved a field across API versions,
//! [`Mirrored::lift`](mirrored::Mirrored::lift) raises the older shape.

pub mod json;
pub mod lift;
pub mod mirrored;
pub mod open;
pub mod scalar;

pub mod account;
pub mod active_entitlement;
pub mod active_entitlement_summary;
pub mod balance_transaction;
pub mod charge;
pub mod checkout_session;
pub mod checkout_session_line_item;
pub mod coupon;
pub mod credit_balance_transaction;
pub mod credit_grant;
pub mod credit_note;
pub mod customer;
pub mod customer_balance_transaction;
pub mod discount;
pub mod dispute;
pub mod early_fraud_warning;
pub mod entitlement_feature;
pub mod invoice;
pub mod invoice_item;
pub mod invoice_line_item;
pub mod invoice_payment;
pub mod mandate;
pub mod meter;
pub mod other_object;
pub mod payment_intent;
pub mod payment_link;
pub mod payment_method;
pub mod payout;
pub mod plan;
pub mod portal_configuration;
pub mod price;
pub mod product;
pub mod product_feature;
pub mod promotion_code;
pub mod quote;
pub mod refund;
pub mod review;
pub mod setup_intent;
pub mod subscription;
pub mod subscription_item;
pub mod subscription_schedule;
pub mod tax_id;
pub mod tax_id_type;
pub mod tax_rate;
pub mod test_clock;
pub mod transfer;

pub mod change;
pub mod link_conflict;
pub mod organization;
pub mod service_token;
pub mod stripe_account;
pub mod sweep;
pub mod sync_job;
pub mod sync_run;
pub mod sync_run_object;
pub mod sync_run_range;
pub mod user;
pub mod verification;
pub mod webhook_event;
