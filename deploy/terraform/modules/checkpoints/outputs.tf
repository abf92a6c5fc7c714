output "arns" {
  description = "Name of a consumer -> ARN of its table."
  value       = { for name, table in aws_dynamodb_table.this : name => table.arn }
}
