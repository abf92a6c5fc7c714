output "vpc_id" {
  description = "The VPC."
  value       = local.own ? aws_vpc.this[0].id : var.vpc_id
}

output "cidr" {
  description = "Its addresses."
  value       = local.own ? local.cidr : data.aws_vpc.existing[0].cidr_block
}

output "public_subnet_ids" {
  description = "Subnets for load balancers that the internet reaches."
  value       = local.own ? aws_subnet.public[*].id : var.public_subnet_ids
}

output "private_subnet_ids" {
  description = "Subnets for databases and internal load balancers."
  value       = local.own ? aws_subnet.private[*].id : (length(var.private_subnet_ids) > 0 ? var.private_subnet_ids : var.public_subnet_ids)
}

output "task_subnet_ids" {
  description = "Subnets for tasks."
  value       = local.public_tasks ? (local.own ? aws_subnet.public[*].id : var.public_subnet_ids) : (local.own ? aws_subnet.private[*].id : var.private_subnet_ids)
  depends_on  = [aws_route.internet, aws_route.nat, aws_route_table_association.public, aws_route_table_association.private, aws_vpc_endpoint.interface]
}

output "assign_public_ip" {
  description = "Whether tasks need a public address to get out."
  value       = local.public_tasks
}

output "egress_cidrs" {
  description = "Where tasks may go over TLS."
  value       = var.mode == "endpoints" ? [local.cidr] : ["0.0.0.0/0"]
}

output "egress_prefix_lists" {
  description = "Prefix lists of the gateway endpoints, by name, where nothing else is reached."
  value       = var.mode == "endpoints" ? { s3 = aws_vpc_endpoint.s3[0].prefix_list_id, dynamodb = aws_vpc_endpoint.dynamodb[0].prefix_list_id } : {}
}

output "egress_ips" {
  description = "Addresses that tasks are seen from, for allow-lists of others; with nat alone."
  value       = aws_eip.nat[*].public_ip
}

output "usable_private_addresses" {
  description = "Addresses for tasks, endpoints and databases in private subnets; AWS keeps five of each subnet."
  value       = local.own ? sum([for cidr in local.private : pow(2, 32 - tonumber(split("/", cidr)[1])) - 5]) : null
}

locals {
  public_tasks = var.mode == "public" || (var.mode == "existing" && length(var.private_subnet_ids) == 0)
}
