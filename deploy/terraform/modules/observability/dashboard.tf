# The dashboard: traffic, funnel, lag, latency, resources, a row each.

locals {
  names  = sort(keys(var.streams))
  fronts = sort(keys(var.load_balancers))

  # Title -> lines of it; a row is what has the same first number.
  charts = concat(
    length(local.fronts) == 0 ? [] : [
      { row = 0, title = "Requests", stat = "Sum", lines = [for name in local.fronts : ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancers[name].balancer, { label = name }]] },
      { row = 0, title = "Errors of targets", stat = "Sum", lines = [for name in local.fronts : ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancers[name].balancer, { label = name }]] },
      { row = 3, title = "Time to answer, p99", stat = "p99", lines = [for name in local.fronts : ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancers[name].balancer, { label = name }]] },
    ],
    [
      { row = 1, title = "Funnel: records into each stream", stat = "Sum", lines = [for name in local.names : ["AWS/Kinesis", "IncomingRecords", "StreamName", var.streams[name], { label = name }]] },
      { row = 1, title = "Bytes into each stream", stat = "Sum", lines = [for name in local.names : ["AWS/Kinesis", "IncomingBytes", "StreamName", var.streams[name], { label = name }]] },
      { row = 2, title = "Lag of the last reader", stat = "Maximum", lines = [for name in local.names : ["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", var.streams[name], { label = name }]] },
      { row = 2, title = "Throttled writes", stat = "Sum", lines = [for name in local.names : ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", var.streams[name], { label = name }]] },
    ],
    length(var.services) == 0 ? [] : [
      { row = 4, title = "CPU of services", stat = "Average", lines = [for role in sort(keys(var.services)) : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster, "ServiceName", var.services[role].name, { label = role }]] },
      { row = 4, title = "Memory of services", stat = "Average", lines = [for role in sort(keys(var.services)) : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster, "ServiceName", var.services[role].name, { label = role }]] },
    ],
    length(var.machines) == 0 ? [] : [
      { row = 4, title = "CPU of machines", stat = "Average", lines = [for name in sort(keys(var.machines)) : ["AWS/EC2", "CPUUtilization", "InstanceId", var.machines[name], { label = name }]] },
    ],
    length(var.databases) == 0 ? [] : [
      { row = 5, title = "CPU of databases", stat = "Average", lines = [for name in sort(keys(var.databases)) : ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.databases[name], { label = name }]] },
      { row = 5, title = "Connections of databases", stat = "Maximum", lines = [for name in sort(keys(var.databases)) : ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.databases[name], { label = name }]] },
    ],
    length(var.tables) == 0 ? [] : [
      { row = 6, title = "Writes of leases", stat = "Sum", lines = [for table in sort(var.tables) : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", table]] },
    ],
  )

  widgets = [
    for i, chart in local.charts : {
      type   = "metric"
      x      = 12 * index([for other in local.charts : other.title if other.row == chart.row], chart.title)
      y      = 6 * chart.row
      width  = 12
      height = 6
      properties = {
        title   = chart.title
        region  = data.aws_region.here.name
        view    = "timeSeries"
        period  = 60
        stat    = chart.stat
        metrics = chart.lines
      }
    }
  ]
}
