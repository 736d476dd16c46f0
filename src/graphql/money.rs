//! Amounts of money.

use async_graphql::{
    ComplexObject, ContextSelectionSet, Positioned, ScalarType, SimpleObject, Value, parser::types::Field,
};
use entity::scalar::BigInt;
use iso_currency::Currency;

use super::{in_place::InPlace, plain::Plain};

/// An amount of money in one currency.
pub type Money = InPlace<Amount>;

/// An amount of money in one currency.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
#[graphql(name = "Money", complex)]
pub struct Amount {
    /// The amount in the currency's minor unit, as Stripe counts it: cents of a dollar, whole yen.
    pub minor_units: BigInt,
    /// The three-letter currency code, in lower case.
    pub currency: String,
}

#[ComplexObject]
impl Amount {
    /// The amount in the currency's major unit, such as `12.34`.
    async fn decimal(&self) -> String {
        decimal(self.minor_units.0, &self.currency)
    }
}

impl Amount {
    /// An amount in a currency.
    pub fn new(minor_units: i64, currency: String) -> Self {
        Self { minor_units: BigInt(minor_units), currency }
    }
}

impl Plain for Amount {
    type Reading = fn(&Self) -> Value;

    fn reading(_: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Self::Reading> {
        match field.node.name.node.as_str() {
            "minorUnits" => Some(|amount| amount.minor_units.to_value()),
            "currency" => Some(|amount| Value::String(amount.currency.clone())),
            _ => None,
        }
    }

    fn read(&self, reading: &Self::Reading) -> Option<Value> {
        Some(reading(self))
    }
}

impl Money {
    /// An amount in a currency.
    pub fn new(minor_units: i64, currency: &str) -> Self {
        InPlace(Amount::new(minor_units, currency.to_owned()))
    }

    /// An amount that Stripe gave, where both the amount and its currency are known.
    pub fn of(minor_units: Option<i64>, currency: Option<&str>) -> Option<Self> {
        Some(Self::new(minor_units?, currency?))
    }
}

fn decimal(minor_units: i64, currency: &str) -> String {
    let digits = minor_digits(currency);
    if digits == 0 {
        return minor_units.to_string();
    }
    let sign = if minor_units < 0 { "-" } else { "" };
    let unit = 10_u64.pow(digits);
    let (whole, rest) = (minor_units.unsigned_abs() / unit, minor_units.unsigned_abs() % unit);
    format!("{sign}{whole}.{rest:0width$}", width = digits as usize)
}

/// How many decimal digits Stripe's minor unit stands for: ISO 4217 but for Stripe's exceptions.
///
/// <https://docs.stripe.com/currencies#special-cases>: ISK and UGX have no minor unit but are given with two
/// digits, and MGA, whose minor unit is a fifth, is given in whole units.
fn minor_digits(currency: &str) -> u32 {
    match currency {
        "isk" | "ugx" => 2,
        "mga" => 0,
        _ => {
            let exponent = Currency::from_code(&currency.to_ascii_uppercase()).and_then(Currency::exponent);
            exponent.map_or(2, u32::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{decimal, minor_digits};

    /// <https://docs.stripe.com/currencies#presentment-currencies>, and how many digits amounts have there.
    #[test]
    fn every_currency_of_stripes_has_its_digits() {
        let whole = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
        let thousandths = "bhd jod kwd omr tnd";
        // Stripe counts ISK and UGX in hundredths though they have none; HUF and TWD are whole in payouts alone.
        let hundredths = "isk ugx huf twd \
            usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop \
            crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg idr ils inr jmd kes kgs khr \
            kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen \
            pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd tzs uah uyu \
            uzs wst xcd yer zar zmw";
        for (digits, currencies) in [(0, whole), (2, hundredths), (3, thousandths)] {
            for currency in currencies.split_whitespace() {
                assert_eq!(minor_digits(currency), digits, "{currency}");
            }
        }
    }

    #[test]
    fn decimals_follow_the_currency() {
        for (minor_units, currency, expected) in [
            (1234, "usd", "12.34"),
            (5, "usd", "0.05"),
            (-5, "eur", "-0.05"),
            (-1234, "eur", "-12.34"),
            (0, "usd", "0.00"),
            (500, "jpy", "500"),
            (500, "isk", "5.00"),
            (500, "ugx", "5.00"),
            (500, "mga", "500"),
            (1234, "kwd", "1.234"),
            (500, "huf", "5.00"),
            (500, "twd", "5.00"),
            (500, "clp", "500"),
            (1234, "xyz", "12.34"),
            (i64::MIN, "usd", "-92233720368547758.08"),
        ] {
            assert_eq!(decimal(minor_units, currency), expected, "{minor_units} {currency}");
        }
    }
}
