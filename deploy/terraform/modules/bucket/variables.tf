variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "deploy" {
  description = "Whether it is made; else one of this name is there and stays as it is."
  type        = bool
  default     = true
}

variable "policy" {
  description = "Template of its policy: bucket, or bucket-logs where load balancers write logs into it."
  type        = string
  default     = "bucket"
}

variable "lifecycles" {
  description = <<-EOT
    What becomes of objects, by a name of the rule: under prefix, after days in a storage class ({ GLACIER_IR = 30 }), and
    deleted after expire days; 0: never.
  EOT
  type = map(object({
    prefix  = string
    classes = optional(map(number), {})
    expire  = optional(number, 0)
  }))
  default = {}
}

variable "key_arn" {
  description = "ARN of the key that objects are encrypted with; empty: S3's own, the only one that logs of load balancers can have."
  type        = string
  default     = ""
}

variable "keep_data" {
  description = "Whether the bucket refuses to be deleted while there are objects in it."
  type        = bool
  default     = true
}
