//! Webhooks of other services (`spec/enrichments-and-adapters.md` 3.5): a file for each.

mod body;
pub(super) mod callrail;
pub(super) mod cloudfront_firehose;
mod events;
pub(super) mod hubspot;
mod json_shape;
pub(super) mod mailchimp;
pub(super) mod mailgun;
pub(super) mod mandrill;
pub(super) mod marketo;
pub(super) mod olark;
pub(super) mod pagerduty;
pub(super) mod pingdom;
pub(super) mod sendgrid;
pub(super) mod statusgator;
pub(super) mod unbounce;
pub(super) mod urban_airship;
pub(super) mod vero;
