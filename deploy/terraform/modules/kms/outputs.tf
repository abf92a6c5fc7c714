output "arn" {
  description = "ARN of the key."
  value       = var.key_arn == "" ? aws_kms_key.this[0].arn : var.key_arn
}
