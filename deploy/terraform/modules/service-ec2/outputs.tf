output "instance_id" {
  description = "The machine."
  value       = aws_instance.this.id
}

output "public_ip" {
  description = "Its fixed address."
  value       = aws_eip.this.public_ip
}

output "public_dns" {
  description = "Its name."
  value       = aws_eip.this.public_dns
}

output "sg_id" {
  description = "Its security group."
  value       = aws_security_group.this.id
}

output "role_arn" {
  description = "Its role."
  value       = module.role.arn
}

output "start_script" {
  description = "What it does at its first start; no secret is in it."
  value       = aws_instance.this.user_data
}
