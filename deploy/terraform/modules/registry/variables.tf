variable "prefix" {
  description = "Name of the environment."
  type        = string
}

variable "super_api_key" {
  description = "UUID that may do everything in the registry; empty: one is made, and nobody sees it but who reads the secret."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.super_api_key == "" || can(regex("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", var.super_api_key))
    error_message = "iglu_super_api_key is a UUID, such as uuidgen prints, or empty: then one is made."
  }
}

variable "super_api_key_version" {
  description = "A higher number puts a new key in the secret."
  type        = number
  default     = 1
}

variable "key_arn" {
  description = "ARN of the key that the secret is encrypted with; empty: that of AWS."
  type        = string
  default     = ""
}

variable "keep_data" {
  description = "Whether a deleted secret can be had back for 30 days."
  type        = bool
  default     = true
}
