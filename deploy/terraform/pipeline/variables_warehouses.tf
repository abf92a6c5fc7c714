# The original's warehouse loaders, which are not here: their variables are accepted while none is enabled.

variable "redshift_enabled" {
  description = "Refused when true: there is no loader for Redshift."
  type        = bool
  default     = null

  validation {
    condition     = var.redshift_enabled != true
    error_message = "There is no loader for Redshift: set redshift_enabled to false, have enriched events written as Parquet (s3_enriched_enabled), and let Redshift read these tables from the bucket."
  }
}

variable "redshift_host" {
  description = "Without effect: there is no loader for Redshift."
  type        = string
  default     = null
}

variable "redshift_database" {
  description = "Without effect: there is no loader for Redshift."
  type        = string
  default     = null
}

variable "redshift_schema" {
  description = "Without effect: there is no loader for Redshift."
  type        = string
  default     = null
}

variable "redshift_loader_user" {
  description = "Without effect: there is no loader for Redshift."
  type        = string
  default     = null
}

variable "redshift_port" {
  description = "Without effect: there is no loader for Redshift."
  type        = number
  default     = null
}

variable "redshift_transformer_window_period_min" {
  description = "Without effect: there is no loader for Redshift."
  type        = number
  default     = null
}

variable "redshift_loader_password" {
  description = "Without effect: there is no loader for Redshift."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "snowflake_enabled" {
  description = "Refused when true: there is no loader for Snowflake."
  type        = bool
  default     = null

  validation {
    condition     = var.snowflake_enabled != true
    error_message = "There is no loader for Snowflake: set snowflake_enabled to false, have enriched events written as Parquet (s3_enriched_enabled), and let Snowflake read these tables from the bucket."
  }
}

variable "snowflake_account" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_region" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_loader_user" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_database" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_schema" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_warehouse" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_loader_role" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_transformer_window_period_min" {
  description = "Without effect: there is no loader for Snowflake."
  type        = number
  default     = null
}

variable "snowflake_loader_password" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "snowflake_streaming_enabled" {
  description = "Refused when true: there is no loader for Snowflake."
  type        = bool
  default     = null

  validation {
    condition     = var.snowflake_streaming_enabled != true
    error_message = "There is no loader for Snowflake: set snowflake_streaming_enabled to false, have enriched events written as Parquet (s3_enriched_enabled), and let Snowflake read these tables from the bucket."
  }
}

variable "snowflake_streaming_account_url" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_loader_user" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_database" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_schema" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_warehouse" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_loader_role" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
}

variable "snowflake_streaming_loader_private_key" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "snowflake_streaming_loader_private_key_passphrase" {
  description = "Without effect: there is no loader for Snowflake."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "databricks_enabled" {
  description = "Refused when true: there is no loader for Databricks."
  type        = bool
  default     = null

  validation {
    condition     = var.databricks_enabled != true
    error_message = "There is no loader for Databricks: set databricks_enabled to false, have enriched events written as Parquet (s3_enriched_enabled), and let Databricks read these tables from the bucket."
  }
}

variable "databricks_catalog" {
  description = "Without effect: there is no loader for Databricks."
  type        = string
  default     = null
}

variable "databricks_deltalake_host" {
  description = "Without effect: there is no loader for Databricks."
  type        = string
  default     = null
}

variable "databricks_http_path" {
  description = "Without effect: there is no loader for Databricks."
  type        = string
  default     = null
}

variable "databricks_schema" {
  description = "Without effect: there is no loader for Databricks."
  type        = string
  default     = null
}

variable "databricks_deltalake_port" {
  description = "Without effect: there is no loader for Databricks."
  type        = number
  default     = null
}

variable "databricks_port" {
  description = "Without effect: there is no loader for Databricks."
  type        = number
  default     = null
}

variable "databricks_transformer_window_period_min" {
  description = "Without effect: there is no loader for Databricks."
  type        = number
  default     = null
}

variable "databricks_auth_token" {
  description = "Without effect: there is no loader for Databricks."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}
