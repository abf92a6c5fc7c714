variable "name" {
  description = "Name of the role, such as piste-enrich-server."
  type        = string
}

variable "trust" {
  description = "Who may become it: ecs or ec2, a file iam/resource/trust-<this>.json."
  type        = string
}

variable "policies" {
  description = <<-EOT
    What it may do: name of a template iam/<name>.json, optionally behind a label that keeps two uses of one template apart
    (enriched/s3-loader), -> values of its placeholders. A list stands for several resources. A statement none of whose
    resources is given is not granted.
  EOT
  type        = any
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role; empty: none."
  type        = string
  default     = ""
}
