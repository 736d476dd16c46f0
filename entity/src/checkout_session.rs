//! <https://docs.stripe.com/api/checkout/sessions/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Children, Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "checkout_sessions")]
#[graphql(name = "CheckoutSessionFields")]
pub struct Model {
    /// Stripe's id, `cs_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount_subtotal: Option<i64>,
    #[graphql(skip)]
    pub amount_total: Option<i64>,
    /// Where the customer goes to give up.
    pub cancel_url: Option<String>,
    /// What the integration calls the buyer: the user's id, where this gateway made the session.
    pub client_reference_id: Option<String>,
    /// What Stripe.js needs to show the session in the page; only while it is open and not hosted by Stripe.
    pub client_secret: Option<String>,
    /// When the session was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// The e-mail address that the customer gave.
    pub customer_email: Option<String>,
    /// When the session expires, if it is not completed.
    pub expires_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The language of the page.
    pub locale: Option<String>,
    /// What the integration notes on the session.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// What the session is for.
    pub mode: Open<CheckoutMode>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    #[graphql(skip)]
    pub payment_link: Option<String>,
    /// Whether the money is there.
    pub payment_status: Option<Open<CheckoutPaymentStatus>>,
    /// Where an embedded page returns to.
    pub return_url: Option<String>,
    #[graphql(skip)]
    pub setup_intent: Option<String>,
    /// Where the session stands.
    pub status: Option<Open<CheckoutSessionStatus>>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    /// Where the customer goes after paying.
    pub success_url: Option<String>,
    /// How the page is shown.
    pub ui_mode: Option<Open<CheckoutUiMode>>,
    /// The page to send the customer to; only while the session is open and hosted by Stripe.
    pub url: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// What a Checkout session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutMode {
    /// A one-time payment.
    Payment,
    /// To keep a payment method for later.
    Setup,
    /// A subscription.
    Subscription,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Whether the money of a Checkout session is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutPaymentStatus {
    /// Nothing is to be paid now.
    NoPaymentRequired,
    /// Paid.
    Paid,
    /// Not paid yet.
    Unpaid,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Where a Checkout session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutSessionStatus {
    /// Under way.
    Open,
    /// Done; the payment may still be processing.
    Complete,
    /// Expired.
    Expired,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How the page of a Checkout session is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutUiMode {
    /// By Stripe.
    HostedPage,
    /// In a frame within the integration's own page.
    EmbeddedPage,
    /// By Stripe's elements in the integration's own page.
    Elements,
    /// By Stripe's form in the integration's own page.
    Form,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "checkout.session";
    const PATH: Option<&'static str> = Some("/checkout/sessions/{id}");
    const PREFIXES: &'static [&'static str] = &["cs_"];
    const LISTING: Listing = Listing::Ranges("/checkout/sessions");
    const LIFE_CYCLE: &'static [&'static str] = &["open", "expired", "complete"];
    const CHILDREN: &'static [Children] = &[Children {
        field: "line_items",
        object: "item",
        parent: "checkout_session",
        path: "/checkout/sessions/{id}/line_items",
        // No event carries them.
        fetched_when: Some(("status", "complete")),
    }];

    fn lift(object: &mut Object) {
        flatten(object, "customer_email", &["customer_details", "email"]);
        // Renamed in 2026-03-25.
        let renamed = match object.get("ui_mode").and_then(|mode| mode.as_str()) {
            Some("hosted") => "hosted_page",
            Some("embedded") => "embedded_page",
            Some("custom") => "elements",
            _ => return,
        };
        object.insert("ui_mode", renamed);
    }
}
