//! From every object to its neighbours, and back.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::TypeKind;
use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::{
    schema::{fields, types},
    support::TestApp,
};

/// A field that leads from an object to others.
pub struct Way {
    pub field: String,
    to: String,
    /// Whether it is a list with pages.
    pub is_list: bool,
}

/// What has no way back, and why.
const ONE_WAY: [(&str, &str, &str); 6] = [
    ("Customer", "Product", "it is worked out from the customer's subscriptions, which lead on and back"),
    ("InvoiceLineItem", "Discount", "no index looks into lists of ids; a discount leads to its invoice"),
    ("InvoiceLineItem", "TaxRate", "no index looks into the lists of so many lines; tax rates have invoices"),
    ("Quote", "Discount", "no index looks into lists of ids; a discount leads to its customer"),
    ("User", "ActiveEntitlement", "they are the customer's, which lead back to it"),
    ("User", "Organization", "only the viewer's token says which"),
];

/// The lists of the root, and what they are lists of.
pub fn lists() -> Vec<(String, String)> {
    let types = types();
    let query = types.iter().find(|ty| ty.name.node == "Query").expect("there is a root");
    let lists = fields(&query.kind).iter().map(|field| &field.node).filter_map(|field| {
        let is_list = field.arguments.iter().any(|argument| argument.node.name.node == "orderBy");
        let of = field.ty.node.to_string().strip_suffix("Connection!")?.to_owned();
        is_list.then(|| (field.name.node.to_string(), of))
    });
    lists.collect()
}

/// The fields that lead from each object with an id to another, or to several.
pub fn ways() -> BTreeMap<String, Vec<Way>> {
    let types = types();
    let nodes: BTreeSet<&str> = types
        .iter()
        .filter(|ty| match &ty.kind {
            TypeKind::Object(object) => object.implements.iter().any(|interface| interface.node == "Node"),
            _ => ty.name.node == "Node",
        })
        .map(|ty| ty.name.node.as_str())
        .collect();
    let ways = types.iter().filter(|ty| nodes.contains(ty.name.node.as_str())).map(|ty| {
        let leads = fields(&ty.kind).iter().map(|field| &field.node).filter_map(|field| {
            let ty = field.ty.node.to_string();
            let ty = ty.trim_matches(['[', ']', '!']);
            let to = ty.trim_end_matches("Connection");
            let (field, is_list) = (field.name.node.to_string(), to != ty);
            nodes.contains(to).then(|| Way { field, to: to.to_owned(), is_list })
        });
        (ty.name.node.to_string(), leads.collect())
    });
    ways.collect()
}

#[test]
fn every_way_has_one_back() {
    let ways = ways();
    // A field that leads to a `Node` leads to objects of any kind.
    let leads = |from: &str, to: &str| ways[from].iter().any(|way| way.to == to || way.to == "Node");
    let all =
        || ways.iter().flat_map(|(from, ways)| ways.iter().map(move |way| (from.as_str(), way.to.as_str())));
    let one_way: BTreeSet<_> = all().filter(|(from, to)| *to != "Node" && !leads(to, from)).collect();
    assert_eq!(one_way, ONE_WAY.iter().map(|(from, to, _)| (*from, *to)).collect());
    let led_to: BTreeSet<&str> = all().filter(|(from, to)| from != to).map(|(_, to)| to).collect();
    let alone: Vec<_> = ways.keys().filter(|object| !led_to.contains(object.as_str())).collect();
    assert_eq!(alone, Vec::<&String>::new(), "something leads to every object");
}

#[tokio::test]
async fn every_way_leads_to_its_object() {
    let test = TestApp::start().await;
    test.know_one_of_each().await;
    let reader = test.service(Role::Reader).await;
    let (ways, mut gone) = (ways(), 0);
    for (list, object) in lists() {
        let selected = ways[&object].iter().map(|Way { field, is_list, .. }| {
            if *is_list {
                format!("{field}(first: 1) {{ nodes {{ id }} }}")
            } else {
                format!("{field} {{ id }}")
            }
        });
        let selected: Vec<String> = selected.collect();
        let query = format!("{{ {list}(first: 1) {{ nodes {{ id {} }} }} }}", selected.join(" "));
        let data = test.data(Some(&reader), &query, json!({})).await;
        let node = &data[&list]["nodes"][0];
        for Way { field, .. } in &ways[&object] {
            // A reader is in no organization.
            if (object.as_str(), field.as_str()) == ("User", "organizations") {
                continue;
            }
            let there = [&node[field]["id"], &node[field][0]["id"], &node[field]["nodes"][0]["id"]];
            assert!(there.into_iter().any(Value::is_string), "{object}.{field}: {}", node[field]);
            gone += 1;
        }
    }
    assert!(gone > 150, "{gone} ways");
}
