# Where the roles run: a service of ECS for each, or all on one machine.

locals {
  image = var.image != "" ? var.image : local.ecs ? "${module.images[0].url}:${var.app_version}" : ""

  # What clients connect to has a route of a load balancer.
  fronts = merge(
    { for name in local.ecs ? ["collector"] : [] : name => { edge = module.collector_edge[0], route = "collector" } },
    { for name in local.ecs && local.own_registry ? ["iglu"] : [] : name => { edge = local.iglu_outside ? module.collector_edge[0] : module.iglu_edge[0], route = "iglu" } },
  )

  # HTTP inside the network to the registry, and outside to Iglu Central.
  registries = { http = { port = 80, cidrs = local.network_mode == "endpoints" ? [module.network.cidr] : ["0.0.0.0/0"] } }

  databases = merge(
    { for name in local.ecs && local.own_registry ? ["iglu"] : [] : name => { database = module.iglu_database[0].sg_id } },
    { for kind in local.postgres_loaders : "postgres-loader-${kind}" => { database = module.events_database[0].sg_id } },
  )

  tasks      = { for name, role in local.roles : name => lookup(local.preset.tasks, name, lookup(local.preset.tasks, "loader", null)) if local.ecs }
  most_tasks = sum(concat([0], [for name, task in local.tasks : local.most[name]]))

  # Whoever gives streams their shards gives their readers their tasks, too; else ECS does, by lag.
  scaler = local.ecs && var.stream_mode == "PROVISIONED" && coalesce(var.scaler_enabled, local.preset.scaler)

  # More readers than shards would idle.
  most = {
    for name, task in local.tasks : name => local.roles[name].reads == null || var.stream_mode == "ON_DEMAND" || local.scaler ? task.max :
    max(task.min, min(task.max, lookup(var.stream_shards, local.roles[name].reads, 1)))
  }
}

module "cluster" {
  source = "../../modules/cluster"
  count  = local.ecs ? 1 : 0

  name = var.prefix
}

module "services" {
  source   = "../../modules/service-ecs"
  for_each = { for name, role in local.roles : name => role if local.ecs }

  name           = "${var.prefix}-${each.key}-server"
  cluster        = { arn = module.cluster[0].arn, name = module.cluster[0].name }
  image          = local.image
  repository_arn = var.image == "" ? module.images[0].arn : ""
  architecture   = var.architecture
  command        = each.value.command
  cpu            = local.tasks[each.key].cpu
  memory         = local.tasks[each.key].memory

  documents = merge(
    { PISTE_CONFIG_B64 = each.value.configuration },
    each.value.schemas ? { PISTE_IGLU_CONFIG_B64 = file("${local.told}/resolver.hocon") } : {},
    each.value.enrichments ? { PISTE_ENRICHMENTS_B64 = "[${join(",", [for name in sort(keys(local.enrichments)) : jsonencode(jsondecode(local.enrichments[name]))])}]" } : {},
  )

  environment = each.value.environment
  secrets     = { for name, arn in each.value.secrets : name => length(split("|", arn)) > 1 ? "${split("|", arn)[0]}:${split("|", arn)[1]}::" : arn }
  secret_arns = distinct([for arn in values(each.value.secrets) : split("|", arn)[0]])

  policies             = each.value.policies
  permissions_boundary = var.iam_permissions_boundary
  key_arn              = module.kms.arn

  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.task_subnet_ids
  assign_public_ip    = module.network.assign_public_ip
  egress_cidrs        = module.network.egress_cidrs
  egress_prefix_lists = module.network.egress_prefix_lists
  egress_ports        = each.value.schemas ? local.registries : {}
  databases           = lookup(local.databases, each.key, {})

  # RDS changes passwords, and a task takes up the new one when it starts. A loader that is not let in falls behind, which its probe
  # says; a registry has to be asked for its database, with the patience that a change of zones needs.
  health = each.key == "iglu" ? { url = "http://127.0.0.1:8080/api/meta/health/db", interval = 30, retries = 10 } : {}

  port             = contains(["collector", "iglu"], each.key) ? 8080 : null
  clients          = contains(["collector", "iglu"], each.key) ? { load-balancer = local.fronts[each.key].edge.sg_id } : {}
  target_group_arn = contains(["collector", "iglu"], each.key) ? local.fronts[each.key].edge.target_groups[local.fronts[each.key].route].arn : null

  min = local.tasks[each.key].min
  max = local.most[each.key]
  # An nlb counts no requests.
  scaling = {
    kind           = each.value.reads == null ? "load" : local.scaler ? "none" : "lag"
    stream         = each.value.reads == null ? "" : local.stream[each.value.reads]
    requests       = each.value.reads == null && !(each.key == "collector" && var.edge == "nlb")
    resource_label = each.value.reads == null ? "${local.fronts[each.key].edge.arn_suffix}/${local.fronts[each.key].edge.target_groups[local.fronts[each.key].route].arn_suffix}" : ""
  }

  logs_enabled           = var.cloudwatch_logs_enabled
  log_retention_days     = var.cloudwatch_logs_retention_days
  enable_execute_command = var.enable_execute_command
}

# Shards for the streams, and tasks for those that read them.
module "scaler" {
  source = "../../modules/service-ecs"
  count  = local.scaler ? 1 : 0

  name           = "${var.prefix}-scaler"
  cluster        = { arn = module.cluster[0].arn, name = module.cluster[0].name }
  image          = local.image
  repository_arn = var.image == "" ? module.images[0].arn : ""
  architecture   = var.architecture
  cpu            = local.scaler_task.cpu
  memory         = local.scaler_task.memory

  command = local.scaler_command

  documents   = {}
  environment = { AWS_REGION = local.region }

  policies = { scaler = {
    streams  = sort(values(local.stream_a))
    services = [for name in local.scaled : "arn:${data.aws_partition.here.partition}:ecs:${local.region}:${local.account}:service/${module.cluster[0].name}/${var.prefix}-${name}-server"]
  } }
  permissions_boundary = var.iam_permissions_boundary
  key_arn              = module.kms.arn

  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.task_subnet_ids
  assign_public_ip    = module.network.assign_public_ip
  egress_cidrs        = module.network.egress_cidrs
  egress_prefix_lists = module.network.egress_prefix_lists

  logs_enabled           = var.cloudwatch_logs_enabled
  log_retention_days     = var.cloudwatch_logs_retention_days
  enable_execute_command = var.enable_execute_command
}

locals {
  scaler_task = { cpu = 256, memory = 512 }
  scaled      = local.scaler ? sort([for name, role in local.roles : name if role.reads != null]) : []

  scaler_command = concat(
    ["scaler"],
    [for name in sort(keys(local.stream)) : "--stream=${local.stream[name]}=${lookup(var.stream_shards, name, 1)}..${max(var.stream_shards_max, lookup(var.stream_shards, name, 1))}"],
    [for name in local.scaled : "--service=${var.prefix}/${var.prefix}-${name}-server=${local.stream[local.roles[name].reads]}:${local.tasks[name].min}..${local.most[name]}"],
  )
}

locals {
  rpm     = "packages/piste-${var.app_version}.${var.architecture == "ARM64" ? "aarch64" : "x86_64"}.rpm"
  package = var.package == "" ? "s3://${local.bucket_name}/${local.rpm}" : var.package

  from_s3 = startswith(local.package, "s3://")
}

module "machine" {
  source = "../../modules/service-ec2"
  count  = local.ecs ? 0 : 1

  name          = "${var.prefix}-server"
  instance_type = var.architecture == "ARM64" ? local.preset.instance_type : replace(local.preset.instance_type, "t4g", "t3a")
  architecture  = var.architecture == "ARM64" ? "arm64" : "x86_64"
  package       = local.package
  package_arn   = local.from_s3 ? "arn:${data.aws_partition.here.partition}:s3:::${trimprefix(local.package, "s3://")}" : ""
  tls_secret    = var.tls_secret

  # By the instance of the unit piste@, whose options and ports are those of the package.
  roles = {
    for name, role in local.roles : role.file => {
      configuration = role.configuration
      environment   = role.environment
      secrets       = role.secrets
    }
  }

  enrichments = local.enrichments

  secret_arns = distinct(concat(
    [for arn in flatten([for role in local.roles : values(role.secrets)]) : split("|", arn)[0]],
    var.tls_secret == "" ? [] : ["arn:${data.aws_partition.here.partition}:secretsmanager:${local.region}:${local.account}:secret:${var.tls_secret}-*"],
  ))

  policies             = merge([for role in local.roles : role.policies]...)
  permissions_boundary = var.iam_permissions_boundary
  key_arn              = module.kms.arn
  vpc_id               = module.network.vpc_id
  subnet_id            = module.network.public_subnet_ids[0]
  ports                = var.tls_secret == "" ? [80] : [80, 443]
  ip_allowlist         = var.ip_allowlist
  databases            = var.postgres_db_enabled ? { events = module.events_database[0].sg_id } : {}
  keep_data            = var.keep_data
}
