# The variables of the original's two stacks, by their names: its variable files are accepted as they are. What has no effect
# here is null unless it is given, and then named by the plan (checks.tf).

variable "prefix" {
  description = "Begins the name of everything."
  type        = string
  default     = "piste"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,16}[a-z0-9])?$", var.prefix))
    error_message = "prefix has 1 to 18 small letters, digits and dashes, begins with a letter and does not end with a dash."
  }
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}

variable "iam_permissions_boundary" {
  description = "ARN of a policy that bounds every role."
  type        = string
  default     = ""
}

variable "vpc_id" {
  description = "A VPC that is there; empty: one is made."
  type        = string
  default     = ""

  validation {
    condition     = var.vpc_id == "" || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is the id of a VPC, such as vpc-0a1b2c3d, or empty: then one is made."
  }
}

variable "public_subnet_ids" {
  description = "Its public subnets, two at least."
  type        = list(string)
  default     = []
}

variable "private_subnet_ids" {
  description = "Its private subnets for tasks and databases; empty: the public ones."
  type        = list(string)
  default     = []
}

variable "ssh_public_key" {
  description = "Without effect: nothing can be logged in to; Session Manager opens a shell."
  type        = string
  default     = null
}

variable "ssh_ip_allowlist" {
  description = "Without effect, as ssh_public_key."
  type        = list(any)
  default     = null
}

variable "s3_bucket_name" {
  description = "Bucket of files; empty: <prefix>-<account>-<region>."
  type        = string
  default     = ""

  validation {
    condition     = var.s3_bucket_name == "" || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.s3_bucket_name))
    error_message = "s3_bucket_name has 3 to 63 small letters, digits, dots and dashes."
  }
}

variable "s3_bucket_deploy" {
  description = "Whether the bucket is made; else it is there."
  type        = bool
  default     = true
}

variable "s3_bucket_object_prefix" {
  description = "Folder in the bucket, with a slash at its end."
  type        = string
  default     = ""

  validation {
    condition     = var.s3_bucket_object_prefix == "" || can(regex("^[^/].*/$", var.s3_bucket_object_prefix))
    error_message = "s3_bucket_object_prefix is empty, or ends with a slash and does not begin with one, such as pipeline/."
  }
}

variable "iglu_server_dns_name" {
  description = "A registry that is there, with http:// or https://; empty: one is made."
  type        = string
  default     = ""

  validation {
    condition     = var.iglu_server_dns_name == "" || can(regex("^https?://[^/]+/?$", var.iglu_server_dns_name))
    error_message = "iglu_server_dns_name begins with http:// or https:// and has no path, or is empty: then a registry is made."
  }
}

variable "iglu_super_api_key" {
  description = "UUID that may do everything in the registry; empty: one is made, in Secrets Manager alone."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.iglu_super_api_key == "" || can(regex("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", var.iglu_super_api_key))
    error_message = "iglu_super_api_key is a UUID, such as uuidgen prints, or empty: then one is made."
  }
}

variable "iglu_db_name" {
  description = "Database of the registry."
  type        = string
  default     = "iglu"
}

variable "iglu_db_username" {
  description = "Its user."
  type        = string
  default     = "iglu"
}

variable "iglu_db_password" {
  description = "The user's password, with takeover alone."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
}

variable "postgres_db_enabled" {
  description = "Whether events are loaded into PostgreSQL."
  type        = bool
  default     = false
}

variable "postgres_db_name" {
  description = "Database of events; empty: snowplow."
  type        = string
  default     = ""
}

variable "postgres_db_username" {
  description = "Its user; empty: snowplow."
  type        = string
  default     = ""
}

variable "postgres_db_password" {
  description = "The user's password, with takeover alone."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
}

variable "postgres_db_publicly_accessible" {
  description = "Whether the database of events has a public address."
  type        = bool
  default     = false
}

variable "postgres_db_ip_allowlist" {
  description = "CIDRs that may connect to it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.postgres_db_ip_allowlist : can(cidrnetmask(cidr))])
    error_message = "postgres_db_ip_allowlist is a list of IPv4 networks such as 203.0.113.7/32."
  }
}

variable "s3_raw_enabled" {
  description = "Whether payloads are archived: what a replay reads."
  type        = bool
  default     = true
}

variable "s3_bad_enabled" {
  description = "Whether bad rows become files."
  type        = bool
  default     = true
}

variable "s3_enriched_enabled" {
  description = "Whether enriched events become files."
  type        = bool
  default     = true
}

variable "pipeline_kcl_write_max_capacity" {
  description = "Write units of tables of leases at most, with checkpoint_billing = PROVISIONED."
  type        = number
  default     = 50
}

variable "ssl_information" {
  description = "A certificate of ACM for the collector."
  type = object({
    enabled         = bool
    certificate_arn = string
  })
  default = { enabled = false, certificate_arn = "" }

  validation {
    condition     = !var.ssl_information.enabled || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.ssl_information.certificate_arn))
    error_message = "ssl_information.enabled needs certificate_arn, the ARN of a certificate of ACM; or set domain_names and route53_zone_id, and one is made."
  }
}

variable "cloudwatch_logs_enabled" {
  description = "Whether logs go to CloudWatch."
  type        = bool
  default     = true
}

variable "cloudwatch_logs_retention_days" {
  description = "How long they are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.cloudwatch_logs_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "telemetry_enabled" {
  description = "Without effect: nothing phones home."
  type        = bool
  default     = null
}

variable "user_provided_id" {
  description = "Without effect: nothing phones home."
  type        = string
  default     = null
}

variable "accept_limited_use_license" {
  description = "Without effect: the licence asks for nothing."
  type        = bool
  default     = null
}
