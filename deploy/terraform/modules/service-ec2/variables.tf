variable "name" {
  description = "Name of the machine, its role and security group."
  type        = string
}

variable "instance_type" {
  description = "Size; the package must be of its architecture."
  type        = string
  default     = "t4g.small"
}

variable "architecture" {
  description = "arm64 or x86_64, as the instance type has it."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "ami_refresh" {
  description = "Another value takes the newest image of Amazon Linux 2023, and with it a new machine."
  type        = string
  default     = "1"
}

variable "package" {
  description = "The rpm: s3://bucket/key or an https URL. It is tried again until it is there."
  type        = string

  validation {
    condition     = can(regex("^(s3|https)://[^ '\"$`\\\\]+\\.rpm$", var.package))
    error_message = "package is an s3:// or https:// URL that ends in .rpm."
  }
}

variable "package_arn" {
  description = "ARN of that object in S3; empty: it is elsewhere."
  type        = string
  default     = ""
}

variable "roles" {
  description = "What runs, by the instance of the package's unit piste@: configuration (HOCON), variables, secrets (variable -> its ARN, with |key where it is JSON)."
  type = map(object({
    configuration = string
    environment   = optional(map(string), {})
    secrets       = optional(map(string), {})
  }))
}

variable "enrichments" {
  description = "Configurations of enrichments by name, as JSON."
  type        = map(string)
  default     = {}
}

variable "tls_secret" {
  description = "Secret with certificate chain and key in PEM, put into a file for the collector; empty: none."
  type        = string
  default     = ""
}

variable "secret_arns" {
  description = "ARNs of the secrets that the machine may read."
  type        = list(string)
  default     = []
}

variable "policies" {
  description = "What the roles may do: see the module role."
  type        = any
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role; empty: none."
  type        = string
  default     = ""
}

variable "key_arn" {
  description = "ARN of the key of disks and secrets; empty: those of AWS."
  type        = string
  default     = ""
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_id" {
  description = "A public subnet."
  type        = string
}

variable "zone_disk_gb" {
  description = "Disk for what must outlive the machine: the registry, and events that the streams do not take at the moment."
  type        = number
  default     = 20
}

variable "ports" {
  description = "Ports that clients connect to."
  type        = list(number)
  default     = [80, 443]
}

variable "ip_allowlist" {
  description = "CIDRs that may connect."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.ip_allowlist) > 0 && alltrue([for cidr in var.ip_allowlist : can(cidrnetmask(cidr))])
    error_message = "ip_allowlist is a list of IPv4 networks such as 0.0.0.0/0 or 203.0.113.7/32, with one at least."
  }
}

variable "databases" {
  description = "Databases it connects to: a name -> id of a security group."
  type        = map(string)
  default     = {}
}

variable "keep_data" {
  description = "Whether the machine refuses to be ended. Its data disk leaves a snapshot in any case."
  type        = bool
  default     = true
}
