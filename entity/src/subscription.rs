//! <https://docs.stripe.com/api/subscriptions/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    invoice::CollectionMethod,
    json::Value,
    lift::{ids_of, ids_of_discounts},
    mirrored::{Children, DeletedEvent, Listing, Mirrored, Object, Owned, Owner, flatten, list},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "subscriptions")]
#[graphql(name = "BillingSubscriptionFields")]
pub struct Model {
    /// Stripe's id, `sub_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The moment that billing cycles are counted from.
    pub billing_cycle_anchor: Option<DateTimeUtc>,
    /// When the subscription is going to be canceled, where that is decided.
    pub cancel_at: Option<DateTimeUtc>,
    /// Whether the subscription ends with the current period.
    pub cancel_at_period_end: bool,
    /// When cancellation was asked for, which may be before the subscription ends.
    pub canceled_at: Option<DateTimeUtc>,
    /// Why the subscription was canceled.
    pub cancellation_reason: Option<Open<SubscriptionCancellationReason>>,
    /// How invoices are paid.
    pub collection_method: Option<Open<CollectionMethod>>,
    /// When the subscription was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// The end of the paid period; of the item whose period ends first, where they differ.
    pub current_period_end: Option<DateTimeUtc>,
    /// The start of the paid period; of the item whose period ends first, where they differ.
    pub current_period_start: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// Days that a customer has to pay an invoice that is sent.
    pub days_until_due: Option<i32>,
    #[graphql(skip)]
    pub default_payment_method: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub default_tax_rates: Option<Json>,
    /// The description, for customers.
    pub description: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    /// When the subscription ended, if it did.
    pub ended_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub latest_invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the subscription.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// How collection is paused, if it is, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub pause_collection: Option<Json>,
    #[graphql(skip)]
    pub pending_setup_intent: Option<String>,
    #[graphql(skip)]
    pub price: Option<String>,
    /// The quantity of the first item.
    pub quantity: Option<i32>,
    #[graphql(skip)]
    pub schedule: Option<String>,
    /// When the subscription started, which may lie before it was created.
    pub start_date: Option<DateTimeUtc>,
    /// Where the subscription stands.
    pub status: Open<SubscriptionStatus>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// The end of the trial, if there is one.
    pub trial_end: Option<DateTimeUtc>,
    /// The start of the trial, if there is one.
    pub trial_start: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a subscription stands: <https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SubscriptionStatus {
    /// The first payment is still to be made.
    Incomplete,
    /// The first payment was not made in time.
    IncompleteExpired,
    /// In its trial.
    Trialing,
    /// In good standing.
    Active,
    /// The latest payment failed and is tried again.
    PastDue,
    /// Ended.
    Canceled,
    /// The latest payment failed for good, and the subscription goes on without being paid.
    Unpaid,
    /// Its trial ended without a payment method.
    Paused,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why a subscription was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SubscriptionCancellationReason {
    /// How long data is kept ended it.
    CanceledByRetentionPolicy,
    /// Somebody asked for it.
    CancellationRequested,
    /// A payment was disputed.
    PaymentDisputed,
    /// A payment failed for good.
    PaymentFailed,
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
    const OBJECT: &'static str = "subscription";
    const LIFE_CYCLE: &'static [&'static str] = &[
        "incomplete",
        "trialing",
        "active",
        "past_due",
        "unpaid",
        "paused",
        "incomplete_expired",
        "canceled",
    ];
    const DELETED_EVENT: DeletedEvent = DeletedEvent::LivesOn;
    const PATH: Option<&'static str> = Some("/subscriptions/{id}");
    const PREFIXES: &'static [&'static str] = &["sub_"];
    const LISTING: Listing = Listing::Ranges("/subscriptions?status=all");
    const CHILDREN: &'static [Children] = &[Children {
        field: "items",
        object: "subscription_item",
        parent: "subscription",
        path: "/subscription_items?subscription={id}",
        fetched_when: None,
    }];
    const EMBEDDED: &'static [&'static str] = &["discount", "discounts", "default_tax_rates"];

    fn lift(object: &mut Object) {
        ids_of_discounts(object);
        ids_of(object, "default_tax_rates");
        flatten(object, "cancellation_reason", &["cancellation_details", "reason"]);
        periods_to_items(object);
        period_from_items(object);
        if let Some(first) = list(object, "items").first().cloned() {
            for field in ["price", "quantity"] {
                let value = first.get(field).filter(|value| !value.is_null());
                // Before prices, an item had only a plan, whose id is also the price's.
                let value = value.or_else(|| first.get("plan").filter(|_| field == "price"));
                if let Some(value) = value {
                    object.insert(field, value.clone());
                }
            }
        }
        // Of a single item, older versions repeat the plan beside the items.
        flatten(object, "price", &["plan"]);
    }
}

/// Until 2025-03-31 the period was the subscription's; since then each item has its own.
fn periods_to_items(object: &mut Object) {
    for column in ["current_period_start", "current_period_end"] {
        let Some(period) = object.get(column).filter(|value| matches!(value, Value::Number(_))).cloned()
        else {
            continue;
        };
        let items =
            object.get_mut("items").and_then(|items| items.get_mut("data")).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
            item.insert_absent(column, period.clone());
        }
    }
}

fn period_from_items(object: &mut Object) {
    let end = |item: &Value| item.get("current_period_end").and_then(Value::as_i64);
    let first_to_end =
        list(object, "items").iter().filter(|item| end(item).is_some()).min_by_key(|item| end(item));
    let Some(item) = first_to_end.cloned() else { return };
    for column in ["current_period_start", "current_period_end"] {
        if let Some(period) = item.get(column) {
            object.insert(column, period.clone());
        }
    }
}
