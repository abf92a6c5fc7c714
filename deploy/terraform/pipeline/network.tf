# Network, load balancers, databases.

locals {
  network_mode = var.vpc_id != "" ? "existing" : (var.network_mode == "" ? local.preset.network_mode : var.network_mode)
  network_size = var.network_size == "" ? local.preset.network_size : var.network_size

  certificate  = var.ssl_information.enabled ? var.ssl_information.certificate_arn : ""
  iglu_outside = local.own_registry && var.iglu_domain_name != ""
  access_logs  = local.ecs && var.access_logs_enabled
  firewall     = local.ecs && var.waf_rate_limit > 0

  # What tasks reach without the internet; the scaler also looks at metrics, and counts tasks.
  endpoints = concat(["kinesis-streams", "logs", "ecr.api", "ecr.dkr", "secretsmanager", "ssm"], local.scaler ? ["monitoring", "ecs"] : [])

  collector_route = { collector = { port = 8080, health_path = "/health" } }
  iglu_route      = { port = 8080, health_path = "/api/meta/health", redirect = true }
}

module "network" {
  source = "../../modules/network"

  prefix              = var.prefix
  mode                = local.network_mode
  size                = local.network_size
  cidr                = var.network_cidr
  ipam_pool_cidr      = var.ipam_pool_cidr
  environment_index   = var.environment_index
  taken_cidrs         = var.taken_cidrs
  zones               = var.availability_zones
  nat_gateways        = var.nat_gateways
  interface_endpoints = local.endpoints
  vpc_id              = var.vpc_id
  public_subnet_ids   = var.public_subnet_ids
  private_subnet_ids  = var.private_subnet_ids

  bucket_arns          = [module.bucket.arn]
  table_arns           = values(module.checkpoints.arns)
  readable_bucket_arns = concat(["arn:${data.aws_partition.here.partition}:s3:::snowplow-hosted-assets*"], var.enrichment_bucket_arns)
}

module "access_logs" {
  source = "../../modules/bucket"
  count  = local.access_logs ? 1 : 0

  name       = "${var.prefix}-${local.account}-${local.region}-access"
  policy     = "bucket-logs"
  lifecycles = { access = { prefix = "", expire = 90 } }
  keep_data  = var.keep_data
}

module "collector_edge" {
  source = "../../modules/edge"
  count  = local.ecs ? 1 : 0

  name                = "${var.prefix}-collector-lb"
  kind                = var.edge
  vpc_id              = module.network.vpc_id
  vpc_cidr            = module.network.cidr
  subnet_ids          = module.network.public_subnet_ids
  subnet_count        = var.vpc_id == "" ? { small = 2, medium = 3, large = 3 }[local.network_size] : length(var.public_subnet_ids)
  ip_allowlist        = var.ip_allowlist
  routes              = merge(local.collector_route, { for name in local.iglu_outside ? ["iglu"] : [] : name => merge(local.iglu_route, { hosts = [var.iglu_domain_name] }) })
  certificate_arn     = local.certificate
  domain_names        = concat(var.domain_names, local.iglu_outside ? [var.iglu_domain_name] : [])
  route53_zone_id     = var.route53_zone_id
  waf_rate_limit      = var.waf_rate_limit
  access_logs_enabled = local.access_logs
  access_logs_bucket  = local.access_logs ? module.access_logs[0].name : ""
  keep_data           = var.keep_data
}

# The registry is for the pipeline, unless a name says otherwise.
module "iglu_edge" {
  source = "../../modules/edge"
  count  = local.ecs && local.own_registry && !local.iglu_outside ? 1 : 0

  name                = "${var.prefix}-iglu-lb"
  internal            = true
  vpc_id              = module.network.vpc_id
  vpc_cidr            = module.network.cidr
  subnet_ids          = module.network.private_subnet_ids
  ip_allowlist        = [module.network.cidr]
  routes              = { iglu = local.iglu_route }
  access_logs_enabled = local.access_logs
  access_logs_bucket  = local.access_logs ? module.access_logs[0].name : ""
  keep_data           = var.keep_data
}

module "iglu_database" {
  source = "../../modules/database"
  count  = local.ecs && local.own_registry ? 1 : 0

  identifier     = "${var.prefix}-iglu-rds"
  database       = var.iglu_db_name
  username       = var.iglu_db_username
  password       = var.iglu_db_password
  given_password = var.takeover
  vpc_id         = module.network.vpc_id
  subnet_ids     = module.network.private_subnet_ids
  clients        = { iglu = module.services["iglu"].sg_id }
  instance_class = local.preset.database_class
  multi_az       = local.preset.database_multi_az
  key_arn        = module.kms.arn
  keep_data      = var.keep_data
}

module "events_database" {
  source = "../../modules/database"
  count  = var.postgres_db_enabled ? 1 : 0

  identifier          = "${var.prefix}-pipeline-rds"
  database            = var.postgres_db_name == "" ? "snowplow" : var.postgres_db_name
  username            = var.postgres_db_username == "" ? "snowplow" : var.postgres_db_username
  password            = var.postgres_db_password
  given_password      = var.takeover
  vpc_id              = module.network.vpc_id
  subnet_ids          = var.postgres_db_publicly_accessible ? module.network.public_subnet_ids : module.network.private_subnet_ids
  publicly_accessible = var.postgres_db_publicly_accessible
  ip_allowlist        = var.postgres_db_ip_allowlist
  instance_class      = local.preset.database_class
  multi_az            = local.preset.database_multi_az
  key_arn             = module.kms.arn
  keep_data           = var.keep_data

  clients = local.ecs ? {
    for kind in local.postgres_loaders : "postgres-loader-${kind}" => module.services["postgres-loader-${kind}"].sg_id
  } : { machine = module.machine[0].sg_id }
}
