# The original's outputs, then ours.

output "collector_dns_name" {
  description = "Host name of the collector."
  value       = local.ecs ? module.collector_edge[0].dns_name : module.machine[0].public_dns
}

output "iglu_server_dns_name" {
  description = "Address of the registry, as iglu_server_dns_name takes it."
  value       = local.iglu_url
}

output "postgres_db_address" {
  description = "Host name of the database of events; null: there is none."
  value       = one(module.events_database[*].address)
}

output "postgres_db_port" {
  description = "Its port."
  value       = one(module.events_database[*].port)
}

output "postgres_db_id" {
  description = "Its name."
  value       = one(module.events_database[*].id)
}

output "collector_url" {
  description = "Where trackers send events."
  value       = local.ecs ? module.collector_edge[0].url : "${var.tls_secret == "" ? "http" : "https"}://${length(var.domain_names) > 0 ? var.domain_names[0] : module.machine[0].public_dns}"
}

output "iglu_url" {
  description = "The registry; inside the network unless iglu_domain_name is given."
  value       = local.iglu_url
}

output "iglu_super_api_key_secret_arn" {
  description = "Secret with the key that may do everything in the registry."
  value       = module.registry.super_api_key_secret_arn
}

output "bucket" {
  description = "Bucket of files."
  value       = module.bucket.name
}

output "stream_arns" {
  description = "Streams by short name."
  value       = module.streams.arns
}

output "table_arns" {
  description = "Tables of leases by consumer."
  value       = module.checkpoints.arns
}

output "role_arns" {
  description = "Roles by service."
  value       = local.ecs ? merge({ for name, service in module.services : name => service.role_arn }, { for scaler in module.scaler : "scaler" => scaler.role_arn }) : { machine = module.machine[0].role_arn }
}

output "vpc_id" {
  description = "The VPC."
  value       = module.network.vpc_id
}

output "subnet_ids" {
  description = "Public and private subnets."
  value       = { public = module.network.public_subnet_ids, private = module.network.private_subnet_ids }
}

output "egress_ips" {
  description = "Addresses that others see us from, where they are fixed."
  value       = local.ecs ? module.network.egress_ips : [module.machine[0].public_ip]
}

output "collector_ips" {
  description = "Fixed addresses of the collector: those of an nlb, or of the machine."
  value       = local.ecs ? module.collector_edge[0].ips : [module.machine[0].public_ip]
}

output "image" {
  description = "The image that services run; null: the machine runs a package."
  value       = local.ecs ? local.image : null
}

output "image_repository" {
  description = "Where the image is pushed to; null: it comes from elsewhere."
  value       = one(module.images[*].url)
}

output "package" {
  description = "Where the machine takes its package from; null: there is none."
  value       = local.ecs ? null : local.package
}

output "services" {
  description = "Cluster and services of ECS."
  value = local.ecs ? {
    cluster  = module.cluster[0].name
    services = merge({ for name, service in module.services : name => service.service_name }, { for scaler in module.scaler : "scaler" => scaler.service_name })
  } : null
}

output "alarm_topic_arn" {
  description = "Topic that alarms are sent to."
  value       = module.observability.topic_arn
}

output "dashboard_name" {
  description = "Dashboard in CloudWatch."
  value       = module.observability.dashboard_name
}
