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

use std::{borrow::Cow, collections::BTreeSet};

use async_graphql::{Context, ID, Interface};
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
    in_place::{EachInPlace, InPlace},
    join::{Joined, Level, prefetch},
    load::{load, text},
    page::Shows,
};
use crate::error::Result;

/// Whatever has a global id: <https://relay.dev/graphql/objectidentification.htm>.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The global id: Stripe's own, or `user:…`, `org:…` or `plan:…`."
))]
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

/// What ids that begin alike are the ids of.
struct Kind {
    prefix: &'static str,
    /// The name of their type in the API.
    name: fn() -> Cow<'static, str>,
    /// What is before the id in the global one.
    namespace: &'static str,
    ahead: Ahead,
    find: Find,
}

type Ahead = for<'a> fn(&'a Level<'a>, Vec<String>) -> BoxFuture<'a, Result<Vec<String>>>;
type Find = for<'a> fn(&'a Context<'a>, &'a str) -> BoxFuture<'a, Result<Option<Node>>>;

const fn kind<T: Shows<Entity: Joined> + Into<Node>>(prefix: &'static str) -> Kind {
    Kind {
        prefix,
        name: T::type_name,
        namespace: <T::Entity as Joined>::NAMESPACE,
        ahead: |level, ids| Box::pin(read_ahead::<T::Entity>(level, ids)),
        find: |ctx, id| Box::pin(async move { Ok(found::<T>(ctx, Some(id)).await?.map(T::into)) }),
    }
}

/// The beginnings of ids, and what they are the ids of.
///
/// `py_` and `pyr_` are charges and refunds of payment methods other than cards; `card_`, `src_` and `ba_` are payment
/// methods that are older than these. A plan has a price of the same id, which may begin with `plan_`.
static KINDS: &[Kind] = &[
    Kind {
        find: |ctx, id| {
            let unlinked = move || User::unlinked(ctx, id);
            Box::pin(async move { Ok(found(ctx, Some(id)).await?.or_else(unlinked).map(Node::User)) })
        },
        ..kind::<User>("user:")
    },
    Kind {
        find: |ctx, id| {
            let unlinked = move || Organization::unlinked(ctx, id);
            Box::pin(async move { Ok(found(ctx, Some(id)).await?.or_else(unlinked).map(Node::Organization)) })
        },
        ..kind::<Organization>("org:")
    },
    kind::<Charge>("ch_"),
    kind::<Charge>("py_"),
    kind::<CheckoutSession>("cs_"),
    kind::<Customer>("cus_"),
    kind::<Invoice>("in_"),
    kind::<InvoicePayment>("inpay_"),
    kind::<PaymentIntent>("pi_"),
    kind::<PaymentMethod>("pm_"),
    kind::<PaymentMethod>("card_"),
    kind::<PaymentMethod>("src_"),
    kind::<PaymentMethod>("ba_"),
    kind::<Price>("price_"),
    kind::<Price>("plan_"),
    kind::<Refund>("re_"),
    kind::<Refund>("pyr_"),
    kind::<SubscriptionItem>("si_"),
    kind::<BillingSubscription>("sub_"),
    kind::<CreditNote>("cn_"),
    kind::<Discount>("di_"),
    kind::<Dispute>("dp_"),
    kind::<Dispute>("du_"),
    kind::<InvoiceItem>("ii_"),
    kind::<InvoiceLineItem>("il_"),
    kind::<CheckoutSessionLineItem>("li_"),
    kind::<Plan>("plan:"),
    kind::<PaymentLink>("plink_"),
    kind::<PromotionCode>("promo_"),
    kind::<Quote>("qt_"),
    kind::<SetupIntent>("seti_"),
    kind::<TaxId>("txi_"),
    kind::<TaxRate>("txr_"),
    kind::<SubscriptionSchedule>("sub_sched_"),
    kind::<Payout>("po_"),
    kind::<BalanceTransaction>("txn_"),
    kind::<EarlyFraudWarning>("issfr_"),
    kind::<Review>("prv_"),
    kind::<Mandate>("mandate_"),
    kind::<EntitlementFeature>("feat_"),
    kind::<ActiveEntitlement>("ent_"),
    kind::<ProductFeature>("prodft_"),
    kind::<CreditGrant>("credgr_"),
    kind::<Meter>("mtr_"),
    kind::<Transfer>("tr_"),
    kind::<Account>("acct_"),
    kind::<PortalConfiguration>("bpc_"),
    kind::<TestClock>("clock_"),
    // Two kinds have the same beginning.
    kind::<CustomerBalanceTransaction>("cbtxn_"),
    kind::<CreditBalanceTransaction>("cbtxn_"),
];

/// Merchants choose the ids of products, coupons and those prices that were made as plans: whatever is nothing else may be
/// one. Of those with the same id the first counts.
static CHOSEN: &[Kind] = &[kind::<Price>(""), kind::<Product>(""), kind::<Coupon>("")];

impl Kind {
    fn has(&self, id: &str) -> bool {
        id.starts_with(self.prefix)
    }

    /// Reads those of the ids that are of this kind, with what is selected of them, and says which there are.
    async fn read(&self, level: &Level<'_>, ids: &BTreeSet<String>) -> Result<Vec<String>> {
        let own = ids.iter().filter(|id| self.has(id)).map(|id| after(id, self.namespace).to_owned());
        let found = (self.ahead)(level, own.collect()).await?;
        Ok(found.into_iter().map(|id| format!("{}{id}", self.namespace)).collect())
    }
}

/// The object with a global id, if the viewer may see it.
pub async fn node<'a>(ctx: &'a Context<'a>, id: &'a str) -> Result<Option<Node>> {
    for kind in KINDS.iter().chain(CHOSEN).filter(|kind| kind.has(id)) {
        if let Some(node) = (kind.find)(ctx, after(id, kind.namespace)).await? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// The object of a type with a global id, if the viewer may see it.
pub async fn entity<'a>(ctx: &'a Context<'a>, ty: &str, id: &'a str) -> Result<Option<Node>> {
    match KINDS.iter().chain(CHOSEN).find(|kind| (kind.name)() == ty) {
        Some(kind) => (kind.find)(ctx, after(id, kind.namespace)).await,
        None => Ok(None),
    }
}

/// The objects with these global ids that the viewer may see, with what is selected of them loaded ahead.
pub async fn nodes<'a>(ctx: &'a Context<'a>, ids: &'a [ID]) -> Result<Vec<Option<Node>>> {
    let keys = ids.iter().map(|id| id.0.clone()).collect();
    ahead(Level { load: load(ctx), keys, selected: vec![ctx.field()] }).await?;
    try_join_all(ids.iter().map(|id| node(ctx, id))).await
}

/// Reads the objects with these global ids, and what is selected of them: one statement for each kind.
pub async fn ahead(level: Level<'_>) -> Result<()> {
    let mut missing: BTreeSet<String> = level.keys.iter().cloned().collect();
    for kinds in [KINDS, CHOSEN] {
        let found = try_join_all(kinds.iter().map(|kind| kind.read(&level, &missing))).await?;
        for id in found.iter().flatten() {
            missing.remove(id);
        }
    }
    Ok(())
}

async fn read_ahead<E: Joined>(level: &Level<'_>, ids: Vec<String>) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = level.load.prime::<E>(ids).await?;
    prefetch::<E>(level.load, &rows, &level.selected).await?;
    Ok(rows.iter().map(|row| text::<E>(row, "id")).collect())
}

/// What follows a prefix, with or without it: `user(id:)` takes both.
pub fn after<'a>(id: &'a str, prefix: &str) -> &'a str {
    id.strip_prefix(prefix).unwrap_or(id)
}

/// The object that a field leads to, if there is one.
pub async fn one<T: Shows>(ctx: &Context<'_>, id: Option<&str>) -> Result<Option<InPlace<T>>> {
    Ok(found(ctx, id).await?.map(InPlace))
}

async fn found<T: Shows>(ctx: &Context<'_>, id: Option<&str>) -> Result<Option<T>> {
    Ok(load(ctx).shown::<T::Entity>(id).await?.map(T::row))
}

/// The object that a root field names, with what is selected of it loaded ahead.
pub async fn selected<T: Shows<Entity: Joined>>(ctx: &Context<'_>, id: &str) -> Result<Option<T>> {
    let load = load(ctx);
    let rows = load.prime::<T::Entity>(vec![id.to_owned()]).await?;
    prefetch::<T::Entity>(load, &rows, &[ctx.field()]).await?;
    Ok(rows.into_iter().next().map(T::row))
}

/// The objects with these ids that the viewer may see, in their order.
pub async fn each<T: Shows>(ctx: &Context<'_>, ids: &[String]) -> Result<EachInPlace<T>> {
    let rows = try_join_all(ids.iter().map(|id| found(ctx, Some(id)))).await?;
    Ok(EachInPlace(rows.into_iter().flatten().collect()))
}
