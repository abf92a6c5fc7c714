# What an idle month costs, from deploy/prices.toml: by what there is, without events.

locals {
  price = { for line in regexall("(?m)^([a-z0-9_]+) = ([0-9.]+)$", file("${path.module}/../../../prices.toml")) : line[0] => tonumber(line[1]) }
  hours = local.price.hours_per_month

  million = var.events_per_month / 1000000

  # Times the kB of an event: GB a month.
  gb = var.events_per_month / 1000000

  task_hour = (
    var.architecture == "ARM64" ? { cpu = local.price.fargate_arm_vcpu_hour, gb = local.price.fargate_arm_gb_hour } :
    { cpu = local.price.fargate_x86_vcpu_hour, gb = local.price.fargate_x86_gb_hour }
  )

  zones          = { small = 2, medium = 3, large = 3 }[local.network_size]
  databases_made = (local.ecs && local.own_registry ? 1 : 0) + (var.postgres_db_enabled ? 1 : 0)
  balancers      = local.ecs ? (local.own_registry && !local.iglu_outside ? 2 : 1) : 0
  running        = concat(values(local.tasks), local.scaler ? [merge(local.scaler_task, { min = 1, max = 1 })] : [])
  tasks_min      = sum(concat([0], [for task in local.running : task.min]))

  costs = {
    streams = (
      var.stream_mode == "ON_DEMAND" ?
      4 * local.hours * local.price.kinesis_on_demand_stream_hour + (3.2 * local.price.kinesis_on_demand_gb_in + 6.4 * local.price.kinesis_on_demand_gb_out) * local.gb :
      sum([for name in ["raw", "enriched", "bad-1", "bad-2"] : lookup(var.stream_shards, name, 1)]) * local.hours * local.price.kinesis_shard_hour + 2 * local.million * local.price.kinesis_put_million
    )
    tasks = sum(concat([0], [
      for task in local.running : task.min * local.hours * (task.cpu / 1024 * local.task_hour.cpu + task.memory / 1024 * local.task_hour.gb)
    ]))
    machine        = local.ecs ? 0 : local.hours * (var.architecture == "ARM64" ? local.price.t4g_small_hour : local.price.t3a_small_hour) + 30 * local.price.ebs_gp3_gb_month
    load_balancers = local.balancers * (local.hours * local.price.load_balancer_hour + 1.2 * local.gb * local.price.load_balancer_unit_hour)
    network = (
      local.network_mode == "nat" ? (var.nat_gateways == "one" ? 1 : local.zones) * local.hours * local.price.nat_hour + 9.6 * local.gb * local.price.nat_gb :
      local.network_mode == "endpoints" ? length(local.endpoints) * local.zones * local.hours * local.price.interface_endpoint_hour + 9.6 * local.gb * local.price.interface_endpoint_gb :
      (local.ecs ? local.tasks_min + local.zones : 1) * local.hours * local.price.public_address_hour
    )
    databases = local.databases_made * (local.preset.database_multi_az ? 2 : 1) * (local.hours * local.price.rds_t4g_micro_hour + 20 * local.price.rds_gp3_gb_month)
    files     = 1.1 * local.gb * local.price.s3_gb_month
    firewall  = local.firewall ? local.price.firewall_month + local.price.firewall_rule_month + local.price.firewall_million * local.million : 0
    rest      = local.price.key_month + 2 * local.price.secret_month + local.price.dashboard_month + length(module.observability.alarm_names) * local.price.alarm_month + (local.ecs ? local.price.metric_month : 0)
  }
}

output "monthly_cost_estimate" {
  description = "USD a month by part, at the prices of deploy/prices.toml for us-east-1: tasks at their least number, and events_per_month events."
  value       = merge({ for part, usd in local.costs : part => floor(usd * 100 + 0.5) / 100 }, { total = floor(sum(values(local.costs)) + 0.5) })
}
