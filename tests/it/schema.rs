//! The public contract, and what keeps it true.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
    },
};

/// `schema.graphql` is what `billgraph schema` prints.
#[test]
fn the_committed_schema_is_current() {
    let committed = include_str!("../../schema.graphql");
    assert_eq!(
        committed.trim_end(),
        billgraph::graphql::sdl().trim_end(),
        "run `cargo run -- schema > schema.graphql`"
    );
}

/// The types of the schema.
pub fn types() -> Vec<TypeDefinition> {
    let document = parse_schema(billgraph::graphql::sdl()).expect("it is a schema");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types.collect()
}

/// The fields of a type.
pub fn fields(kind: &TypeKind) -> &[Positioned<FieldDefinition>] {
    match kind {
        TypeKind::Object(object) => &object.fields,
        TypeKind::Interface(interface) => &interface.fields,
        _ => &[],
    }
}

/// Everything that has a description, with the path to it.
fn described() -> Vec<(String, Option<Positioned<String>>)> {
    let mut described = Vec::new();
    for definition in types() {
        let name = definition.name.node.as_str();
        for field in fields(&definition.kind) {
            let path = format!("{name}.{}", field.node.name.node);
            described.extend(inputs(&path, &field.node.arguments));
            described.push((path, field.node.description.clone()));
        }
        match &definition.kind {
            TypeKind::InputObject(object) => described.extend(inputs(name, &object.fields)),
            TypeKind::Enum(choice) => {
                described.extend(choice.values.iter().map(|value| {
                    (format!("{name}.{}", value.node.value.node), value.node.description.clone())
                }));
            }
            _ => {}
        }
        described.push((name.to_owned(), definition.description));
    }
    described
}

fn inputs<'a>(
    of: &'a str,
    inputs: &'a [Positioned<InputValueDefinition>],
) -> impl Iterator<Item = (String, Option<Positioned<String>>)> + 'a {
    inputs.iter().map(move |input| (format!("{of}.{}", input.node.name.node), input.node.description.clone()))
}

#[test]
fn everything_is_described() {
    let described = described();
    assert!(described.len() > 2_000, "the schema is read: {}", described.len());
    let whole = |text: &Positioned<String>| text.node.trim_end().ends_with(['.', '…']);
    let silent = described.iter().filter(|(_, text)| !text.as_ref().is_some_and(whole));
    let silent: Vec<&str> = silent.map(|(path, _)| path.as_str()).collect();
    assert!(silent.is_empty(), "these have no whole sentence as a description: {silent:?}");
}

/// A value that Stripe adds tomorrow breaks no client: it is `UNKNOWN`, and beside it stands what Stripe wrote.
#[test]
fn enumerations_of_stripe_are_open() {
    let types = types();
    let open: BTreeSet<&str> = types
        .iter()
        .filter(|definition| match &definition.kind {
            TypeKind::Enum(choice) => choice.values.iter().any(|value| value.node.value.node == "UNKNOWN"),
            _ => false,
        })
        .map(|definition| definition.name.node.as_str())
        .collect();
    assert!(open.contains("SubscriptionStatus") && open.len() > 20, "{open:?}");
    for definition in &types {
        let fields: BTreeMap<&str, String> = fields(&definition.kind)
            .iter()
            .map(|field| (field.node.name.node.as_str(), field.node.ty.node.to_string()))
            .collect();
        for (name, ty) in &fields {
            // The gateway works it out of several statuses of Stripe's.
            if ty == "AccountStatus!" {
                continue;
            }
            if open.contains(ty.trim_end_matches('!')) {
                let text = if ty.ends_with('!') { "String!" } else { "String" };
                let raw = fields.get(format!("{name}Raw").as_str()).map(String::as_str);
                assert_eq!(raw, Some(text), "{}.{name}", definition.name.node);
            }
        }
    }
}

/// The texts that are no enumeration's values: what people write, what Stripe makes, and codes whose list grows with
/// each country, currency, bank and feature.
const TEXTS: [&str; 64] = [
    "amountDecimal",
    "billingZip",
    "cancelUrl",
    "clientReferenceId",
    "clientSecret",
    "code",
    "country",
    "currency",
    "customerEmail",
    "customerKey",
    "customerName",
    "declineCode",
    "defaultCurrency",
    "defaultReturnUrl",
    "description",
    "displayName",
    "effectivePercentage",
    "email",
    "eventName",
    "exchangeRate",
    "failureCode",
    "failureMessage",
    "failureReason",
    "footer",
    "header",
    "hostedInvoiceUrl",
    "inactiveMessage",
    "invoicePdf",
    "invoicePrefix",
    "ipAddress",
    "jurisdiction",
    "last4",
    "locale",
    "loginPageUrl",
    "lookupKey",
    "memo",
    "name",
    "networkReasonCode",
    "nickname",
    "number",
    "organizationId",
    "pdf",
    "percentOff",
    "percentage",
    "phone",
    "receiptEmail",
    "receiptNumber",
    "receiptUrl",
    "reportingCategory",
    "returnUrl",
    "state",
    "statementDescriptor",
    "successUrl",
    "taxCode",
    "transferGroup",
    "unitAmountDecimal",
    "unitLabel",
    "url",
    "userId",
    "value",
    "valueKey",
    "verificationVerifiedAddress",
    "verificationVerifiedName",
    "waitToken",
];

#[test]
fn texts_of_a_closed_list_are_enumerations() {
    let types = types();
    let shows_rows = |definition: &&TypeDefinition| match &definition.kind {
        TypeKind::Object(object) => {
            let name = definition.name.node.as_str();
            let is_node = object.implements.iter().any(|interface| interface.node == "Node");
            is_node || ["Card", "PaymentError", "Recurring"].contains(&name)
        }
        _ => false,
    };
    let texts =
        types.iter().filter(shows_rows).flat_map(|definition| fields(&definition.kind)).filter(|field| {
            let (name, ty) = (field.node.name.node.as_str(), field.node.ty.node.to_string());
            ty.trim_end_matches('!') == "String" && !name.ends_with("Raw")
        });
    let texts: BTreeSet<&str> = texts.map(|field| field.node.name.node.as_str()).collect();
    assert_eq!(
        texts,
        BTreeSet::from(TEXTS),
        "a text is shown as such on purpose, or is an `Open` enumeration"
    );
}
