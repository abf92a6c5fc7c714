variable "identifier" {
  description = "Name of the database server, such as piste-iglu-rds."
  type        = string
}

variable "database" {
  description = "Name of the database in it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,62}$", var.database))
    error_message = "The name of a database begins with a letter and has letters, digits and underscores, at most 63."
  }
}

variable "username" {
  description = "Its user."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,62}$", var.username)) && !contains(["postgres", "rdsadmin", "admin"], lower(var.username))
    error_message = "The name of the database's user begins with a letter, has letters, digits and underscores, at most 63, and is none that RDS keeps for itself (postgres, rdsadmin, admin)."
  }
}

variable "password" {
  description = "The user's password, used with given_password alone."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
}

variable "given_password" {
  description = "Whether the password is the given one, as when a running database is taken over; else RDS makes it, keeps it in Secrets Manager and changes it."
  type        = bool
  default     = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets in at least two zones."
  type        = list(string)
}

variable "clients" {
  description = "Who may connect: a name -> id of a security group."
  type        = map(string)
  default     = {}
}

variable "ip_allowlist" {
  description = "CIDRs that may connect."
  type        = list(string)
  default     = []
}

variable "publicly_accessible" {
  description = "Whether it has a public address."
  type        = bool
  default     = false
}

variable "engine_version" {
  description = "Major version of PostgreSQL; minor ones come by themselves."
  type        = string
  default     = "16"
}

variable "instance_class" {
  description = "Size of the server."
  type        = string
  default     = "db.t4g.micro"
}

variable "multi_az" {
  description = "Whether there is a standby in another zone."
  type        = bool
  default     = true
}

variable "storage_gb" {
  description = "Disk at first."
  type        = number
  default     = 20
}

variable "max_storage_gb" {
  description = "Disk it may grow to."
  type        = number
  default     = 200
}

variable "backup_days" {
  description = "Days that it can be set back."
  type        = number
  default     = 7
}

variable "force_ssl" {
  description = "Whether connections without TLS are refused."
  type        = bool
  default     = true
}

variable "key_arn" {
  description = "ARN of the key that disk and password are encrypted with; empty: that of AWS."
  type        = string
  default     = ""
}

variable "keep_data" {
  description = "Whether the server refuses to be deleted, and leaves a snapshot."
  type        = bool
  default     = true
}
