output "name" {
  description = "Name of the bucket; what writes into it waits until it is closed to others."
  value       = var.name
  depends_on  = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_policy.this]
}

output "arn" {
  description = "ARN of the bucket."
  value       = local.arn
}
