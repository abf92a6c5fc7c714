//! What is deployed, as one word.

use clap::ValueEnum;

/// A preset: an environment of deploy/terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Every role on one machine with a fixed address.
    Solo,
    /// A service of Fargate for each role, over two zones.
    Small,
}

impl Preset {
    /// Its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Solo => "solo",
            Self::Small => "small",
        }
    }
}
