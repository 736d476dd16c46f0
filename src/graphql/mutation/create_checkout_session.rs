//! `createCheckoutSession`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::{
    checkout_session::{self, CheckoutMode, CheckoutUiMode},
    customer,
    mirrored::Mirrored,
    price::{self, PriceType, UsageType},
    scalar::Metadata,
};
use sea_orm::{
    EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    UserError, UserErrorCode,
    customer_link::ensure,
    link_customer::{metadata_error, own_subject},
};
use crate::{
    app::App,
    auth::{Viewer, scope::Belongings},
    error::{Error, Result},
    graphql::{
        load::{Row, load},
        object::CheckoutSession,
    },
    mirror::snapshot::{Snapshot, Source},
    stripe::{Answer, NewCheckoutSession, Refusal, StripeError},
    wait,
};

/// Stripe's limit on line items of a session.
const MOST_ITEMS: usize = 100;

/// Stripe's limit on trials, in days.
const LONGEST_TRIAL: i32 = 730;

/// What to buy, and where to go from there.
#[derive(InputObject)]
pub struct CreateCheckoutSessionInput {
    /// What the session is for; left out: SUBSCRIPTION where the first price is recurring, else PAYMENT.
    mode: Option<CheckoutMode>,
    /// What is bought; not for SETUP.
    line_items: Option<Vec<CheckoutLineItemInput>>,
    /// Where the customer goes after paying; Stripe replaces `{CHECKOUT_SESSION_ID}`. Needed for HOSTED_PAGE.
    success_url: Option<String>,
    /// Where the customer goes to give up; for HOSTED_PAGE.
    cancel_url: Option<String>,
    /// Where the page returns to; Stripe replaces `{CHECKOUT_SESSION_ID}`. Needed for other than HOSTED_PAGE.
    return_url: Option<String>,
    /// How the page is shown; left out: HOSTED_PAGE.
    ui_mode: Option<CheckoutUiMode>,
    /// Days until the first payment; beyond BILLGRAPH_MAX_TRIAL_DAYS for admins only.
    trial_period_days: Option<i32>,
    /// Whether a payment method is asked for although nothing is to be paid now.
    payment_method_collection: Option<PaymentMethodCollection>,
    /// Whether the page takes promotion codes.
    allow_promotion_codes: Option<bool>,
    /// A promotion code that is applied.
    promotion_code_id: Option<ID>,
    /// A coupon that is applied; for admins only.
    coupon_id: Option<ID>,
    /// Whether Stripe computes taxes.
    automatic_tax: Option<bool>,
    /// The language of the page, such as `de`; left out: the browser's.
    locale: Option<String>,
    /// The metadata of the session.
    metadata: Option<Metadata>,
    /// The metadata of the subscription that comes of it.
    subscription_metadata: Option<Metadata>,
    /// Buy for this organization; for its admins only.
    organization_id: Option<ID>,
    /// The same key makes the same session, for a day.
    idempotency_key: Option<String>,
}

/// A price, and how many of it.
#[derive(InputObject)]
pub struct CheckoutLineItemInput {
    /// The price's id.
    price_id: ID,
    /// How many; left out: one.
    quantity: Option<i32>,
}

/// Whether a payment method is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentMethodCollection {
    /// Always.
    Always,
    /// Only where something is to be paid now.
    IfRequired,
}

/// The session that was opened.
#[derive(Default, SimpleObject)]
pub struct CreateCheckoutSessionPayload {
    /// The session.
    checkout_session: Option<CheckoutSession>,
    /// What is wrong with the input; then nothing was done.
    user_errors: Vec<UserError>,
}

/// Opens a session for the viewer.
pub async fn create_checkout_session(
    ctx: &Context<'_>,
    input: CreateCheckoutSessionInput,
) -> Result<CreateCheckoutSessionPayload> {
    let (app, viewer) = (ctx.data_unchecked::<App>(), ctx.data_unchecked::<Viewer>());
    let subject = own_subject(viewer, input.organization_id.as_ref())?;
    let mut errors = Vec::new();
    let idempotency_key = input.idempotency_key.as_deref().map(|key| scoped_key(viewer, key));
    let session = check(app, viewer, input, &mut errors).await?;
    let Some(mut session) = session.filter(|_| errors.is_empty()) else { return Ok(refused(errors)) };
    let (_, customer) = ensure(app, &subject).await?;
    load(ctx).extend(Belongings { customers: [customer.clone()].into(), ..Belongings::default() });
    if session.mode == "setup" {
        session.currency = customer::Entity::find_by_id(&customer)
            .one(&app.db.reader)
            .await?
            .and_then(|row| row.currency)
            .or(Some("usd".to_owned()));
    }
    session.customer = customer;
    session.client_reference_id = subject.id;
    let answer = match app.stripe.create_checkout_session(session, idempotency_key).await {
        Ok(answer) => answer,
        Err(error) => return foreseen(&error).map(|error| refused(vec![error])).ok_or_else(|| error.into()),
    };
    let id = answer.object.get("id").and_then(Value::as_str);
    let row = kept(ctx, &answer, id).await;
    let created = answer.object.get("created").and_then(Value::as_i64).unwrap_or_default();
    let made = |row: Row<checkout_session::Entity>| {
        let token = wait::token(app, checkout_session::Entity::OBJECT, &row.id, created);
        CheckoutSession::made(row, token)
    };
    tracing::info!(viewer.id = viewer.id(), object.id = id, "checkout session created");
    Ok(CreateCheckoutSessionPayload {
        checkout_session: row.map(made),
        ..CreateCheckoutSessionPayload::default()
    })
}

/// The session as the mirror holds it. Where it could not be written, it is there all the same, and may be paid: it is shown
/// as Stripe answered, and its events bring the row.
async fn kept(ctx: &Context<'_>, answer: &Answer, id: Option<&str>) -> Option<Row<checkout_session::Entity>> {
    let app = ctx.data_unchecked::<App>();
    let written = async {
        app.writer.answer(answer).await?;
        load(ctx).one::<checkout_session::Entity>(id).await
    };
    match written.await {
        Ok(Some(row)) => return Some(row),
        Ok(None) => {}
        Err(error) => tracing::warn!(object.id = id, error = error.chain(), "a session could not be written"),
    }
    let object = app.config.exclusions.of_object(&answer.object);
    let snapshot = Snapshot::of(&object, "", Source::fetched(answer.at, &answer.api_version))?;
    snapshot.row::<checkout_session::Entity>().map(Arc::new)
}

fn refused(user_errors: Vec<UserError>) -> CreateCheckoutSessionPayload {
    CreateCheckoutSessionPayload { user_errors, ..CreateCheckoutSessionPayload::default() }
}

/// A client's key, so that it stays that client's.
fn scoped_key(viewer: &Viewer, key: &str) -> String {
    let digest = Sha256::digest(format!("{} {key}", viewer.id()));
    format!("billgraph-checkout-{}", hex::encode(digest))
}

/// The session as Stripe is to be asked for it; what is wrong with the input goes to `errors`.
async fn check(
    app: &App,
    viewer: &Viewer,
    input: CreateCheckoutSessionInput,
    errors: &mut Vec<UserError>,
) -> Result<Option<NewCheckoutSession>> {
    if input.coupon_id.is_some() && !viewer.is_admin() {
        return Err(Error::forbidden("`couponId` is for admins; customers have promotion codes."));
    }
    check_urls(app, &input, errors);
    for (field, metadata) in
        [("metadata", &input.metadata), ("subscriptionMetadata", &input.subscription_metadata)]
    {
        errors.extend(metadata_error(app, &["input", field], metadata.as_ref()));
    }
    let items = input.line_items.unwrap_or_default();
    let prices = check_items(app, &items, errors).await?;
    if prices.len() < items.len() {
        // What the session would be for is not known.
        return Ok(None);
    }
    let Some(mode) = check_mode(input.mode, &prices, errors) else { return Ok(None) };
    let trial_period_days = check_trial(app, viewer, mode, input.trial_period_days, errors);
    let quantity = |(item, price): (&CheckoutLineItemInput, &price::Model)| {
        // Stripe refuses a quantity of what a meter counts.
        let metered =
            price.recurring_usage_type.as_ref().is_some_and(|usage| usage.known() == UsageType::Metered);
        let quantity = u64::from(item.quantity.unwrap_or(1).unsigned_abs());
        (price.id.clone(), (!metered).then_some(quantity))
    };
    Ok(Some(NewCheckoutSession {
        mode,
        ui_mode: ui_mode(input.ui_mode),
        line_items: items.iter().zip(&prices).map(quantity).collect(),
        success_url: input.success_url,
        cancel_url: input.cancel_url,
        return_url: input.return_url,
        trial_period_days,
        payment_method_collection: input.payment_method_collection.map(|collection| match collection {
            PaymentMethodCollection::Always => "always",
            PaymentMethodCollection::IfRequired => "if_required",
        }),
        allow_promotion_codes: input.allow_promotion_codes,
        promotion_code: input.promotion_code_id.map(|id| id.to_string()),
        coupon: input.coupon_id.map(|id| id.to_string()),
        automatic_tax: input.automatic_tax,
        locale: input.locale,
        metadata: pairs(input.metadata.as_ref()),
        subscription_metadata: pairs(input.subscription_metadata.as_ref()),
        ..NewCheckoutSession::default()
    }))
}

fn pairs(metadata: Option<&Metadata>) -> HashMap<String, String> {
    let pairs = metadata.into_iter().flat_map(Metadata::pairs);
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn ui_mode(mode: Option<CheckoutUiMode>) -> &'static str {
    match mode {
        None | Some(CheckoutUiMode::HostedPage | CheckoutUiMode::Unknown) => "hosted_page",
        Some(CheckoutUiMode::EmbeddedPage) => "embedded_page",
        Some(CheckoutUiMode::Elements) => "elements",
        Some(CheckoutUiMode::Form) => "form",
    }
}

fn check_urls(app: &App, input: &CreateCheckoutSessionInput, errors: &mut Vec<UserError>) {
    if input.ui_mode == Some(CheckoutUiMode::Unknown) {
        let message = "Say how the page is to be shown.";
        errors.push(UserError::new(UserErrorCode::Invalid, ["input", "uiMode"], message));
    }
    let hosted = matches!(input.ui_mode, None | Some(CheckoutUiMode::HostedPage));
    let urls = [
        ("successUrl", &input.success_url, hosted, hosted),
        ("cancelUrl", &input.cancel_url, false, hosted),
        ("returnUrl", &input.return_url, !hosted, !hosted),
    ];
    for (field, url, needed, allowed) in urls {
        let error = match url {
            None if needed => Some((UserErrorCode::Required, "This way of showing the page needs it.")),
            Some(_) if !allowed => {
                Some((UserErrorCode::Invalid, "This way of showing the page does not use it."))
            }
            Some(url) if !may_redirect(app, url) => Some((
                UserErrorCode::RedirectNotAllowed,
                "Its origin is not among BILLGRAPH_REDIRECT_ORIGINS.",
            )),
            _ => None,
        };
        errors.extend(error.map(|(code, message)| UserError::new(code, ["input", field], message)));
    }
}

/// Whether a URL leads to a configured origin, however it is read.
///
/// Parsers differ on backslashes, white space and user names: what has them is refused.
fn may_redirect(app: &App, url: &str) -> bool {
    let ambiguous = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
    let Ok(parsed) = Url::parse(url) else { return false };
    !url.contains(ambiguous)
        && url.len() <= 5000
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && app.config.redirect_origins.contains(&parsed.origin().ascii_serialization())
}

/// The prices of the items, in their order; short where something is wrong.
async fn check_items(
    app: &App,
    items: &[CheckoutLineItemInput],
    errors: &mut Vec<UserError>,
) -> Result<Vec<price::Model>> {
    if items.len() > MOST_ITEMS {
        let message = format!("Stripe takes at most {MOST_ITEMS} items.");
        errors.push(UserError::new(UserErrorCode::Invalid, ["input", "lineItems"], message));
        return Ok(Vec::new());
    }
    let mut prices = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let mut refuse = |field: &str, code, message: &str| {
            let path = ["input", "lineItems", &index.to_string(), field];
            errors.push(UserError::new(code, path, message));
        };
        if item.quantity.is_some_and(|quantity| !(1..=999_999).contains(&quantity)) {
            refuse("quantity", UserErrorCode::Invalid, "A quantity is from 1 to 999999.");
        }
        match price(app, &item.price_id).await? {
            None => refuse("priceId", UserErrorCode::NotFound, "There is no such price."),
            Some(price) if !price.active => {
                refuse("priceId", UserErrorCode::Inactive, "The price is not active.");
            }
            Some(price) => prices.push(price),
        }
    }
    Ok(prices)
}

/// A price of the mirror, or of Stripe where the mirror does not have it yet.
async fn price(app: &App, id: &str) -> Result<Option<price::Model>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 255 || !id.chars().all(plain) {
        return Ok(None);
    }
    let own = price::Entity::find_by_id(id).filter(Expr::col("account").eq(""));
    if let Some(known) = own.one(&app.db.reader).await? {
        return Ok(Some(known).filter(|price| !price.deleted));
    }
    match app.stripe.retrieve_price(id).await {
        Ok(answer) => app.writer.answer(&answer).await?,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    Ok(price::Entity::find_by_id(id).one(&app.db.writer).await?.filter(|price| !price.deleted))
}

fn check_mode(
    mode: Option<CheckoutMode>,
    prices: &[price::Model],
    errors: &mut Vec<UserError>,
) -> Option<&'static str> {
    let recurring =
        |price: &price::Model| price.r#type.as_ref().is_some_and(|kind| kind.known() == PriceType::Recurring);
    let mode = match mode {
        Some(CheckoutMode::Setup) => "setup",
        Some(CheckoutMode::Subscription) => "subscription",
        Some(CheckoutMode::Unknown) => {
            errors.push(UserError::new(
                UserErrorCode::Invalid,
                ["input", "mode"],
                "Say what the session is for.",
            ));
            return None;
        }
        None if prices.first().is_some_and(recurring) => "subscription",
        Some(CheckoutMode::Payment) | None => "payment",
    };
    let mut refuse = |code, message: &str| errors.push(UserError::new(code, ["input", "lineItems"], message));
    match mode {
        "setup" if !prices.is_empty() => refuse(UserErrorCode::Invalid, "Nothing is bought in SETUP."),
        "setup" => {}
        _ if prices.is_empty() => refuse(UserErrorCode::Required, "Say what is bought."),
        "payment" if prices.iter().any(recurring) => {
            refuse(UserErrorCode::Invalid, "A recurring price needs the mode SUBSCRIPTION.");
        }
        "subscription" if !prices.iter().any(recurring) => {
            refuse(UserErrorCode::Invalid, "A subscription needs a recurring price.");
        }
        _ => {}
    }
    Some(mode)
}

fn check_trial(
    app: &App,
    viewer: &Viewer,
    mode: &str,
    days: Option<i32>,
    errors: &mut Vec<UserError>,
) -> Option<u32> {
    let days = days?;
    let most = if viewer.is_admin() { LONGEST_TRIAL } else { app.config.max_trial_days };
    let message = if mode != "subscription" {
        "Only a subscription has a trial.".to_owned()
    } else if (1..=most).contains(&days) {
        return u32::try_from(days).ok();
    } else {
        format!("A trial is from 1 to {most} days here.")
    };
    errors.push(UserError::new(UserErrorCode::Invalid, ["input", "trialPeriodDays"], message));
    None
}

/// What Stripe refuses and the caller can mend.
fn foreseen(error: &StripeError) -> Option<UserError> {
    let Refusal { status, kind, code, param, .. } = error.refusal()?;
    if *status == 400 && kind.as_deref() == Some("idempotency_error") {
        let message = "The key was used for a session with other contents.";
        return Some(UserError::new(UserErrorCode::Invalid, ["input", "idempotencyKey"], message));
    }
    let param = param.as_deref()?;
    let (field, what) = match param.split('[').next()? {
        "line_items" => ("lineItems", "an item"),
        "discounts" => ("promotionCodeId", "the discount"),
        "locale" => ("locale", "the language"),
        "success_url" => ("successUrl", "the URL"),
        "cancel_url" => ("cancelUrl", "the URL"),
        "return_url" => ("returnUrl", "the URL"),
        _ => return None,
    };
    let missing = code.as_deref() == Some("resource_missing");
    let code = if missing { UserErrorCode::NotFound } else { UserErrorCode::Invalid };
    Some(UserError::new(code, ["input", field], format!("Stripe does not take {what}.")))
}
