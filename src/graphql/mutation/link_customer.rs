//! `linkCustomer`.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::{customer, mirrored::Mirrored, organization, scalar::Metadata, user};

use super::{
    UserError, UserErrorCode,
    customer_link::{LinkOutcome, ORGANIZATION_KEY, Refused, Subject, SubjectKind, ensure, link_exactly},
};
use crate::{
    app::App,
    auth::{Caller, Viewer, scope::Belongings},
    error::{Error, Result},
    graphql::{
        load::load,
        object::{Customer, Organization, User, after},
        page::Shows,
    },
    mirror::links::is_user_id,
    wait,
};

/// Stripe's limits: <https://docs.stripe.com/metadata#data>.
const MOST_KEYS: usize = 50;
const LONGEST_KEY: usize = 40;
const LONGEST_VALUE: usize = 500;

/// Whom to link, and to which customer. A user links itself and needs to say nothing.
#[derive(InputObject)]
pub struct LinkCustomerInput {
    /// The user, by the identity provider's id; for service tokens and admins only.
    user_id: Option<String>,
    /// The user's e-mail address; for service tokens and admins only.
    email: Option<String>,
    /// Whether the address is verified to be the user's; for service tokens and admins only.
    email_verified: Option<bool>,
    /// An organization to be linked instead; for its own admins, service tokens and admins.
    organization_id: Option<ID>,
    /// Link exactly this customer; for admins only.
    customer_id: Option<ID>,
    /// The name of a new customer.
    name: Option<String>,
    /// The metadata of a new customer; keys that name a user are not allowed.
    metadata: Option<Metadata>,
}

/// Who is linked to which customer now.
#[derive(Default, SimpleObject)]
pub struct LinkCustomerPayload {
    /// How the customer was found.
    outcome: Option<LinkOutcome>,
    /// The user, where one was linked.
    user: Option<User>,
    /// The organization, where one was linked.
    organization: Option<Organization>,
    /// The customer.
    customer: Option<Customer>,
    /// A token with which `GET /wait` answers once the mirror holds the customer.
    wait_token: Option<String>,
    /// What is wrong with the input; then nothing was done.
    user_errors: Vec<UserError>,
}

/// Links the subject that the viewer may link.
pub async fn link_customer(ctx: &Context<'_>, input: LinkCustomerInput) -> Result<LinkCustomerPayload> {
    let (app, viewer) = (ctx.data_unchecked::<App>(), ctx.data_unchecked::<Viewer>());
    if viewer.caller == Caller::Anonymous {
        return Err(Error::unauthenticated("Sign in to link a customer."));
    }
    let customer_id = input.customer_id.as_ref().map(|id| id.to_string());
    if customer_id.is_some() && !viewer.is_admin() {
        return Err(Error::forbidden("`customerId` is for admins."));
    }
    let metadata_error = metadata_error(app, &["input", "metadata"], input.metadata.as_ref());
    let subject = match subject(viewer, input)?.and_then(|subject| metadata_error.map_or(Ok(subject), Err)) {
        Ok(subject) => subject,
        Err(error) => return Ok(refused(error)),
    };
    let (outcome, customer) = match customer_id {
        None => ensure(app, &subject).await?,
        Some(customer) => match link_exactly(app, &subject, &customer).await? {
            Ok(outcome) => (outcome, customer),
            Err(refusal) => return Ok(refused(customer_error(&refusal))),
        },
    };
    tracing::info!(viewer.id = viewer.id(), object.id = customer, outcome = ?outcome, "customer linked");
    payload(ctx, &subject, outcome, &customer).await
}

fn refused(error: UserError) -> LinkCustomerPayload {
    LinkCustomerPayload { user_errors: vec![error], ..LinkCustomerPayload::default() }
}

fn customer_error(refusal: &Refused) -> UserError {
    let field = ["input", "customerId"];
    match refusal {
        Refused::AlreadyLinked => {
            UserError::new(UserErrorCode::AlreadyLinked, field, "One of the two is linked already.")
        }
        Refused::NoSuchCustomer => {
            UserError::new(UserErrorCode::NotFound, field, "There is no such customer.")
        }
    }
}

/// Whom the viewer asks to link, if they may.
fn subject(viewer: &Viewer, input: LinkCustomerInput) -> Result<std::result::Result<Subject, UserError>> {
    let says_who = input.user_id.is_some() || input.email.is_some() || input.email_verified.is_some();
    if says_who && !viewer.may_link() {
        return Err(Error::forbidden("`userId`, `email` and `emailVerified` are for service tokens."));
    }
    let metadata = input.metadata.as_ref().into_iter().flat_map(Metadata::pairs);
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    if let Some(organization) = input.organization_id {
        let id = after(&organization, "org:").to_owned();
        let own = own_organization(viewer, &id)?;
        if !is_user_id(&id) {
            return Ok(Err(not_an_id("organizationId", "This cannot be an organization's id.")));
        }
        let name = input.name.or_else(|| own.and_then(|own| own.name.clone()));
        let (kind, email) = (SubjectKind::Organization, input.email);
        return Ok(Ok(Subject { kind, id, email, email_verified: false, name, metadata }));
    }
    let kind = SubjectKind::User;
    match (input.user_id, &viewer.caller) {
        (Some(id), _) => {
            let email_verified = input.email_verified == Some(true);
            let id = after(&id, "user:").to_owned();
            if !is_user_id(&id) {
                return Ok(Err(not_an_id("userId", "This cannot be a user's id.")));
            }
            Ok(Ok(Subject { kind, id, email: input.email, email_verified, name: input.name, metadata }))
        }
        (None, Caller::User(user)) => {
            let (id, email, email_verified) = (user.id.clone(), user.email.clone(), user.email_verified);
            let name = input.name.or_else(|| user.name.clone());
            Ok(Ok(Subject { kind, id, email, email_verified, name, metadata }))
        }
        (None, Caller::Service { .. }) if viewer.may_link() => Ok(Err(UserError::new(
            UserErrorCode::Required,
            ["input", "userId"],
            "A service says whom to link.",
        ))),
        (None, Caller::Service { .. }) => Err(Error::forbidden("This token only reads.")),
        (None, Caller::Anonymous) => Err(Error::unauthenticated("Sign in to link a customer.")),
    }
}

fn not_an_id(field: &str, message: &str) -> UserError {
    UserError::new(UserErrorCode::Invalid, ["input", field], message)
}

/// The viewer's own organization, if it is this one and the viewer may act for it.
pub fn own_organization<'a>(viewer: &'a Viewer, id: &str) -> Result<Option<&'a crate::auth::Organization>> {
    let own = viewer.user().and_then(|user| user.organization.as_ref()).filter(|own| own.id == id);
    if viewer.may_link() || own.is_some_and(|own| own.admin) {
        return Ok(own);
    }
    match viewer.caller {
        Caller::Anonymous => Err(Error::unauthenticated("Sign in to act for an organization.")),
        _ => Err(Error::forbidden("Only an admin of the organization may act for it.")),
    }
}

/// The subject of a signed-in user who acts for themselves or for an organization.
pub fn own_subject(viewer: &Viewer, organization: Option<&ID>) -> Result<Subject> {
    let Some(user) = viewer.user() else {
        return Err(match viewer.caller {
            Caller::Anonymous => Error::unauthenticated("Sign in to buy."),
            _ => Error::forbidden("Only a user can buy."),
        });
    };
    let metadata = std::collections::HashMap::new();
    let Some(organization) = organization else {
        let (id, email, name) = (user.id.clone(), user.email.clone(), user.name.clone());
        let email_verified = user.email_verified;
        return Ok(Subject { kind: SubjectKind::User, id, email, email_verified, name, metadata });
    };
    let id = after(organization, "org:").to_owned();
    let name = own_organization(viewer, &id)?.and_then(|own| own.name.clone());
    Ok(Subject { kind: SubjectKind::Organization, id, email: None, email_verified: false, name, metadata })
}

/// What is wrong with metadata that a client wants to set on something at Stripe.
pub fn metadata_error(app: &App, field: &[&str], metadata: Option<&Metadata>) -> Option<UserError> {
    let metadata = metadata?;
    let error = |message: &str| Some(UserError::new(UserErrorCode::Invalid, field.iter().copied(), message));
    let too_long = |(key, value): (&str, &str)| {
        key.is_empty()
            || key.chars().count() > LONGEST_KEY
            || value.chars().count() > LONGEST_VALUE
            || key.contains(['[', ']'])
    };
    let reserved = |(key, _): (&str, &str)| {
        key == ORGANIZATION_KEY || app.config.link_metadata_keys.iter().any(|reserved| reserved == key)
    };
    if metadata.0.len() > MOST_KEYS || metadata.pairs().any(too_long) {
        return error(
            "Stripe takes at most 50 keys of 1 to 40 characters without brackets, with values of at most 500.",
        );
    }
    if metadata.pairs().any(reserved) {
        return error("Keys that name a user or an organization are set by the gateway alone.");
    }
    None
}

async fn payload(
    ctx: &Context<'_>,
    subject: &Subject,
    outcome: LinkOutcome,
    customer: &str,
) -> Result<LinkCustomerPayload> {
    let load = load(ctx);
    let mut own = Belongings { customers: [customer.to_owned()].into(), ..Belongings::default() };
    match subject.kind {
        SubjectKind::User => own.users.insert(subject.id.clone()),
        SubjectKind::Organization => own.organizations.insert(subject.id.clone()),
    };
    load.extend(own);
    let mut payload = LinkCustomerPayload { outcome: Some(outcome), ..LinkCustomerPayload::default() };
    match subject.kind {
        SubjectKind::User => {
            payload.user = load.one::<user::Entity>(Some(&subject.id)).await?.map(User::row);
        }
        SubjectKind::Organization => {
            let row = load.one::<organization::Entity>(Some(&subject.id)).await?;
            payload.organization = row.map(Organization::row);
        }
    }
    // It may be one that somebody else made just now: any state of it is one that it was made in or a later one.
    payload.wait_token = wait::token(ctx.data_unchecked::<App>(), customer::Entity::OBJECT, customer, 0);
    payload.customer = load.one::<customer::Entity>(Some(customer)).await?.map(Customer::row);
    Ok(payload)
}
