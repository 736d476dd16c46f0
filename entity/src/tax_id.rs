//! <https://docs.stripe.com/api/tax_ids/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    tax_id_type::TaxIdType,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "tax_ids")]
#[graphql(name = "TaxIdFields")]
pub struct Model {
    /// Stripe's id, `txi_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The two-letter code of the country that gave it out.
    pub country: Option<String>,
    /// When the tax id was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What kind it is.
    #[graphql(name = "type")]
    pub r#type: Option<Open<TaxIdType>>,
    /// The number itself.
    pub value: Option<String>,
    /// What came of checking the number.
    pub verification_status: Option<Open<TaxIdVerificationStatus>>,
    /// The address that the authority has for it.
    pub verification_verified_address: Option<String>,
    /// The name that the authority has for it.
    pub verification_verified_name: Option<String>,
    /// Whether the tax id was deleted at Stripe.
    pub deleted: bool,
}

/// What came of checking a tax id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TaxIdVerificationStatus {
    /// Being checked.
    Pending,
    /// The authority knows it.
    Verified,
    /// The authority does not know it.
    Unverified,
    /// It cannot be checked.
    Unavailable,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "tax_id";
    const PATH: Option<&'static str> = Some("/customers/{customer}/tax_ids/{id}");
    const PREFIXES: &'static [&'static str] = &["txi_"];
    const LISTING: Listing = Listing::Each { of: "customer", path: "/customers/{id}/tax_ids" };

    fn lift(object: &mut Object) {
        flatten(object, "customer", &["owner", "customer"]);
        for fact in ["status", "verified_address", "verified_name"] {
            flatten(object, format!("verification_{fact}"), &["verification", fact]);
        }
    }
}
