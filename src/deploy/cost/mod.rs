//! `piste deploy cost`: what a pipeline costs in a month.

mod model;

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, ValueEnum};
use service::exit::{ExitCode, RunError};

use self::model::{Network, Shape};
use super::{preset::Preset, prices::Prices};
use crate::output;

/// What a pipeline costs in a month, at prices of a known date: for numbers of events beside the original's quick start, or part by part.
///
/// A model, not a bill: without taxes, egress, logs and discounts, and at the prices of one region. `-` is more than it is made for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Part by part for this preset.
    #[arg(long)]
    preset: Option<Preset>,
    /// How the tasks of `small` reach AWS.
    #[arg(long, default_value = "public")]
    network: Network,
    /// Events a month, for example 2500000, 10M or 1B; may be given several times.
    #[arg(long, value_name = "NUMBER", value_parser = events)]
    events: Vec<f64>,
    /// Prices of your own, in the form of deploy/prices.toml
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

impl ValueEnum for Network {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Public, Self::Endpoints, Self::Nat]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::Public => "public",
            Self::Endpoints => "endpoints",
            Self::Nat => "nat",
        }))
    }
}

/// The rows of the table.
const EVENTS: [f64; 6] = [1e6, 10e6, 100e6, 263e6, 1e9, 10e9];

/// Computes and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let prices = match &options.prices {
        None => Prices::own(),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
            let wrong = |what| RunError::new(ExitCode::Config, format!("{}: {what}", file.display()));
            text.and_then(|text| Prices::parse(&text)).map_err(wrong)?
        }
    };
    let rows = if options.events.is_empty() { &EVENTS[..] } else { &options.events };
    let shape = options.preset.map(|preset| match preset {
        Preset::Solo => Shape::Solo,
        Preset::Small => Shape::Small(options.network),
    });
    output::text(&match shape {
        None => table(rows, &prices),
        Some(shape) => detail(shape, if options.events.is_empty() { &[0.0] } else { rows }, &prices),
    });
    Ok(ExitCode::Ok)
}

fn head(prices: &Prices) -> String {
    format!("USD a month in {}, prices of {}\n", prices.region, prices.date)
}

fn table(rows: &[f64], prices: &Prices) -> String {
    let shapes = [
        Shape::Original,
        Shape::Solo,
        Shape::Small(Network::Public),
        Shape::Small(Network::Endpoints),
        Shape::Small(Network::Nat),
    ];
    let mut text = head(prices);
    let _ = write!(text, "{:>14}", "events a month");
    for shape in shapes {
        let _ = write!(text, "  {:>20}", shape.name());
    }
    text.push('\n');
    for events in rows {
        let _ = write!(text, "{:>14}", shown(*events));
        for shape in shapes {
            let usd = shape.total(*events, prices).map_or("-".to_owned(), |usd| format!("{usd:.0}"));
            let _ = write!(text, "  {usd:>20}");
        }
        text.push('\n');
    }
    text
}

fn detail(shape: Shape, rows: &[f64], prices: &Prices) -> String {
    let mut text = head(prices);
    for events in rows {
        let _ = writeln!(text, "{}, {} events a month", shape.name(), shown(*events));
        let parts = shape.parts(*events, prices);
        for (name, usd) in &parts {
            let _ = writeln!(text, "  {name:<16}{usd:>10.2}");
        }
        let total: f64 = parts.iter().map(|(_, usd)| usd).sum();
        let _ = writeln!(text, "  {:<16}{total:>10.2}", "together");
        if shape.total(*events, prices).is_none() {
            let _ = writeln!(text, "  more than it is made for");
        }
    }
    text
}

/// A number of events as it is written: 10 M.
fn shown(events: f64) -> String {
    match events {
        many if many >= 1e9 => format!("{} B", many / 1e9),
        many if many >= 1e6 => format!("{} M", many / 1e6),
        few => format!("{few}"),
    }
}

/// Events a month.
fn events(text: &str) -> Result<f64, String> {
    let (number, times) = match text.trim().to_ascii_uppercase() {
        text if text.ends_with('B') => (text.trim_end_matches('B').trim_end().to_owned(), 1e9),
        text if text.ends_with('M') => (text.trim_end_matches('M').trim_end().to_owned(), 1e6),
        text => (text, 1.0),
    };
    let number = number.parse::<f64>().ok().map(|number| number * times);
    number
        .filter(|number| (0.0..=1e13).contains(number))
        .ok_or_else(|| format!("`{text}` is no number of events, such as 2500000, 10M or 1B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_events() {
        for (text, expect) in [("2500000", 2.5e6), ("10M", 1e7), ("1b", 1e9), ("0.5 M", 5e5), ("0", 0.0)] {
            assert_eq!(events(text), Ok(expect));
        }
        for text in ["", "M", "x", "-1", "1e20", "nan"] {
            assert!(events(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_table_says_when_prices_were_read() {
        let prices = Prices::own();
        let text = table(&EVENTS, &prices);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("USD a month in us-east-1, prices of {}", prices.date));
        assert_eq!(lines[5].split_whitespace().collect::<Vec<_>>()[..4], ["263", "M", "184", "82"]);
        assert_eq!(lines[7].split_whitespace().collect::<Vec<_>>()[..4], ["10", "B", "-", "-"]);
    }

    #[test]
    fn parts_sum_up() {
        let text = detail(Shape::Solo, &[1e6], &Prices::own());
        assert!(text.contains("solo, 1 M events a month\n  streams"), "{text}");
        assert!(text.ends_with("together             67.77\n"), "{text}");
    }
}
