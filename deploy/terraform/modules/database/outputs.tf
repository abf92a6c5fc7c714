output "address" {
  description = "Host name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port."
  value       = aws_db_instance.this.port
}

output "id" {
  description = "Name of the server."
  value       = aws_db_instance.this.identifier
}

output "sg_id" {
  description = "Security group of the server."
  value       = aws_security_group.this.id
}

output "secret_arn" {
  description = "Secret with username and password, as RDS keeps it."
  value       = var.given_password ? aws_secretsmanager_secret.given[0].arn : aws_db_instance.this.master_user_secret[0].secret_arn
  depends_on  = [aws_secretsmanager_secret_version.given]
}
