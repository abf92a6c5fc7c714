//! What a pipeline costs in a month: the model of `spec/deploy.md` 7. A model and no bill.
//!
//! Events are 1.2 kB raw and 2.0 kB enriched, one in a record, at the peak three times as many as on average; raw and enriched are
//! read by two consumers each; an event leaves 1.1 kB of files. Without taxes, egress, logs and discounts.

use crate::deploy::prices::Prices;

/// Seconds in a month of 730 hours.
const MONTH: f64 = 2_628_000.0;

const RAW_KB: f64 = 1.2;
const ENRICHED_KB: f64 = 2.0;

/// What crosses the border of the network for an event: written once, read twice, both raw and enriched.
const MOVED_KB: f64 = RAW_KB + 2.0 * RAW_KB + ENRICHED_KB + 2.0 * ENRICHED_KB;

/// Files of an event in its first month: payloads, enriched events, columns.
const FILES_KB: f64 = 1.1;

/// What is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The original's quick start: five servers and two load balancers, nothing twice.
    Original,
    /// Every role on one machine.
    Solo,
    /// A service for each role, nine tasks, two load balancers, a database in two zones.
    Small(Network),
}

/// How tasks reach AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Public addresses behind closed security groups.
    Public,
    /// Interface endpoints: no way out of AWS.
    Endpoints,
    /// NAT gateways, one in each zone.
    Nat,
}

/// A part of the costs, USD a month.
pub(crate) type Part = (&'static str, f64);

impl Shape {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Original => "original quick start",
            Self::Solo => "solo",
            Self::Small(Network::Public) => "small",
            Self::Small(Network::Endpoints) => "small, endpoints",
            Self::Small(Network::Nat) => "small, nat",
        }
    }

    /// What so many events a month cost, part by part.
    pub(crate) fn parts(self, events: f64, prices: &Prices) -> Vec<Part> {
        let (price, hours) = (|name| prices.of(name), prices.of("hours_per_month"));
        let (million, gb) = (events / 1e6, events / 1e6);
        let mut parts = vec![("streams", self.streams(events, prices))];
        let balancers = |count: f64| {
            let units = RAW_KB * gb * price("load_balancer_unit_hour");
            count * hours * price("load_balancer_hour") + units
        };
        let disk = |gb: f64| gb * price("ebs_gp3_gb_month");
        let addresses = |count: f64| count * hours * price("public_address_hour");
        let files = FILES_KB * gb * price("s3_gb_month");
        debug_assert!(million >= 0.0);
        match self {
            Self::Original => parts.extend([
                ("machines", hours * (4.0 * price("t3a_micro_hour") + price("t3a_small_hour")) + disk(50.0)),
                ("load balancers", balancers(2.0)),
                ("network", addresses(5.0)),
                ("databases", hours * price("rds_t3_micro_hour") + 10.0 * price("rds_gp3_gb_month")),
                // Six scaled tables of leases among it.
                ("rest", 20.0),
            ]),
            Self::Solo => parts.extend([
                ("machine", hours * price("t4g_small_hour")),
                ("network", addresses(1.0)),
                ("files", files),
                ("rest", 8.0),
            ]),
            Self::Small(network) => {
                let task = 0.25 * price("fargate_arm_vcpu_hour") + 0.5 * price("fargate_arm_gb_hour");
                let database = hours * price("rds_t4g_micro_hour") + 20.0 * price("rds_gp3_gb_month");
                parts.extend([
                    ("tasks", TASKS * hours * task),
                    ("load balancers", balancers(2.0)),
                    ("network", network.costs(events, prices)),
                    ("databases", 2.0 * database),
                    ("files", files),
                    ("rest", 15.0),
                ]);
            }
        }
        parts
    }

    /// What they cost together; `None`: it cannot take so many.
    pub(crate) fn total(self, events: f64, prices: &Prices) -> Option<f64> {
        if events / MONTH > self.ceiling() {
            return None;
        }
        Some(self.parts(events, prices).iter().map(|(_, usd)| usd).sum())
    }

    /// Events a second, on average, that it is made for. Those of the original are what its documentation says.
    fn ceiling(self) -> f64 {
        match self {
            Self::Original => 101.0,
            Self::Solo => 500.0,
            Self::Small(_) => 4_000.0,
        }
    }

    fn streams(self, events: f64, prices: &Prices) -> f64 {
        let peak = 3.0 * events / MONTH;
        let shards = |kb: f64| (peak / 1000.0).ceil().max((kb * peak / 1000.0).ceil()).max(1.0);
        let open = match self {
            // Nothing scales them.
            Self::Original => 4.0,
            _ => shards(RAW_KB) + shards(ENRICHED_KB) + 2.0,
        };
        open * prices.of("hours_per_month") * prices.of("kinesis_shard_hour")
            + 2.0 * events / 1e6 * prices.of("kinesis_put_million")
    }
}

/// Tasks of `small` at the least: two collectors, enrichers and registries, three loaders.
const TASKS: f64 = 9.0;

/// Zones of `small`.
const ZONES: f64 = 2.0;

/// Services of AWS that have an interface endpoint.
const ENDPOINTS: f64 = 5.0;

impl Network {
    fn costs(self, events: f64, prices: &Prices) -> f64 {
        let (hours, gb) = (prices.of("hours_per_month"), MOVED_KB * events / 1e6);
        match self {
            Self::Public => TASKS * hours * prices.of("public_address_hour"),
            Self::Endpoints => {
                ENDPOINTS * ZONES * hours * prices.of("interface_endpoint_hour")
                    + gb * prices.of("interface_endpoint_gb")
            }
            Self::Nat => ZONES * hours * prices.of("nat_hour") + gb * prices.of("nat_gb"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the model's description, whose sums were rounded part by part.
    #[test]
    fn it_is_the_table_that_was_published() {
        let prices = Prices::own();
        let endpoints = Shape::Small(Network::Endpoints);
        for (events, shape, usd) in [
            (1e6, Shape::Original, 174.0),
            (100e6, Shape::Original, 178.0),
            (263e6, Shape::Original, 184.0),
            (1e6, Shape::Solo, 68.0),
            (10e6, Shape::Solo, 68.0),
            (100e6, Shape::Solo, 73.0),
            (263e6, Shape::Solo, 82.0),
            (1e9, Shape::Solo, 154.0),
            (1e6, endpoints, 258.0),
            (10e6, endpoints, 260.0),
            (100e6, endpoints, 274.0),
            (263e6, endpoints, 300.0),
            (1e9, endpoints, 451.0),
            (10e9, endpoints, 2241.0),
        ] {
            let found = shape.total(events, &prices).unwrap();
            assert!((found - usd).abs() <= (usd * 0.006).max(0.6), "{} {events}: {found}", shape.name());
        }
        assert_eq!(Shape::Original.total(1e9, &prices), None);
        assert_eq!(Shape::Solo.total(10e9, &prices), None);
    }

    #[test]
    fn parts_of_a_billion_are_as_published() {
        let parts = Shape::Small(Network::Endpoints).parts(1e9, &Prices::own());
        let rounded: Vec<_> = parts.iter().map(|(name, usd)| (*name, usd.round() as i64)).collect();
        let expect = [
            ("streams", 105),
            ("tasks", 65),
            ("load balancers", 42),
            ("network", 169),
            ("databases", 28),
            ("files", 25),
            ("rest", 15),
        ];
        assert_eq!(rounded, expect);
    }
}
