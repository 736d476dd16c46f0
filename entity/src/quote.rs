//! <https://docs.stripe.com/api/quotes/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    invoice::CollectionMethod,
    lift::{ids_of, ids_of_discounts},
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "quotes")]
#[graphql(name = "QuoteFields")]
pub struct Model {
    /// Stripe's id, `qt_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// When the customer accepted.
    pub accepted_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub amount_subtotal: Option<i64>,
    #[graphql(skip)]
    pub amount_total: Option<i64>,
    /// When the quote was canceled.
    pub canceled_at: Option<DateTimeUtc>,
    /// How invoices are going to be paid.
    pub collection_method: Option<Open<CollectionMethod>>,
    /// When the quote was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub default_tax_rates: Option<Json>,
    /// What is offered, for customers.
    pub description: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    /// Until when the customer can accept.
    pub expires_at: Option<DateTimeUtc>,
    /// When the quote was finalized.
    pub finalized_at: Option<DateTimeUtc>,
    /// What stands at the end of the PDF file.
    pub footer: Option<String>,
    #[graphql(skip)]
    pub from_quote: Option<String>,
    /// What stands at the head of the PDF file.
    pub header: Option<String>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the quote.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The number that the customer sees.
    pub number: Option<String>,
    /// Where the quote stands.
    pub status: Open<QuoteStatus>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub subscription_schedule: Option<String>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a quote stands: <https://docs.stripe.com/quotes/overview>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum QuoteStatus {
    /// Not yet finalized.
    Draft,
    /// Finalized, and to be accepted.
    Open,
    /// Accepted: its invoice or subscription is made.
    Accepted,
    /// Canceled or expired.
    Canceled,
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
    const OBJECT: &'static str = "quote";
    const PATH: Option<&'static str> = Some("/quotes/{id}");
    const PREFIXES: &'static [&'static str] = &["qt_"];
    const LISTING: Listing = Listing::Whole("/quotes");
    const LIFE_CYCLE: &'static [&'static str] = &["draft", "open", "canceled", "accepted"];
    const EMBEDDED: &'static [&'static str] = &["discounts", "default_tax_rates"];

    fn lift(object: &mut Object) {
        for moment in ["accepted_at", "canceled_at", "finalized_at"] {
            flatten(object, moment, &["status_transitions", moment]);
        }
        // The quote that this one revises comes with whether it does.
        if let Some(revised) = object.get("from_quote").and_then(|from| from.get("quote")).cloned() {
            object.insert("from_quote", revised);
        }
        ids_of_discounts(object);
        ids_of(object, "default_tax_rates");
    }
}
