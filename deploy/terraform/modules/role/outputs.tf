output "arn" {
  description = "ARN of the role; whoever uses it waits for its rights."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "policies" {
  description = "Policies as they are granted, as JSON."
  value       = { for policy, granted in aws_iam_role_policy.this : policy => granted.policy }
}
