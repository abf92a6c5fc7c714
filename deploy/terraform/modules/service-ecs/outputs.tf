output "sg_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.this.id
}

output "role_arn" {
  description = "Role of the tasks."
  value       = module.task_role.arn
}

output "service_name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "service_arn" {
  description = "ARN of the service."
  value       = aws_ecs_service.this.id
}

output "log_group" {
  description = "Log group; empty: logs go nowhere."
  value       = var.logs_enabled ? aws_cloudwatch_log_group.this[0].name : ""
}
