//! What Terraform needs, in this executable: `deploy/terraform`, the configurations of roles, and prices.

use std::path::Path;

use super::preset::Preset;

/// Paths below `deploy/`, and contents.
static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/deployment.rs"));

/// The files of a preset; those of another one are not among them.
pub(super) fn files(preset: Preset) -> impl Iterator<Item = (&'static Path, &'static str)> {
    let own = format!("{ENVIRONMENTS}/{}/", preset.name());
    FILES
        .iter()
        .filter(move |(path, _)| !path.starts_with(ENVIRONMENTS) || path.starts_with(&own))
        .map(|(path, text)| (Path::new(*path), *text))
}

/// Where environments are.
pub(super) const ENVIRONMENTS: &str = "terraform/environments";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_has_all_it_needs_and_nothing_of_another() {
        for (preset, other) in [(Preset::Solo, "small"), (Preset::Small, "solo")] {
            let paths: Vec<&str> = files(preset).filter_map(|(path, _)| path.to_str()).collect();
            let main = format!("{ENVIRONMENTS}/{}/main.tf", preset.name());
            for needed in [
                main.as_str(),
                "prices.toml",
                "terraform/iam/collector.json",
                "terraform/modules/network/main.tf",
            ] {
                assert!(paths.contains(&needed), "{needed}");
            }
            let strange = format!("{ENVIRONMENTS}/{other}/");
            assert!(paths.iter().all(|path| !path.starts_with(&strange) && !path.contains("tftest")));
        }
    }
}
