//! The fields of the query's root that are declared: for each object, itself by its id, and the list of all.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    async_trait::async_trait,
    parser::types::Field,
    registry::{MetaField, MetaTypeId, Registry},
    resolver_utils::resolve_container,
};
use entity::{
    account, active_entitlement, balance_transaction, charge, checkout_session, checkout_session_line_item,
    coupon, credit_balance_transaction, credit_grant, credit_note, customer, customer_balance_transaction,
    discount, dispute, early_fraud_warning, entitlement_feature, invoice, invoice_item, invoice_line_item,
    invoice_payment, mandate, meter, organization, payment_intent, payment_link, payment_method, payout,
    plan, portal_configuration, price, product, product_feature, promotion_code, quote, refund, review,
    setup_intent, subscription, subscription_item, subscription_schedule, tax_id, tax_rate, test_clock,
    transfer, user,
};
use futures_util::future::BoxFuture;

use super::{
    column::Column,
    declared::answer,
    describe::{field, input, list_arguments, part},
    in_place::InPlace,
    join::{Joined, prefetch_nodes},
    load::load,
    object::{after, selected},
    page::{Connection, Paging},
};
use crate::{
    auth::{Viewer, scope::Scope},
    error::{Error, Result},
};

/// The declared fields.
pub struct Roots;

/// A field of the root.
struct Root {
    name: &'static str,
    describe: fn(&'static str, &mut Registry) -> MetaField,
    resolve: for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, ServerResult<Value>>,
}

/// What can be asked for, but for what has code of its own in [`query`](super::query).
static ROOTS: &[[Option<Root>; 2]] = &[
    object::<account::Entity>("account", "accounts"),
    object::<active_entitlement::Entity>("activeEntitlement", "activeEntitlements"),
    object::<balance_transaction::Entity>("balanceTransaction", "balanceTransactions"),
    object::<charge::Entity>("charge", "charges"),
    list::<checkout_session::Entity>("checkoutSessions"),
    object::<checkout_session_line_item::Entity>("checkoutSessionLineItem", "checkoutSessionLineItems"),
    object::<coupon::Entity>("coupon", "coupons"),
    object::<credit_balance_transaction::Entity>("creditBalanceTransaction", "creditBalanceTransactions"),
    object::<credit_grant::Entity>("creditGrant", "creditGrants"),
    object::<credit_note::Entity>("creditNote", "creditNotes"),
    object::<customer::Entity>("customer", "customers"),
    object::<customer_balance_transaction::Entity>(
        "customerBalanceTransaction",
        "customerBalanceTransactions",
    ),
    object::<discount::Entity>("discount", "discounts"),
    object::<dispute::Entity>("dispute", "disputes"),
    object::<early_fraud_warning::Entity>("earlyFraudWarning", "earlyFraudWarnings"),
    object::<entitlement_feature::Entity>("entitlementFeature", "entitlementFeatures"),
    object::<invoice::Entity>("invoice", "invoices"),
    object::<invoice_item::Entity>("invoiceItem", "invoiceItems"),
    object::<invoice_line_item::Entity>("invoiceLineItem", "invoiceLineItems"),
    object::<invoice_payment::Entity>("invoicePayment", "invoicePayments"),
    object::<mandate::Entity>("mandate", "mandates"),
    object::<meter::Entity>("meter", "meters"),
    list::<organization::Entity>("organizations"),
    object::<payment_intent::Entity>("payment", "payments"),
    object::<payment_link::Entity>("paymentLink", "paymentLinks"),
    object::<payment_method::Entity>("paymentMethod", "paymentMethods"),
    object::<payout::Entity>("payout", "payouts"),
    object::<plan::Entity>("plan", "plans"),
    object::<portal_configuration::Entity>("portalConfiguration", "portalConfigurations"),
    object::<price::Entity>("price", "prices"),
    object::<product::Entity>("product", "products"),
    object::<product_feature::Entity>("productFeature", "productFeatures"),
    object::<promotion_code::Entity>("promotionCode", "promotionCodes"),
    object::<quote::Entity>("quote", "quotes"),
    object::<refund::Entity>("refund", "refunds"),
    object::<review::Entity>("review", "reviews"),
    object::<setup_intent::Entity>("setupIntent", "setupIntents"),
    object::<subscription::Entity>("subscription", "subscriptions"),
    object::<subscription_item::Entity>("subscriptionItem", "subscriptionItems"),
    object::<subscription_schedule::Entity>("subscriptionSchedule", "subscriptionSchedules"),
    object::<tax_id::Entity>("taxId", "taxIds"),
    object::<tax_rate::Entity>("taxRate", "taxRates"),
    object::<test_clock::Entity>("testClock", "testClocks"),
    object::<transfer::Entity>("transfer", "transfers"),
    list::<user::Entity>("users"),
];

const fn object<T: Joined>(one: &'static str, many: &'static str) -> [Option<Root>; 2] {
    let one = Root {
        name: one,
        describe: describe_one::<T>,
        resolve: |ctx| Box::pin(async move { answer(ctx, find::<T>(ctx).await).await }),
    };
    let [_, many] = list::<T>(many);
    [Some(one), many]
}

const fn list<T: Joined>(many: &'static str) -> [Option<Root>; 2] {
    let many = Root {
        name: many,
        describe: describe_many::<T>,
        resolve: |ctx| Box::pin(async move { answer(ctx, page::<T>(ctx).await.map(InPlace)).await }),
    };
    [None, Some(many)]
}

fn describe_one<T: Joined>(name: &'static str, registry: &mut Registry) -> MetaField {
    let ty = Option::<T::Shown>::create_type_info(registry);
    let id = input("id", "The id.", "ID!");
    field(name, &format!("The {} with an id.", words(name)), ty, vec![id])
}

fn describe_many<T: Joined>(name: &'static str, registry: &mut Registry) -> MetaField {
    let ty = Connection::<T::Shown>::create_type_info(registry);
    let order = if Column::find::<T>("created").is_some() { "newest first" } else { "by their ids" };
    let mut description = format!("The {} that are to be seen and not deleted, {order}.", words(name));
    if T::is_large() {
        description.push_str(" They may be many: of the whole, only an admin gets what no index leads to.");
    }
    field(name, &description, ty, list_arguments::<T>(registry))
}

/// A name's words.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

async fn find<T: Joined>(ctx: &Context<'_>) -> Result<Option<InPlace<T::Shown>>> {
    let arguments = ctx.field().arguments().unwrap_or_default();
    let id = arguments.into_iter().find_map(|(name, value)| match value {
        Value::String(id) if name == "id" => Some(id),
        Value::Number(id) if name == "id" => Some(id.to_string()),
        _ => None,
    });
    let id = id.ok_or_else(|| Error::invalid("`id` is text."))?;
    Ok(selected(ctx, after(&id, T::NAMESPACE)).await?.map(InPlace))
}

/// A page of all rows of a table, with what is selected of them loaded ahead.
async fn page<T: Joined>(ctx: &Context<'_>) -> Result<Connection<T::Shown>> {
    let load = load(ctx);
    let args = Paging::here(ctx).unwrap_or_default().check::<T>()?;
    // Who sees everything would read a whole table.
    let is_fast = load.scope() != Scope::Everything || !T::is_large() || args.is_indexed();
    if !is_fast && !ctx.data_unchecked::<Viewer>().is_admin() {
        let message = "No index leads to these rows: only an admin may ask for them without an indexed field in the \
                       filter, or in this order without a filter.";
        return Err(Error::invalid(message));
    }
    let connection = Connection::all(load, args).await?;
    prefetch_nodes::<T>(load, connection.rows(), &[ctx.field()]).await?;
    Ok(connection)
}

#[async_trait]
impl OutputType for Roots {
    fn type_name() -> Cow<'static, str> {
        "Roots".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            let roots = ROOTS.iter().flatten().flatten();
            let fields: Vec<_> = roots.map(|root| (root.describe)(root.name, registry)).collect();
            part(Self::type_name().into_owned(), fields, std::any::type_name::<Self>())
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

#[async_trait]
impl ContainerType for Roots {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let name = ctx.item.node.name.node.as_str();
        match ROOTS.iter().flatten().flatten().find(|root| root.name == name) {
            Some(root) => (root.resolve)(ctx).await.map(Some),
            None => Ok(None),
        }
    }
}

impl ObjectType for Roots {}
