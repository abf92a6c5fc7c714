# What can be chosen. Nothing must be: every variable has a value of its own, or one of the preset's.

variable "region" {
  description = "Region; null: as the environment or the profile says."
  type        = string
  default     = null
}

variable "keep_data" {
  description = "Whether whatever holds data refuses to be deleted. Set it to false and apply before you destroy for good."
  type        = bool
  default     = true
}

variable "app_version" {
  description = "Tag of the image in the repository that is made, and version of the package."
  type        = string
  default     = "0.1.0"
}

variable "image" {
  description = "Image with tag or digest; empty: app_version from the repository that is made."
  type        = string
  default     = ""
}

variable "package" {
  description = "With solo, the rpm: s3://bucket/key or an https URL; empty: packages/piste-<app_version>.<architecture>.rpm in the bucket."
  type        = string
  default     = ""
}

variable "architecture" {
  description = "ARM64, or X86_64 at a quarter more."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "network_mode" {
  description = "public, endpoints, nat or existing (see the module network); empty: the preset's, or existing where vpc_id is given."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "public", "endpoints", "nat", "existing"], var.network_mode)
    error_message = "network_mode is public, endpoints, nat or existing."
  }
}

variable "network_size" {
  description = "small (/25), medium (/23) or large (/22); empty: the preset's."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "small", "medium", "large"], var.network_size)
    error_message = "network_size is small (/25), medium (/23) or large (/22)."
  }
}

variable "network_cidr" {
  description = "Addresses of the VPC; empty: block environment_index of ipam_pool_cidr."
  type        = string
  default     = ""
}

variable "ipam_pool_cidr" {
  description = "A /21 that environments share."
  type        = string
  default     = "10.20.0.0/21"
}

variable "environment_index" {
  description = "Which block of it this environment has."
  type        = number
  default     = 0
}

variable "taken_cidrs" {
  description = "Networks that this one must not overlap."
  type        = list(string)
  default     = []
}

variable "availability_zones" {
  description = "Zones; empty: the first ones of the region."
  type        = list(string)
  default     = []
}

variable "nat_gateways" {
  description = "With nat: one or per_zone."
  type        = string
  default     = "per_zone"
}

variable "ip_allowlist" {
  description = "Who may send events."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "edge" {
  description = "alb, or nlb: fixed addresses."
  type        = string
  default     = "alb"
}

variable "domain_names" {
  description = "Names of the collector."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.domain_names : can(regex("^([a-z0-9*]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", name))])
    error_message = "domain_names are host names in small letters, such as c.acme.com, without https:// and path."
  }
}

variable "route53_zone_id" {
  description = "Hosted zone of those names; with it a certificate and alias records are made."
  type        = string
  default     = ""
}

variable "iglu_domain_name" {
  description = "Name under which the registry is reached from outside, on the collector's load balancer; empty: it is internal."
  type        = string
  default     = ""
}

variable "tls_secret" {
  description = "With solo: name of a secret with certificate chain and key in PEM; empty: no TLS."
  type        = string
  default     = ""
}

variable "stream_mode" {
  description = "PROVISIONED or ON_DEMAND."
  type        = string
  default     = "PROVISIONED"
}

variable "stream_shards" {
  description = "Shards at first, by raw, enriched, bad-1, bad-2, failed."
  type        = map(number)
  default     = {}
}

variable "stream_shards_max" {
  description = "With the scaler: shards of each stream at most."
  type        = number
  default     = 16

  validation {
    condition     = var.stream_shards_max >= 1 && floor(var.stream_shards_max) == var.stream_shards_max
    error_message = "stream_shards_max is a whole number, at least 1."
  }
}

variable "scaler_enabled" {
  description = "Whether a service gives streams shards and consumers tasks as they need them; null: the preset's. Streams on demand need none."
  type        = bool
  default     = null
}

variable "stream_retention_hours" {
  description = "How long streams keep records."
  type        = number
  default     = 168
}

variable "failed_events_enabled" {
  description = "Whether failed events have a stream of their own."
  type        = bool
  default     = false
}

variable "checkpoint_billing" {
  description = "PAY_PER_REQUEST or PROVISIONED."
  type        = string
  default     = "PAY_PER_REQUEST"
}

variable "key_arn" {
  description = "A key of yours; empty: one is made."
  type        = string
  default     = ""
}

variable "takeover" {
  description = "Whether databases keep iglu_db_password and postgres_db_password; else RDS makes passwords."
  type        = bool
  default     = false
}

variable "iglu_super_api_key_version" {
  description = "A higher number puts a new key in the secret."
  type        = number
  default     = 1
}

variable "enrichments" {
  description = "Configurations of enrichments by name, as JSON; null: campaign_attribution and event_fingerprint."
  type        = map(string)
  default     = null

  validation {
    condition     = var.enrichments == null || alltrue([for text in values(coalesce(var.enrichments, {})) : can(jsondecode(text).schema) && can(jsondecode(text).data)])
    error_message = "Each of enrichments is JSON with schema and data, as the files of the original."
  }
}

variable "enrichment_bucket_arns" {
  description = "Buckets with files of enrichments, which enrich may read."
  type        = list(string)
  default     = []
}

variable "config_overrides" {
  description = "HOCON behind the configuration of a role, by collector, enrich, s3-loader-raw, s3-loader-enriched, s3-loader-bad, postgres-loader-enriched, postgres-loader-bad, iglu."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.config_overrides), ["collector", "enrich", "s3-loader-raw", "s3-loader-enriched", "s3-loader-bad", "postgres-loader-enriched", "postgres-loader-bad", "iglu"])) == 0
    error_message = "config_overrides knows collector, enrich, s3-loader-raw, s3-loader-enriched, s3-loader-bad, postgres-loader-enriched, postgres-loader-bad and iglu."
  }
}

variable "waf_rate_limit" {
  description = "Requests that one address may send to the collector within five minutes; more are answered 429, and sent again. 0: no limit, and no firewall."
  type        = number
  default     = 0

  validation {
    condition     = var.waf_rate_limit == 0 || (var.waf_rate_limit >= 10 && var.waf_rate_limit <= 2000000000)
    error_message = "waf_rate_limit is 0, or 10 to 2000000000 requests in five minutes."
  }
}

variable "alarm_emails" {
  description = "Who is told of alarms."
  type        = list(string)
  default     = []
}

variable "access_logs_enabled" {
  description = "Whether load balancers write access logs into a bucket of their own."
  type        = bool
  default     = true
}

variable "enable_execute_command" {
  description = "Whether commands may be run in tasks."
  type        = bool
  default     = false
}

variable "events_per_month" {
  description = "Events a month that the estimate counts with: 1.2 kB each as sent, 2 kB enriched, one to a record."
  type        = number
  default     = 0
}
