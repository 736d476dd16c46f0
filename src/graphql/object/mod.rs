//! The objects of the API: plain fields from the row, joins from the loader.

mod account;
mod active_entitlement;
mod balance_transaction;
mod charge;
mod checkout_session;
mod checkout_session_line_item;
mod coupon;
mod credit_balance_transaction;
mod credit_grant;
mod credit_note;
mod customer;
mod customer_balance_transaction;
mod discount;
mod dispute;
mod early_fraud_warning;
mod entitlement_feature;
mod invoice;
mod invoice_item;
mod invoice_line_item;
mod invoice_payment;
mod mandate;
mod meter;
mod organization;
mod payment_intent;
mod payment_link;
mod payment_method;
mod payout;
mod plan;
mod portal_configuration;
mod price;
mod product;
mod product_feature;
mod promotion_code;
mod quote;
mod refund;
mod review;
mod setup_intent;
mod subscription;
mod subscription_item;
mod subscription_schedule;
mod sync_run;
mod tax_id;
mod tax_rate;
mod test_clock;
mod transfer;
mod user;

use async_graphql::{Context, ID, Interface};
use entity::scalar::Json;
use futures_util::future::{BoxFuture, try_join_all};

pub use self::sync_run::follow;
pub use self::{
    account::Account, active_entitlement::ActiveEntitlement, balance_transaction::BalanceTransaction,
    charge::Charge, checkout_session::CheckoutSession, checkout_session_line_item::CheckoutSessionLineItem,
    coupon::Coupon, credit_balance_transaction::CreditBalanceTransaction, credit_grant::CreditGrant,
    credit_note::CreditNote, customer::Customer, customer_balance_transaction::CustomerBalanceTransaction,
    discount::Discount, dispute::Dispute, early_fraud_warning::EarlyFraudWarning,
    entitlement_feature::EntitlementFeature, invoice::Invoice, invoice_item::InvoiceItem,
    invoice_line_item::InvoiceLineItem, invoice_payment::InvoicePayment, mandate::Mandate, meter::Meter,
    organization::Organization, payment_intent::PaymentIntent, payment_link::PaymentLink,
    payment_method::PaymentMethod, payout::Payout, plan::Plan, portal_configuration::PortalConfiguration,
    price::Price, product::Product, product_feature::ProductFeature, promotion_code::PromotionCode,
    quote::Quote, refund::Refund, review::Review, setup_intent::SetupIntent,
    subscription::BillingSubscription, subscription_item::SubscriptionItem,
    subscription_schedule::SubscriptionSchedule, sync_run::SyncRun, tax_id::TaxId, tax_rate::TaxRate,
    test_clock::TestClock, transfer::Transfer, user::User,
};
use super::{
    join::{Joined, prefetch},
    load::load,
    page::Shows,
};
use crate::error::Result;

/// Whatever has a global id: <https://relay.dev/graphql/objectidentification.htm>.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id: Stripe's own, or `user:…` or `org:…`."))]
pub enum Node {
    Account(Account),
    ActiveEntitlement(ActiveEntitlement),
    BalanceTransaction(BalanceTransaction),
    Charge(Charge),
    CheckoutSession(CheckoutSession),
    CheckoutSessionLineItem(CheckoutSessionLineItem),
    Coupon(Coupon),
    CreditBalanceTransaction(CreditBalanceTransaction),
    CreditGrant(CreditGrant),
    CreditNote(CreditNote),
    Customer(Customer),
    CustomerBalanceTransaction(CustomerBalanceTransaction),
    Discount(Discount),
    Dispute(Dispute),
    EarlyFraudWarning(EarlyFraudWarning),
    EntitlementFeature(EntitlementFeature),
    Invoice(Invoice),
    InvoiceItem(InvoiceItem),
    InvoiceLineItem(InvoiceLineItem),
    InvoicePayment(InvoicePayment),
    Mandate(Mandate),
    Meter(Meter),
    Organization(Organization),
    PaymentIntent(PaymentIntent),
    PaymentLink(PaymentLink),
    PaymentMethod(PaymentMethod),
    Payout(Payout),
    Plan(Plan),
    PortalConfiguration(PortalConfiguration),
    Price(Price),
    Product(Product),
    ProductFeature(ProductFeature),
    PromotionCode(PromotionCode),
    Quote(Quote),
    Refund(Refund),
    Review(Review),
    SetupIntent(SetupIntent),
    Subscription(BillingSubscription),
    SubscriptionItem(SubscriptionItem),
    SubscriptionSchedule(SubscriptionSchedule),
    TaxId(TaxId),
    TaxRate(TaxRate),
    TestClock(TestClock),
    Transfer(Transfer),
    User(User),
}

type Find = for<'a> fn(&'a Context<'a>, &'a str) -> BoxFuture<'a, Result<Option<Node>>>;

/// The beginnings of ids, and what they are the ids of.
///
/// `py_` and `pyr_` are charges and refunds of payment methods other than cards.
static PREFIXES: &[(&str, Find)] = &[
    ("user:", |ctx, id| {
        let id = after(id, "user:");
        let unlinked = move || User::unlinked(ctx, id);
        Box::pin(async move { Ok(one(ctx, Some(id)).await?.or_else(unlinked).map(Node::User)) })
    }),
    ("org:", |ctx, id| {
        let id = after(id, "org:");
        let unlinked = move || Organization::unlinked(ctx, id);
        Box::pin(async move { Ok(one(ctx, Some(id)).await?.or_else(unlinked).map(Node::Organization)) })
    }),
    ("ch_", |ctx, id| Box::pin(find::<Charge>(ctx, id, Node::Charge))),
    ("py_", |ctx, id| Box::pin(find::<Charge>(ctx, id, Node::Charge))),
    ("cs_", |ctx, id| Box::pin(find::<CheckoutSession>(ctx, id, Node::CheckoutSession))),
    ("cus_", |ctx, id| Box::pin(find::<Customer>(ctx, id, Node::Customer))),
    ("in_", |ctx, id| Box::pin(find::<Invoice>(ctx, id, Node::Invoice))),
    ("inpay_", |ctx, id| Box::pin(find::<InvoicePayment>(ctx, id, Node::InvoicePayment))),
    ("pi_", |ctx, id| Box::pin(find::<PaymentIntent>(ctx, id, Node::PaymentIntent))),
    ("pm_", |ctx, id| Box::pin(find::<PaymentMethod>(ctx, id, Node::PaymentMethod))),
    ("price_", |ctx, id| Box::pin(find::<Price>(ctx, id, Node::Price))),
    ("re_", |ctx, id| Box::pin(find::<Refund>(ctx, id, Node::Refund))),
    ("pyr_", |ctx, id| Box::pin(find::<Refund>(ctx, id, Node::Refund))),
    ("si_", |ctx, id| Box::pin(find::<SubscriptionItem>(ctx, id, Node::SubscriptionItem))),
    ("sub_", |ctx, id| Box::pin(find::<BillingSubscription>(ctx, id, Node::Subscription))),
    ("cn_", |ctx, id| Box::pin(find::<CreditNote>(ctx, id, Node::CreditNote))),
    ("di_", |ctx, id| Box::pin(find::<Discount>(ctx, id, Node::Discount))),
    ("dp_", |ctx, id| Box::pin(find::<Dispute>(ctx, id, Node::Dispute))),
    ("du_", |ctx, id| Box::pin(find::<Dispute>(ctx, id, Node::Dispute))),
    ("ii_", |ctx, id| Box::pin(find::<InvoiceItem>(ctx, id, Node::InvoiceItem))),
    ("il_", |ctx, id| Box::pin(find::<InvoiceLineItem>(ctx, id, Node::InvoiceLineItem))),
    ("li_", |ctx, id| Box::pin(find::<CheckoutSessionLineItem>(ctx, id, Node::CheckoutSessionLineItem))),
    ("plan_", |ctx, id| Box::pin(find::<Plan>(ctx, id, Node::Plan))),
    ("plink_", |ctx, id| Box::pin(find::<PaymentLink>(ctx, id, Node::PaymentLink))),
    ("promo_", |ctx, id| Box::pin(find::<PromotionCode>(ctx, id, Node::PromotionCode))),
    ("qt_", |ctx, id| Box::pin(find::<Quote>(ctx, id, Node::Quote))),
    ("seti_", |ctx, id| Box::pin(find::<SetupIntent>(ctx, id, Node::SetupIntent))),
    ("txi_", |ctx, id| Box::pin(find::<TaxId>(ctx, id, Node::TaxId))),
    ("txr_", |ctx, id| Box::pin(find::<TaxRate>(ctx, id, Node::TaxRate))),
    ("sub_sched_", |ctx, id| Box::pin(find::<SubscriptionSchedule>(ctx, id, Node::SubscriptionSchedule))),
    ("po_", |ctx, id| Box::pin(find::<Payout>(ctx, id, Node::Payout))),
    ("txn_", |ctx, id| Box::pin(find::<BalanceTransaction>(ctx, id, Node::BalanceTransaction))),
    ("issfr_", |ctx, id| Box::pin(find::<EarlyFraudWarning>(ctx, id, Node::EarlyFraudWarning))),
    ("prv_", |ctx, id| Box::pin(find::<Review>(ctx, id, Node::Review))),
    ("mandate_", |ctx, id| Box::pin(find::<Mandate>(ctx, id, Node::Mandate))),
    ("feat_", |ctx, id| Box::pin(find::<EntitlementFeature>(ctx, id, Node::EntitlementFeature))),
    ("ent_", |ctx, id| Box::pin(find::<ActiveEntitlement>(ctx, id, Node::ActiveEntitlement))),
    ("prodft_", |ctx, id| Box::pin(find::<ProductFeature>(ctx, id, Node::ProductFeature))),
    ("credgr_", |ctx, id| Box::pin(find::<CreditGrant>(ctx, id, Node::CreditGrant))),
    ("mtr_", |ctx, id| Box::pin(find::<Meter>(ctx, id, Node::Meter))),
    ("tr_", |ctx, id| Box::pin(find::<Transfer>(ctx, id, Node::Transfer))),
    ("acct_", |ctx, id| Box::pin(find::<Account>(ctx, id, Node::Account))),
    ("bpc_", |ctx, id| Box::pin(find::<PortalConfiguration>(ctx, id, Node::PortalConfiguration))),
    ("clock_", |ctx, id| Box::pin(find::<TestClock>(ctx, id, Node::TestClock))),
    // Two kinds have the same beginning.
    ("cbtxn_", |ctx, id| {
        Box::pin(find::<CustomerBalanceTransaction>(ctx, id, Node::CustomerBalanceTransaction))
    }),
    ("cbtxn_", |ctx, id| Box::pin(find::<CreditBalanceTransaction>(ctx, id, Node::CreditBalanceTransaction))),
    // Merchants choose the ids of products, coupons and plans: whatever has no other beginning may be one.
    ("", |ctx, id| Box::pin(find::<Product>(ctx, id, Node::Product))),
    ("", |ctx, id| Box::pin(find::<Coupon>(ctx, id, Node::Coupon))),
    ("", |ctx, id| Box::pin(find::<Plan>(ctx, id, Node::Plan))),
];

/// The object with a global id, if the viewer may see it.
pub async fn node<'a>(ctx: &'a Context<'a>, id: &'a str) -> Result<Option<Node>> {
    for (_, find) in PREFIXES.iter().filter(|(prefix, _)| id.starts_with(prefix)) {
        if let Some(node) = find(ctx, id).await? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// What follows a prefix, with or without it: `user(id:)` takes both.
pub fn after<'a>(id: &'a str, prefix: &str) -> &'a str {
    id.strip_prefix(prefix).unwrap_or(id)
}

async fn find<T: Shows>(ctx: &Context<'_>, id: &str, node: fn(T) -> Node) -> Result<Option<Node>> {
    Ok(one(ctx, Some(id)).await?.map(node))
}

/// The object that a field leads to.
pub async fn one<T: Shows>(ctx: &Context<'_>, id: Option<&str>) -> Result<Option<T>> {
    Ok(load(ctx).one::<T::Entity>(id).await?.map(T::row))
}

/// The object that a root field names, with what is selected of it loaded ahead.
pub async fn selected<T: Shows<Entity: Joined>>(ctx: &Context<'_>, id: &str) -> Result<Option<T>> {
    let load = load(ctx);
    let rows = load.prime::<T::Entity>(vec![id.to_owned()]).await?;
    prefetch::<T::Entity>(load, &rows, ctx.field()).await?;
    Ok(rows.into_iter().next().map(T::row))
}

/// The rows whose ids a column lists, in its order.
pub async fn each<T: Shows>(ctx: &Context<'_>, ids: Option<&Json>) -> Result<Vec<T>> {
    let ids = ids.and_then(|ids| ids.0.as_array()).map_or(&[][..], Vec::as_slice);
    let rows = try_join_all(ids.iter().map(|id| one(ctx, id.as_str()))).await?;
    Ok(rows.into_iter().flatten().collect())
}
