//! Fields that are declared and not written: how the schema describes them.

use async_graphql::{
    CacheControl,
    indexmap::IndexMap,
    registry::{Deprecation, MetaField, MetaInputValue, MetaType, Registry},
};

use super::{
    filter::{filter_type, order_type},
    join::Joined,
};

/// A field of an input type, or an argument.
pub fn input(name: &str, description: &str, ty: &str) -> MetaInputValue {
    MetaInputValue {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ty: ty.to_owned(),
        deprecation: Deprecation::NoDeprecated,
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        is_secret: false,
        directive_invocations: Vec::new(),
    }
}

/// A field of an object.
pub fn field(name: &str, description: &str, ty: String, arguments: Vec<MetaInputValue>) -> MetaField {
    MetaField {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        args: arguments.into_iter().map(|argument| (argument.name.clone(), argument)).collect(),
        ty,
        deprecation: Deprecation::NoDeprecated,
        cache_control: CacheControl::default(),
        external: false,
        requires: None,
        provides: None,
        visible: None,
        shareable: false,
        inaccessible: false,
        tags: Vec::new(),
        override_from: None,
        compute_complexity: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// An object whose fields are part of another's.
pub fn part(name: String, fields: impl IntoIterator<Item = MetaField>, rust: &'static str) -> MetaType {
    let fields: IndexMap<String, MetaField> =
        fields.into_iter().map(|field| (field.name.clone(), field)).collect();
    MetaType::Object {
        name,
        description: None,
        fields,
        cache_control: CacheControl::default(),
        extends: false,
        shareable: false,
        resolvable: true,
        keys: None,
        visible: None,
        inaccessible: false,
        interface_object: false,
        tags: Vec::new(),
        is_subscription: false,
        rust_typename: Some(rust),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// The arguments of a list.
pub fn list_arguments<E: Joined>(registry: &mut Registry) -> Vec<MetaInputValue> {
    vec![
        input("first", "How many rows from the start, at most 100.", "Int"),
        input("after", "Rows after this cursor.", "String"),
        input("last", "How many rows from the end, at most 100.", "Int"),
        input("before", "Rows before this cursor.", "String"),
        input("filter", "Which rows.", &filter_type::<E>(registry)),
        input("orderBy", "In which order, instead of the usual one.", &order_type::<E>(registry)),
    ]
}
