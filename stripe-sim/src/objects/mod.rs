//! New objects in the newest shape, with the field sets of Stripe's own samples.

pub(crate) mod charge;
pub(crate) mod checkout_session;
pub(crate) mod coupon;
pub(crate) mod customer;
pub(crate) mod invoice;
pub(crate) mod invoice_item;
pub(crate) mod invoice_payment;
pub(crate) mod line_item;
pub(crate) mod payment_intent;
pub(crate) mod payment_method;
pub(crate) mod price;
pub(crate) mod product;
pub(crate) mod promotion_code;
pub(crate) mod refund;
pub(crate) mod setup_intent;
pub(crate) mod subscription;
