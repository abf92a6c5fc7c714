//! What AWS asks for, by date: `deploy/prices.toml`.

use std::collections::BTreeMap;

/// The file that comes with this build.
const OWN: &str = include_str!("../../deploy/prices.toml");

/// Prices in USD by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prices {
    /// When they were read.
    pub(crate) date: String,
    pub(crate) region: String,
    by_name: BTreeMap<String, f64>,
}

impl Prices {
    /// Those of this build.
    pub(crate) fn own() -> Self {
        Self::parse(OWN).expect("a test reads the file of this build")
    }

    /// A file of lines `name = number`, with `date` and `region` as texts, and nothing but comments beside them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut texts, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {}: `{line}` is not NAME = NUMBER", number + 1);
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let (name, value) = (name.trim().to_owned(), value.trim());
            if let Some(text) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
                texts.insert(name, text.to_owned());
            } else {
                let price = value.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
                by_name.insert(name, price.ok_or_else(wrong)?);
            }
        }
        let mut text = |name: &str| texts.remove(name).ok_or(format!("`{name}` is missing"));
        let prices = Self { date: text("date")?, region: text("region")?, by_name };
        match NEEDED.iter().find(|name| !prices.by_name.contains_key(**name)) {
            Some(name) => Err(format!("the price `{name}` is missing")),
            None => Ok(prices),
        }
    }

    /// A price that [`NEEDED`] names.
    pub(super) fn of(&self, name: &str) -> f64 {
        debug_assert!(NEEDED.contains(&name), "{name}");
        self.by_name.get(name).copied().unwrap_or_default()
    }
}

/// What costs are made of.
const NEEDED: [&str; 20] = [
    "hours_per_month",
    "kinesis_shard_hour",
    "kinesis_put_million",
    "fargate_arm_vcpu_hour",
    "fargate_arm_gb_hour",
    "load_balancer_hour",
    "load_balancer_unit_hour",
    "nat_hour",
    "nat_gb",
    "interface_endpoint_hour",
    "interface_endpoint_gb",
    "public_address_hour",
    "t4g_small_hour",
    "t3a_micro_hour",
    "t3a_small_hour",
    "ebs_gp3_gb_month",
    "rds_t4g_micro_hour",
    "rds_t3_micro_hour",
    "rds_gp3_gb_month",
    "s3_gb_month",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_this_build_is_read() {
        let prices = Prices::own();
        assert_eq!((prices.date.len(), prices.region.as_str()), (10, "us-east-1"));
        for name in NEEDED {
            assert!(prices.of(name) > 0.0, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("a", "line 1: `a` is not NAME = NUMBER"),
            ("\n# b\na = x", "line 3: `a = x` is not NAME = NUMBER"),
            ("a = -1", "line 1: `a = -1` is not NAME = NUMBER"),
            ("a = 1", "`date` is missing"),
            ("date = \"2026-11-01\"\nregion = \"r\"", "the price `hours_per_month` is missing"),
        ] {
            assert_eq!(Prices::parse(text), Err(said.into()));
        }
    }
}
