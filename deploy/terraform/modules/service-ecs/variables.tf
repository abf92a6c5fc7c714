variable "name" {
  description = "Name of the service, its roles and security group, such as piste-enrich-server."
  type        = string
}

variable "cluster" {
  description = "The cluster."
  type        = object({ arn = string, name = string })
}

variable "image" {
  description = "The image, with a tag or a digest."
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", var.image))
    error_message = "An image is named with a tag (:0.1.0) or a digest (@sha256:...)."
  }
}

variable "repository_arn" {
  description = "ARN of its repository in ECR; empty: it is pulled from elsewhere."
  type        = string
  default     = ""
}

variable "architecture" {
  description = "ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "command" {
  description = "Role and options, such as [\"enrich\"]."
  type        = list(string)
}

variable "cpu" {
  description = "Units of CPU; 1024 are one."
  type        = number
  default     = 256
}

variable "memory" {
  description = "MiB."
  type        = number
  default     = 512
}

variable "documents" {
  description = "Variable of the environment -> text, which the process gets in Base64: PISTE_CONFIG_B64 and so on."
  type        = map(string)

  validation {
    condition     = alltrue([for text in values(var.documents) : length(base64encode(text)) <= 8192])
    error_message = "A configuration has at most 6144 bytes: that is what a parameter of Systems Manager holds."
  }
}

variable "environment" {
  description = "Further variables."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Variable -> ARN of a secret, with a key in it (secret arn:key::) or without."
  type        = map(string)
  default     = {}
}

variable "secret_arns" {
  description = "ARNs of those secrets, which the execution role may read."
  type        = list(string)
  default     = []
}

variable "policies" {
  description = "What the tasks may do: see the module role."
  type        = any
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the roles; empty: none."
  type        = string
  default     = ""
}

variable "key_arn" {
  description = "ARN of the key of logs and secrets; empty: those of AWS."
  type        = string
  default     = ""
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Whether tasks have public addresses."
  type        = bool
  default     = false
}

variable "clients" {
  description = "Who may connect to port: a name -> id of a security group."
  type        = map(string)
  default     = {}
}

variable "port" {
  description = "Port that clients connect to; null: nobody does."
  type        = number
  default     = null
}

variable "health" {
  description = "What is asked for the health of a task (empty: the role's own probe), how often (seconds), and how many times in vain until ECS replaces it."
  type        = object({ url = optional(string, ""), interval = optional(number, 10), retries = optional(number, 3) })
  default     = {}

  validation {
    condition     = var.health.interval >= 5 && var.health.interval <= 300 && var.health.retries >= 1 && var.health.retries <= 10
    error_message = "ECS asks every 5 to 300 seconds, and 1 to 10 times in vain."
  }
}

variable "target_group_arn" {
  description = "Target group of the load balancer in front; with port alone."
  type        = string
  default     = null
}

variable "egress_cidrs" {
  description = "Where the tasks may go over TLS."
  type        = list(string)
}

variable "egress_prefix_lists" {
  description = "Prefix lists they may go to over TLS, by name."
  type        = map(string)
  default     = {}
}

variable "egress_ports" {
  description = "Further connections: a name -> port and CIDRs."
  type        = map(object({ port = number, cidrs = list(string) }))
  default     = {}
}

variable "databases" {
  description = "Databases they connect to: a name -> id of a security group."
  type        = map(string)
  default     = {}
}

variable "min" {
  description = "Tasks at least."
  type        = number
  default     = 1
}

variable "max" {
  description = "Tasks at most."
  type        = number
  default     = 1
}

variable "scaling" {
  description = <<-EOT
    What the number of tasks follows: none; load, for what clients connect to (CPU, and requests of a target group); lag, for
    what reads a stream (how far behind it is).
  EOT
  type = object({
    kind                = string
    cpu_percent         = optional(number, 60)
    requests            = optional(bool, false)
    requests_per_target = optional(number, 6000)
    resource_label      = optional(string, "")
    stream              = optional(string, "")
  })
  default = { kind = "none" }

  validation {
    condition     = contains(["none", "load", "lag"], var.scaling.kind)
    error_message = "Scaling follows none, load or lag."
  }
}

variable "logs_enabled" {
  description = "Whether logs go to CloudWatch."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long they are kept."
  type        = number
  default     = 30
}

variable "enable_execute_command" {
  description = "Whether commands may be run in tasks."
  type        = bool
  default     = false
}
