variable "prefix" {
  description = "Name of the environment; streams are <prefix>-raw-stream and so on."
  type        = string
}

variable "failed" {
  description = "Whether there is a stream for failed events."
  type        = bool
  default     = false
}

variable "shards" {
  description = "Shards of each stream when it is made, by its short name (raw, enriched, bad-1, bad-2, failed); 1 where none is given. Later numbers are the scaler's, or yours."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for shards in values(var.shards) : shards >= 1 && floor(shards) == shards])
    error_message = "A stream has a whole number of shards, at least one."
  }
}

variable "mode" {
  description = "PROVISIONED, or ON_DEMAND: about seven times dearer at a steady load, and without a thought."
  type        = string
  default     = "PROVISIONED"

  validation {
    condition     = contains(["PROVISIONED", "ON_DEMAND"], var.mode)
    error_message = "stream_mode is PROVISIONED or ON_DEMAND."
  }
}

variable "retention_hours" {
  description = "How long records are kept: what an outage of a consumer may last."
  type        = number
  default     = 168

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "Kinesis keeps records for 24 to 8760 hours."
  }
}

variable "key_arn" {
  description = "ARN of the key that records are encrypted with; empty: the key of AWS for Kinesis."
  type        = string
  default     = ""
}
