//! From a client's input to a filter.

use async_graphql::Value as Input;

use super::{By, Filter, Kind, Operator, Relation, SEARCHED, Search, schema::Choice};
use crate::{
    error::{Error, Result},
    graphql::{
        column::{Column, Scalar},
        join::Joined,
    },
};

/// How deep filters may be nested within each other.
const DEPTH: usize = 6;

/// How many conditions a filter may have, with those that join others.
const CONDITIONS: usize = 60;

/// How many values a list of values may have.
const VALUES: usize = 100;

/// What is left of a filter's limits.
pub struct Budget {
    depth: usize,
    conditions: usize,
}

impl Filter {
    /// The filter that a client asks for. What is null is not asked for.
    pub fn parse<E: Joined>(input: &Input) -> Result<Option<Self>> {
        let mut budget = Budget { depth: DEPTH, conditions: CONDITIONS };
        match input {
            Input::Null => Ok(None),
            input => parse::<E>(input, &mut budget).map(Some),
        }
    }
}

/// A filter within another.
pub fn parse<E: Joined>(input: &Input, budget: &mut Budget) -> Result<Filter> {
    let Input::Object(fields) = input else { return Err(Error::invalid("A filter is an object.")) };
    if budget.depth == 0 {
        return Err(Error::invalid(format!("Filters are nested at most {DEPTH} deep.")));
    }
    spend(budget)?;
    budget.depth -= 1;
    let mut all = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !matches!(value, Input::Null)) {
        all.push(field::<E>(name, value, budget)?);
    }
    budget.depth += 1;
    Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
}

fn field<E: Joined>(name: &str, value: &Input, budget: &mut Budget) -> Result<Filter> {
    match name {
        "and" => return Ok(Filter::All(several::<E>(value, budget)?)),
        "or" => return Ok(Filter::Any(several::<E>(value, budget)?)),
        "not" => return Ok(Filter::Not(Box::new(parse::<E>(value, budget)?))),
        _ => {}
    }
    let join = E::JOINS.iter().find(|join| join.field == name);
    if let Some(relation) = join.and_then(Relation::of) {
        let filter = Box::new((relation.target.filter)(value, budget)?);
        return Ok(Filter::Related { relation, filter });
    }
    let by = super::schema::columns::<E>().find(|by| by.name() == name);
    let by = by.ok_or_else(|| Error::invalid("The list has no such filter."))?;
    by.parse::<E>(value, budget)
}

fn several<E: Joined>(input: &Input, budget: &mut Budget) -> Result<Vec<Filter>> {
    each(input).iter().map(|filter| parse::<E>(filter, budget)).collect()
}

/// The elements of a list, or the one that stands for a list of it.
fn each(input: &Input) -> &[Input] {
    match input {
        Input::List(list) => list,
        one => std::slice::from_ref(one),
    }
}

impl By {
    fn parse<E: Joined>(&self, input: &Input, budget: &mut Budget) -> Result<Filter> {
        let column = Column::find::<E>(self.column).expect("filters name columns of their table");
        if matches!(self.kind, Kind::Metadata) {
            let entries = each(input).iter().map(|entry| self.entry(entry, budget));
            return entries.collect::<Result<_>>().map(Filter::All);
        }
        let Input::Object(fields) = input else { return Err(Error::invalid("A filter is an object.")) };
        let mut all = Vec::new();
        for (operator, value) in fields.iter().filter(|(_, value)| !matches!(value, Input::Null)) {
            spend(budget)?;
            all.push(self.compare(column, operator, value)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
    }

    fn compare(&self, column: Column, operator: &str, value: &Input) -> Result<Filter> {
        let indexed = self.indexed;
        let not = |filter| Filter::Not(Box::new(filter));
        let ordered = |operator| {
            let value = self.scalar(column, value)?;
            Ok(Filter::Compare { column, operator, value, indexed })
        };
        match operator {
            "eq" => self.equal(column, value),
            "ne" => self.equal(column, value).map(not),
            "in" => self.one_of(column, value),
            "lt" => ordered(Operator::Less),
            "lte" => ordered(Operator::AtMost),
            "gt" => ordered(Operator::Greater),
            "gte" => ordered(Operator::AtLeast),
            "isNull" => {
                let filter = Filter::IsNull { column, indexed };
                Ok(if *value == Input::Boolean(true) { filter } else { not(filter) })
            }
            "startsWith" => self.searched(column, Search::Beginning, value),
            "contains" => self.searched(column, Search::Anywhere, value),
            _ => Err(Error::invalid("The filter has no such condition.")),
        }
    }

    fn equal(&self, column: Column, value: &Input) -> Result<Filter> {
        match self.kind {
            Kind::Search => self.searched(column, Search::Exact, value),
            Kind::Choice(choice) => Ok(self.chosen(column, choice, name(value)?)),
            _ => {
                let value = self.scalar(column, value)?;
                Ok(Filter::Compare { column, operator: Operator::Equal, value, indexed: self.indexed })
            }
        }
    }

    fn one_of(&self, column: Column, value: &Input) -> Result<Filter> {
        let values = each(value);
        if values.len() > VALUES {
            return Err(Error::invalid(format!("`in` has at most {VALUES} values.")));
        }
        if !matches!(self.kind, Kind::Value) {
            return values
                .iter()
                .map(|value| self.equal(column, value))
                .collect::<Result<_>>()
                .map(Filter::Any);
        }
        let values = values.iter().map(|value| self.scalar(column, value)).collect::<Result<_>>()?;
        Ok(Filter::In { column, values, indexed: self.indexed })
    }

    /// Stripe's name of a value is the API's in lower case; what the API does not know is all that it does not name.
    fn chosen(&self, column: Column, choice: Choice, name: &str) -> Filter {
        let text = |name: &str| Scalar::Text(name.to_ascii_lowercase());
        if name == "UNKNOWN" {
            let known = (choice.names)().into_iter().filter(|name| *name != "UNKNOWN").map(text);
            let known = Filter::In { column, values: known.collect(), indexed: false };
            let absent = Filter::IsNull { column, indexed: false };
            return Filter::Not(Box::new(Filter::Any(vec![known, absent])));
        }
        Filter::Compare { column, operator: Operator::Equal, value: text(name), indexed: self.indexed }
    }

    fn searched(&self, column: Column, search: Search, value: &Input) -> Result<Filter> {
        let Scalar::Text(text) = self.scalar(column, value)? else {
            return Err(Error::invalid("What is searched is text."));
        };
        if text.chars().count() > SEARCHED {
            return Err(Error::invalid(format!("What is searched has at most {SEARCHED} characters.")));
        }
        let indexed = self.indexed && search != Search::Anywhere;
        Ok(Filter::Search { column, search, text, indexed })
    }

    fn scalar(&self, column: Column, value: &Input) -> Result<Scalar> {
        let message = || Error::invalid(format!("`{}` has no such value.", self.name()));
        column.input(value).ok_or_else(message)
    }

    /// One entry of metadata.
    fn entry(&self, input: &Input, budget: &mut Budget) -> Result<Filter> {
        let Input::Object(fields) = input else { return Err(Error::invalid("A filter is an object.")) };
        let key = fields.get("key").and_then(text).ok_or_else(|| Error::invalid("Metadata has a `key`."))?;
        let entry =
            |value: Option<String>| Filter::Metadata { key: key.clone(), value, indexed: self.indexed };
        let of = |value: &Input| {
            text(value).map(Some).map(entry).ok_or_else(|| Error::invalid("Metadata has texts as values."))
        };
        let mut all = Vec::new();
        for (operator, value) in fields.iter().filter(|(_, value)| !matches!(value, Input::Null)) {
            spend(budget)?;
            all.push(match operator.as_str() {
                "eq" => of(value)?,
                "in" if each(value).len() <= VALUES => {
                    Filter::Any(each(value).iter().map(of).collect::<Result<_>>()?)
                }
                "in" => return Err(Error::invalid(format!("`in` has at most {VALUES} values."))),
                // No index has all keys.
                "isNull" => {
                    let has = Filter::Metadata { key: key.clone(), value: None, indexed: false };
                    if *value == Input::Boolean(true) { Filter::Not(Box::new(has)) } else { has }
                }
                _ => continue,
            });
        }
        Ok(Filter::All(all))
    }
}

fn spend(budget: &mut Budget) -> Result<()> {
    budget.conditions = budget
        .conditions
        .checked_sub(1)
        .ok_or_else(|| Error::invalid(format!("A filter has at most {CONDITIONS} conditions.")))?;
    Ok(())
}

fn text(value: &Input) -> Option<String> {
    match value {
        Input::String(text) if !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}

fn name(value: &Input) -> Result<&str> {
    match value {
        Input::Enum(name) => Ok(name),
        Input::String(name) => Ok(name),
        _ => Err(Error::invalid("The filter has no such value.")),
    }
}
