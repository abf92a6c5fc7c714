output "names" {
  description = "Short name (raw, enriched, bad-1, bad-2, failed) -> name of the stream."
  value       = { for name, stream in aws_kinesis_stream.this : name => stream.name }
}

output "arns" {
  description = "Short name -> ARN."
  value       = { for name, stream in aws_kinesis_stream.this : name => stream.arn }
}
