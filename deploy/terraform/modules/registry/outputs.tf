output "super_api_key_secret_arn" {
  description = "ARN of the secret with the key; whoever reads it waits for its value."
  value       = aws_secretsmanager_secret.super_api_key.arn
  depends_on  = [aws_secretsmanager_secret_version.super_api_key]
}
