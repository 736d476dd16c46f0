//! The objects of the API: plain fields from the row, joins from the loader.

mod charge;
mod checkout_session;
mod customer;
mod invoice;
mod invoice_payment;
mod organization;
mod payment_intent;
mod payment_method;
mod price;
mod product;
mod refund;
mod subscription;
mod subscription_item;
mod user;

use async_graphql::{Context, ID, Interface};
use futures_util::future::BoxFuture;

pub use self::{
    charge::Charge, checkout_session::CheckoutSession, customer::Customer, invoice::Invoice,
    invoice_payment::InvoicePayment, organization::Organization, payment_intent::PaymentIntent,
    payment_method::PaymentMethod, price::Price, product::Product, refund::Refund,
    subscription::BillingSubscription, subscription_item::SubscriptionItem, user::User,
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
    Charge(Charge),
    CheckoutSession(CheckoutSession),
    Customer(Customer),
    Invoice(Invoice),
    InvoicePayment(InvoicePayment),
    Organization(Organization),
    PaymentIntent(PaymentIntent),
    PaymentMethod(PaymentMethod),
    Price(Price),
    Product(Product),
    Refund(Refund),
    Subscription(BillingSubscription),
    SubscriptionItem(SubscriptionItem),
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
    // Merchants choose the ids of products: whatever has no other beginning may be one.
    ("", |ctx, id| Box::pin(find::<Product>(ctx, id, Node::Product))),
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
