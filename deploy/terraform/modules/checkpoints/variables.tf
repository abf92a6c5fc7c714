variable "applications" {
  description = "Names of consumers, each of which keeps its leases and checkpoints in a table of its name, such as piste-enrich-server."
  type        = set(string)
}

variable "billing" {
  description = "PAY_PER_REQUEST, or PROVISIONED with scaling, as in the original."
  type        = string
  default     = "PAY_PER_REQUEST"

  validation {
    condition     = contains(["PAY_PER_REQUEST", "PROVISIONED"], var.billing)
    error_message = "checkpoint_billing is PAY_PER_REQUEST or PROVISIONED."
  }
}

variable "read_max_capacity" {
  description = "With PROVISIONED: read units a table may scale to."
  type        = number
  default     = 10
}

variable "write_max_capacity" {
  description = "With PROVISIONED: write units a table may scale to."
  type        = number
  default     = 50
}

variable "key_arn" {
  description = "ARN of the key that tables are encrypted with; empty: the key of AWS for DynamoDB."
  type        = string
  default     = ""
}

variable "keep_data" {
  description = "Whether tables refuse to be deleted."
  type        = bool
  default     = true
}
