//! <https://docs.stripe.com/api/tax_rates/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "tax_rates")]
#[graphql(name = "TaxRateFields")]
pub struct Model {
    /// Stripe's id, `txr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the rate can be used for new purchases.
    pub active: bool,
    /// The two-letter code of the country.
    pub country: Option<String>,
    /// When the rate was created at Stripe.
    pub created: DateTimeUtc,
    /// A note on the rate, for the merchant.
    pub description: Option<String>,
    /// The name, for customers.
    pub display_name: Option<String>,
    /// The percentage that Stripe Tax really takes, as a decimal number.
    pub effective_percentage: Option<String>,
    /// Whether the amount includes the tax.
    pub inclusive: Option<bool>,
    /// Whose tax it is, for customers.
    pub jurisdiction: Option<String>,
    /// Of what level that is.
    pub jurisdiction_level: Option<Open<JurisdictionLevel>>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the rate.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The percentage, as a decimal number.
    pub percentage: Option<String>,
    /// What is taken.
    pub rate_type: Option<Open<RateType>>,
    /// The code of the state within the country.
    pub state: Option<String>,
    /// What kind of tax it is.
    pub tax_type: Option<Open<TaxType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Of what level is whose tax it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum JurisdictionLevel {
    /// A city.
    City,
    /// A country.
    Country,
    /// A county.
    County,
    /// A district.
    District,
    /// Several of them.
    Multiple,
    /// A state.
    State,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What a tax takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RateType {
    /// The same of each transaction.
    FlatAmount,
    /// A part of the amount.
    Percentage,
    /// A value that this version of the API does not know.
    Unknown,
}

/// The kind of a tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TaxType {
    /// Admissions tax.
    AdmissionsTax,
    /// Amusement tax.
    AmusementTax,
    /// Attendance tax.
    AttendanceTax,
    /// Communications tax.
    CommunicationsTax,
    /// Digital excise tax.
    DigitalExciseTax,
    /// Entertainment tax.
    EntertainmentTax,
    /// Ghana education trust fund levy.
    GetFund,
    /// Gross receipts tax.
    GrossReceiptsTax,
    /// Goods and services tax.
    Gst,
    /// Hospitality tax.
    HospitalityTax,
    /// Harmonized sales tax.
    Hst,
    /// Integrated goods and services tax.
    Igst,
    /// Japanese consumption tax.
    Jct,
    /// Lease tax.
    LeaseTax,
    /// Luxury tax.
    LuxuryTax,
    /// Mass transit parking tax.
    MassTransitParkingTax,
    /// National health insurance levy.
    Nhil,
    /// Parking tax.
    ParkingTax,
    /// Provincial sales tax.
    Pst,
    /// Quebec sales tax.
    Qst,
    /// Resort tax.
    ResortTax,
    /// Retail delivery fee.
    RetailDeliveryFee,
    /// Retail sales tax.
    Rst,
    /// Sales tax.
    SalesTax,
    /// Service tax.
    ServiceTax,
    /// Tourism tax.
    TourismTax,
    /// Utility users tax.
    UtilityUsersTax,
    /// Value-added tax.
    Vat,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "tax_rate";
    const PATH: Option<&'static str> = Some("/tax_rates/{id}");
    const PREFIXES: &'static [&'static str] = &["txr_"];
    const LISTING: Listing = Listing::Ranges("/tax_rates");
}
