//! `currency_conversion_config`: amounts in a base currency, by the exchange rates of the day
//! (`spec/enrichments-and-adapters.md` 2.10).

mod amount;
mod currency;

use std::sync::Arc;

use bigdecimal::{BigDecimal, num_bigint::Sign};
use event::{atomic::Field, bad_row::Message, schema_key::SchemaKey};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use self::currency::Currency;
use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{
    java::text::form_encoded,
    lookup::{Ask, Memory, Place, Service},
    problem::{StepFailure, StepProblem},
    steps::Working,
};

pub(crate) static KIND: Kind = Kind::new("currency_conversion_config", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    api_key: String,
    base_currency: String,
    account_type: AccountType,
}

/// What a request may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum AccountType {
    /// Rates of the US dollar only.
    Developer,
    Enterprise,
    Unlimited,
}

struct CurrencyConversion {
    key: SchemaKey,
    base: Currency,
    service: Arc<Service>,
}

/// An amount, its currency, and where the converted amount goes.
const AMOUNTS: [(Field, Field, Field); 4] = [
    (Field::TrTotal, Field::TrCurrency, Field::TrTotalBase),
    (Field::TrTax, Field::TrCurrency, Field::TrTaxBase),
    (Field::TrShipping, Field::TrCurrency, Field::TrShippingBase),
    (Field::TiPrice, Field::TiCurrency, Field::TiPriceBase),
];

/// Days whose rates are remembered.
const DAYS: usize = 2_000;
/// The first day there are rates of.
const FIRST_DAY: &str = "1999-01-01";

/// Why there is no converted amount.
enum Trouble {
    /// It was asked for, and will be known.
    Open,
    Failed(Box<Message>),
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { api_key, base_currency, account_type } = configuration.read()?;
    let base = Currency::named(&base_currency)
        .ok_or_else(|| format!("parameters.baseCurrency: Unknown currency '{base_currency}'"))?;
    let mut parameters = format!("app_id={}", form_encoded(&api_key));
    if account_type != AccountType::Developer {
        parameters.push_str(&format!("&base={}", base.code));
    }
    let (place, memory) = (Place::Rates(parameters), Memory::without_end(DAYS));
    let service = Arc::new(Service::new("currency_conversion", place, memory));
    Ok(Box::new(CurrencyConversion { key: configuration.key.clone(), base, service }))
}

impl Enrichment for CurrencyConversion {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        working.event.set(Field::BaseCurrency, self.base.code);
        let (mut converted, mut failures, mut is_open) = (Vec::new(), Vec::new(), false);
        for (amount, currency, base) in AMOUNTS {
            let (Some(amount), Some(code)) = (working.event.get(amount), working.event.get(currency)) else {
                continue;
            };
            match self.convert(amount, (currency, code), working) {
                Ok(text) => converted.push((base, text)),
                Err(Trouble::Open) => is_open = true,
                Err(Trouble::Failed(message)) => failures.push(*message),
            }
        }
        if is_open {
            return Ok(());
        }
        if failures.is_empty() {
            for (field, text) in converted {
                working.event.set(field, &text);
            }
        }
        let failure = |message| {
            let enrichment = Some((self.key.clone(), "currency-conversion".to_owned()));
            StepFailure { enrichment, what: StepProblem::Message(message) }
        };
        working.fail_all(failures.into_iter().map(failure));
        Ok(())
    }
}

impl CurrencyConversion {
    fn convert(
        &self,
        amount: &str,
        (field, code): (Field, &str),
        working: &Working<'_>,
    ) -> Result<String, Trouble> {
        let from = Currency::named(code).ok_or_else(|| {
            Trouble::Failed(Box::new(Message::InputData {
                field: field.name().to_owned(),
                value: Some(code.to_owned()),
                expectation: format!("Unknown currency '{code}'"),
            }))
        })?;
        let rate = if from.code == self.base.code { BigDecimal::from(1) } else { self.rate(from, working)? };
        amount::converted(amount, &rate, self.base.decimals)
            .ok_or_else(|| refused("OtherErrors", &format!("{amount} is no amount")))
    }

    fn rate(&self, from: Currency, working: &Working<'_>) -> Result<BigDecimal, Trouble> {
        let collected = day(working.collected).unwrap_or_default();
        let today = day_of(working.now);
        if collected.as_str() < FIRST_DAY || collected > today {
            let what = format!("Exchange rate unavailable on the date [{collected}T00:00Z]");
            return Err(refused("ResourcesNotAvailable", &what));
        }
        let answer = working.inquiry.answer(&self.service, Ask::Rates(collected)).ok_or(Trouble::Open)?;
        let answer = answer.map_err(|error| refused("OtherErrors", &error))?;
        let Some(rates) = answer.get("rates").filter(|rates| rates.is_object()) else {
            let said = answer.get("message").and_then(Value::as_str).unwrap_or("the answer has no rates");
            return Err(refused("OtherErrors", said));
        };
        let told = answer.get("base").and_then(Value::as_str);
        let of = |currency: Currency| {
            if told == Some(currency.code) {
                return Ok(BigDecimal::from(1));
            }
            let rate = rates.get(currency.code).and_then(Value::as_number);
            let rate = rate.and_then(|rate| rate.as_str().parse().ok());
            rate.filter(|rate: &BigDecimal| rate.sign() == Sign::Plus).ok_or_else(|| {
                let what = format!("Currency not found in the API, invalid currency {}", currency.code);
                refused("IllegalCurrency", &what)
            })
        };
        Ok(amount::cross_rate(&of(from)?, &of(self.base)?))
    }
}

fn refused(kind: &str, what: &str) -> Trouble {
    let error = format!("Open Exchange Rates error, type: [{kind}], message: [{what}]");
    Trouble::Failed(Box::new(Message::Simple { error }))
}

/// The day in UTC of milliseconds since 1970.
fn day(millis: i64) -> Option<String> {
    Timestamp::from_millisecond(millis).ok().map(day_of)
}

fn day_of(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}
