//! The objects that have a table: one line each.

use std::sync::LazyLock;

use super::Mirror;

/// Every object that has a table, in the order in which tables are written.
pub static MIRRORS: LazyLock<Vec<Mirror>> = LazyLock::new(|| {
    vec![
        Mirror::of::<entity::customer::Entity>(),
        Mirror::of::<entity::product::Entity>(),
        Mirror::of::<entity::price::Entity>(),
        Mirror::of::<entity::subscription::Entity>(),
        Mirror::of::<entity::subscription_item::Entity>(),
        Mirror::of::<entity::invoice::Entity>(),
        Mirror::of::<entity::payment_intent::Entity>(),
        Mirror::of::<entity::charge::Entity>(),
        Mirror::of::<entity::invoice_payment::Entity>(),
        Mirror::of::<entity::refund::Entity>(),
        Mirror::of::<entity::payment_method::Entity>(),
        Mirror::of::<entity::checkout_session::Entity>(),
        Mirror::of::<entity::plan::Entity>(),
        Mirror::of::<entity::subscription_schedule::Entity>(),
        Mirror::of::<entity::invoice_line_item::Entity>(),
        Mirror::of::<entity::invoice_item::Entity>(),
        Mirror::of::<entity::setup_intent::Entity>(),
        Mirror::of::<entity::dispute::Entity>(),
        Mirror::of::<entity::checkout_session_line_item::Entity>(),
        Mirror::of::<entity::coupon::Entity>(),
        Mirror::of::<entity::promotion_code::Entity>(),
        Mirror::of::<entity::discount::Entity>(),
        Mirror::of::<entity::credit_note::Entity>(),
        Mirror::of::<entity::tax_id::Entity>(),
        Mirror::of::<entity::tax_rate::Entity>(),
        Mirror::of::<entity::quote::Entity>(),
        Mirror::of::<entity::payment_link::Entity>(),
        Mirror::of::<entity::payout::Entity>(),
        Mirror::of::<entity::balance_transaction::Entity>(),
        Mirror::of::<entity::early_fraud_warning::Entity>(),
        Mirror::of::<entity::review::Entity>(),
        Mirror::of::<entity::mandate::Entity>(),
        Mirror::of::<entity::entitlement_feature::Entity>(),
        Mirror::of::<entity::active_entitlement_summary::Entity>(),
        Mirror::of::<entity::active_entitlement::Entity>(),
        Mirror::of::<entity::product_feature::Entity>(),
        Mirror::of::<entity::credit_grant::Entity>(),
        Mirror::of::<entity::credit_balance_transaction::Entity>(),
        Mirror::of::<entity::meter::Entity>(),
        Mirror::of::<entity::customer_balance_transaction::Entity>(),
        Mirror::of::<entity::transfer::Entity>(),
        Mirror::of::<entity::account::Entity>(),
        Mirror::of::<entity::portal_configuration::Entity>(),
        Mirror::of::<entity::test_clock::Entity>(),
    ]
});

/// The one table of all objects that have none of their own.
pub static OTHER: LazyLock<Mirror> = LazyLock::new(Mirror::of::<entity::other_object::Entity>);

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch writes tables in this order, and what came in a list after its parent.
    #[test]
    fn what_comes_in_lists_stands_after_its_parents() {
        let place = |object: &str| MIRRORS.iter().position(|mirror| mirror.object == object);
        for (parent, mirror) in MIRRORS.iter().enumerate() {
            for children in mirror.children {
                assert!(place(children.object) > Some(parent), "{} of {}", children.field, mirror.object);
            }
        }
    }
}
