variable "prefix" {
  description = "Name of the environment; the key's alias is alias/<prefix>."
  type        = string
}

variable "key_arn" {
  description = "ARN of a key of yours to use instead; empty: one is made."
  type        = string
  default     = ""
}
