# The registry's key that may do everything. Its value goes to Secrets Manager alone: neither plan nor state has it.

resource "aws_secretsmanager_secret" "super_api_key" {
  name                    = "${var.prefix}-iglu-super-api-key"
  description             = "UUID that may do everything in the Iglu registry of ${var.prefix}"
  kms_key_id              = var.key_arn == "" ? null : var.key_arn
  recovery_window_in_days = var.keep_data ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "super_api_key" {
  secret_id                = aws_secretsmanager_secret.super_api_key.id
  secret_string_wo         = var.super_api_key == "" ? uuid() : lower(var.super_api_key)
  secret_string_wo_version = var.super_api_key_version
}
