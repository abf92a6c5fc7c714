# Alarms and a dashboard.

module "observability" {
  source = "../../modules/observability"

  prefix          = var.prefix
  emails          = var.alarm_emails
  key_arn         = module.kms.arn
  streams         = local.stream
  shards          = var.stream_shards
  on_demand       = var.stream_mode == "ON_DEMAND"
  retention_hours = var.stream_retention_hours
  tables          = local.consumers
  cluster         = local.ecs ? module.cluster[0].name : ""
  machines        = local.ecs ? {} : { server = module.machine[0].instance_id }

  services = merge(
    { for name, task in local.tasks : name => { name = module.services[name].service_name, min = task.min } },
    { for scaler in module.scaler : "scaler" => { name = scaler.service_name, min = 1 } },
  )

  log_groups = var.cloudwatch_logs_enabled ? merge(
    { for name, task in local.tasks : name => module.services[name].log_group },
    { for scaler in module.scaler : "scaler" => scaler.log_group },
  ) : {}

  load_balancers = {
    for name, front in local.fronts : name => {
      balancer = front.edge.arn_suffix, target_group = front.edge.target_groups[front.route].arn_suffix
    } if var.edge == "alb" || name != "collector"
  }

  databases = merge(
    local.ecs && local.own_registry ? { iglu = module.iglu_database[0].id } : {},
    var.postgres_db_enabled ? { events = module.events_database[0].id } : {},
  )

  certificates = local.ecs && var.ssl_information.enabled ? { collector = local.certificate } : {}
}
