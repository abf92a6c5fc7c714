variable "name" {
  description = "Name of the load balancer, such as piste-collector-lb."
  type        = string
}

variable "kind" {
  description = "alb: routes by host, WAF; nlb: fixed addresses, one route."
  type        = string
  default     = "alb"

  validation {
    condition     = contains(["alb", "nlb"], var.kind)
    error_message = "edge is alb or nlb."
  }
}

variable "internal" {
  description = "Whether it has no public address."
  type        = bool
  default     = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "vpc_cidr" {
  description = "Its addresses, among them those of the targets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets in at least two zones."
  type        = list(string)
}

variable "subnet_count" {
  description = "How many those are, known before they are made: an nlb has a fixed address in each."
  type        = number
  default     = 2
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

variable "routes" {
  description = <<-EOT
    What is behind it, by name. One has no hosts: it gets what the others do not ask for. redirect: http becomes https; false
    for what trackers send, whose POST a redirect would turn into a GET.
  EOT
  type = map(object({
    port        = number
    health_path = string
    hosts       = optional(list(string), [])
    redirect    = optional(bool, false)
  }))

  validation {
    condition     = length([for route in values(var.routes) : route if length(route.hosts) == 0]) == 1
    error_message = "Exactly one route has no hosts."
  }
}

variable "certificate_arn" {
  description = "ARN of a certificate of ACM in the region; empty: none, or one is made for domain_names."
  type        = string
  default     = ""

  validation {
    condition     = var.certificate_arn == "" || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "The certificate is an ARN of ACM, such as arn:aws:acm:eu-west-1:123456789012:certificate/..."
  }
}

variable "domain_names" {
  description = "Names under which it is reached: a certificate and alias records are made for them."
  type        = list(string)
  default     = []
}

variable "route53_zone_id" {
  description = "Hosted zone of those names."
  type        = string
  default     = ""
}

variable "waf_rate_limit" {
  description = "Requests that one address may send within five minutes; more are answered 429, and sent again. 0: no limit, and no firewall. With alb alone."
  type        = number
  default     = 0
}

variable "ssl_policy" {
  description = "Versions and ciphers of TLS."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}

variable "idle_timeout" {
  description = "Seconds; below the keep-alive of the targets."
  type        = number
  default     = 60
}

variable "access_logs_bucket" {
  description = "Bucket for access logs; empty: none."
  type        = string
  default     = ""
}

variable "access_logs_enabled" {
  description = "Whether there are access logs."
  type        = bool
  default     = false
}

variable "keep_data" {
  description = "Whether it refuses to be deleted: its name is in the world."
  type        = bool
  default     = true
}
