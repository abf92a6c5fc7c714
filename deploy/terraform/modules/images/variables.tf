variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "key_arn" {
  description = "ARN of the key that images are encrypted with; empty: that of AWS."
  type        = string
  default     = ""
}

variable "keep_data" {
  description = "Whether the repository refuses to be deleted while there are images in it."
  type        = bool
  default     = true
}
