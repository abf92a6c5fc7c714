variable "prefix" {
  description = "Name of the environment."
  type        = string
}

variable "emails" {
  description = "Who is told of alarms."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "alarm_emails are addresses such as on-call@acme.com."
  }
}

variable "key_arn" {
  description = "ARN of the key of the topic; empty: none."
  type        = string
  default     = ""
}

variable "streams" {
  description = "Streams by short name (raw, enriched, bad-1, bad-2)."
  type        = map(string)
}

variable "shards" {
  description = "Shards of each at first; 1 where none is given."
  type        = map(number)
  default     = {}
}

variable "on_demand" {
  description = "Whether streams have no shards to fill."
  type        = bool
  default     = false
}

variable "retention_hours" {
  description = "How long streams keep records."
  type        = number
}

variable "tables" {
  description = "Names of tables of leases."
  type        = set(string)
}

variable "load_balancers" {
  description = "Load balancers by what is behind them: arn_suffix of balancer and target group. Of type application."
  type        = map(object({ balancer = string, target_group = string }))
  default     = {}
}

variable "services" {
  description = "Services of ECS by role: name, and tasks at least."
  type        = map(object({ name = string, min = number }))
  default     = {}
}

variable "cluster" {
  description = "Their cluster; empty: there is none."
  type        = string
  default     = ""
}

variable "machines" {
  description = "Machines of EC2 by name."
  type        = map(string)
  default     = {}
}

variable "databases" {
  description = "Database servers by what they hold."
  type        = map(string)
  default     = {}
}

variable "certificates" {
  description = "ARNs of certificates of ACM by name."
  type        = map(string)
  default     = {}
}

variable "log_groups" {
  description = "Log groups by role, in which errors are counted."
  type        = map(string)
  default     = {}
}
