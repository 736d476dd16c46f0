//! The types of filters and orders, as the schema has them.

use async_graphql::{
    Enum, InputType,
    registry::{MetaEnumValue, MetaInputValue, MetaType, Registry},
    resolver_utils::EnumType,
};
use chrono::{DateTime, Utc};
use entity::scalar::BigInt;

use super::{By, Kind};
use crate::graphql::{
    column::{self, Column},
    describe::input,
    join::Joined,
    order,
};

/// The values of an enumeration, as a filter needs them.
#[derive(Clone, Copy)]
pub struct Choice {
    type_name: fn(&mut Registry) -> String,
    pub names: fn() -> Vec<&'static str>,
}

impl Choice {
    /// The values of an enumeration of Stripe's.
    pub const fn of<T: EnumType + InputType>() -> Self {
        Self {
            type_name: |registry| Option::<T>::create_type_info(registry),
            names: || T::items().iter().map(|item| item.name).collect(),
        }
    }
}

/// Which way a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum OrderDirection {
    /// The smallest, the oldest or the first of the alphabet first; what is absent last.
    Asc,
    /// The greatest, the newest or the last of the alphabet first; before them, what is absent.
    Desc,
}

impl By {
    /// The field's name.
    pub fn name(&self) -> String {
        self.field.map_or_else(|| camel_case(self.column), str::to_owned)
    }

    fn field<E: Joined>(&self, registry: &mut Registry) -> MetaInputValue {
        let column = Column::find::<E>(self.column).expect("filters name columns of their table");
        let ty = match self.kind {
            Kind::Metadata => format!("[{}!]", metadata_filter(registry)),
            Kind::Search => search_filter(registry),
            Kind::Choice(choice) => choice_filter(registry, choice),
            Kind::Value => value_filter(registry, column),
        };
        let mut description = format!("By `{}`.", self.name());
        if !self.indexed {
            description.push_str(NO_INDEX);
        }
        input(&self.name(), &description, &ty)
    }
}

/// The columns by which a table's rows can be found, those that all tables have among them.
pub fn columns<E: Joined>() -> impl Iterator<Item = By> {
    let own = |by: &By| E::FILTERS.iter().any(|own| own.column == by.column);
    let everywhere = [By::value("id").indexed(), By::value("created").indexed(), By::metadata()];
    let everywhere = everywhere.into_iter().filter(|by| Column::find::<E>(by.column).is_some());
    everywhere.filter(move |by| !own(by)).chain(E::FILTERS.iter().copied())
}

/// The type of a table's filter.
pub fn filter_type<E: Joined>(registry: &mut Registry) -> String {
    let name = format!("{}Filter", E::name());
    let description = "What is asked of rows: all of what is said here is true of them. A relation is followed to \
                       what the viewer may see.";
    object(registry, name.clone(), description, |registry| {
        let mut fields: Vec<MetaInputValue> = columns::<E>().map(|by| by.field::<E>(registry)).collect();
        fields.extend(E::JOINS.iter().filter_map(|join| {
            let mut description = match join.foreign {
                Some(_) => format!("One of the `{}` is so.", join.field),
                None => format!("The `{}` is so.", join.field),
            };
            if !join.indexed {
                description.push_str(NO_INDEX);
            }
            Some(input(join.field, &description, &(join.target?.filter_type)(registry)))
        }));
        fields.push(input("and", "All of these are true.", &format!("[{name}!]")));
        fields.push(input("or", "One of these is true, or several are.", &format!("[{name}!]")));
        fields.push(input("not", "This is not true.", &name));
        fields
    })
}

/// The type of a table's order.
pub fn order_type<E: Joined>(registry: &mut Registry) -> String {
    let name = format!("{}Order", E::name());
    object(registry, name.clone(), "By what a list is ordered, and which way.", |registry| {
        let direction = OrderDirection::create_type_info(registry);
        let mut direction = input("direction", "Which way.", &direction);
        direction.default_value = Some("ASC".to_owned());
        vec![
            input("field", "By what.", &format!("{}!", order_field::<E>(registry))),
            direction,
            input("thenBy", "The order of those that are equal in it.", &name),
        ]
    })
}

fn order_field<E: Joined>(registry: &mut Registry) -> String {
    let name = format!("{}OrderField", E::name());
    let values = order::fields::<E>().map(|column| {
        let value = column.to_ascii_uppercase();
        let description = Some(format!("By `{}`.", camel_case(column)));
        let meta = MetaEnumValue {
            name: value.clone(),
            description,
            deprecation: async_graphql::registry::Deprecation::NoDeprecated,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            directive_invocations: Vec::new(),
        };
        (value, meta)
    });
    let meta = MetaType::Enum {
        name: name.clone(),
        description: Some("What a list can be ordered by.".to_owned()),
        enum_values: values.collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    registry.types.insert(name.clone(), meta);
    name
}

fn value_filter(registry: &mut Registry, column: Column) -> String {
    match column.kind {
        column::Kind::Flag => {
            let name = "BooleanFilter".to_owned();
            let description = "What is asked of a value that is true or false.";
            object(registry, name, description, |_| {
                vec![input("eq", "It is this.", "Boolean"), input("isNull", IS_NULL, "Boolean")]
            })
        }
        column::Kind::Integer => {
            let ty = Option::<i32>::create_type_info(registry);
            ordered_filter(registry, "IntFilter", "a number", &ty)
        }
        column::Kind::BigInteger => {
            let ty = Option::<BigInt>::create_type_info(registry);
            ordered_filter(registry, "BigIntFilter", "a number, such as an amount in minor units", &ty)
        }
        column::Kind::Time => {
            let ty = Option::<DateTime<Utc>>::create_type_info(registry);
            ordered_filter(registry, "DateTimeFilter", "a moment", &ty)
        }
        column::Kind::Text | column::Kind::Json if column.name == "id" => {
            let description = "What is asked of an id.";
            object(registry, "IDFilter".to_owned(), description, |_| equality("ID"))
        }
        column::Kind::Text | column::Kind::Json => {
            let description = "What is asked of a text that is compared to the letter.";
            object(registry, "StringFilter".to_owned(), description, |_| nullable(equality("String")))
        }
    }
}

fn ordered_filter(registry: &mut Registry, name: &str, what: &str, ty: &str) -> String {
    object(registry, name.to_owned(), &format!("What is asked of {what}."), |_| {
        let mut fields = equality(ty);
        fields.extend([
            input("gt", "It is greater than this.", ty),
            input("gte", "It is this, or greater.", ty),
            input("lt", "It is less than this.", ty),
            input("lte", "It is this, or less.", ty),
        ]);
        nullable(fields)
    })
}

fn search_filter(registry: &mut Registry) -> String {
    let description = "What is asked of a text that people search for.";
    object(registry, "TextFilter".to_owned(), description, |_| {
        let mut fields = equality("String");
        fields.extend([
            input("startsWith", "It begins with this, in upper or lower case.", "String"),
            input("contains", "It has this in it, in upper or lower case. No index leads there.", "String"),
        ]);
        nullable(fields)
    })
}

fn choice_filter(registry: &mut Registry, choice: Choice) -> String {
    let ty = (choice.type_name)(registry);
    let description =
        format!("What is asked of a `{ty}`. `UNKNOWN` is every value that the API has no name for.");
    object(registry, format!("{ty}Filter"), &description, |_| nullable(equality(&ty)))
}

fn metadata_filter(registry: &mut Registry) -> String {
    object(registry, "MetadataFilter".to_owned(), "What is asked of metadata.", |_| {
        vec![
            input("key", "The key.", "String!"),
            input("eq", "The value is this.", "String"),
            input("in", "The value is one of these, at most 100.", "[String!]"),
            input("isNull", "Whether the key is absent.", "Boolean"),
        ]
    })
}

const NO_INDEX: &str = " No index leads there: an indexed field beside it makes it fast.";

const IS_NULL: &str = "Whether it is absent.";

fn equality(ty: &str) -> Vec<MetaInputValue> {
    vec![
        input("eq", "It is this.", ty),
        input("ne", "It is not this; it may be absent.", ty),
        input("in", "It is one of these, at most 100.", &format!("[{ty}!]")),
    ]
}

fn nullable(mut fields: Vec<MetaInputValue>) -> Vec<MetaInputValue> {
    fields.push(input("isNull", IS_NULL, "Boolean"));
    fields
}

/// Describes an input type, once; its fields may lead back to it.
fn object(
    registry: &mut Registry,
    name: String,
    description: &str,
    fields: impl FnOnce(&mut Registry) -> Vec<MetaInputValue>,
) -> String {
    let described = |fields: Vec<MetaInputValue>| MetaType::InputObject {
        name: name.clone(),
        description: Some(description.to_owned()),
        input_fields: fields.into_iter().map(|field| (field.name.clone(), field)).collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: None,
        oneof: false,
        directive_invocations: Vec::new(),
    };
    if !registry.types.contains_key(&name) {
        registry.types.insert(name.clone(), described(Vec::new()));
        let fields = fields(registry);
        registry.types.insert(name.clone(), described(fields));
    }
    name
}

/// A column's name as the API has it.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    })
}
