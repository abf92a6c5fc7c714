# The alarms as a table: name -> metric, threshold, what it means.

locals {
  defaults = { statistic = "Sum", percentile = null, when = "GreaterThanThreshold", period = 60, periods = 5, missing = "notBreaching", critical = false }

  by_stream = merge([
    for name, stream in var.streams : {
      "${name}-throttled" = merge(local.defaults, {
        says      = "Stream ${stream} refuses records: more shards are needed"
        namespace = "AWS/Kinesis", metric = "WriteProvisionedThroughputExceeded", dimensions = { StreamName = stream }
        threshold = 0
      })
      "${name}-behind" = merge(local.defaults, {
        says      = "A reader of ${stream} is more than five minutes behind"
        namespace = "AWS/Kinesis", metric = "GetRecords.IteratorAgeMilliseconds", dimensions = { StreamName = stream }
        statistic = "Maximum", threshold = 300000
      })
      "${name}-half-lost" = merge(local.defaults, {
        says      = "A reader of ${stream} is behind by half of what the stream keeps: in ${floor(var.retention_hours / 2)} hours records are lost"
        namespace = "AWS/Kinesis", metric = "GetRecords.IteratorAgeMilliseconds", dimensions = { StreamName = stream }
        statistic = "Maximum", threshold = var.retention_hours * 3600 * 1000 / 2, periods = 1, critical = true
      })
    }
  ]...)

  full_streams = var.on_demand ? {} : {
    for name, stream in var.streams : "${name}-full" => merge(local.defaults, {
      says      = "Stream ${stream} takes more than 80 % of what its first shards can; throttling is near unless it was scaled"
      namespace = "AWS/Kinesis", metric = "IncomingBytes", dimensions = { StreamName = stream }
      threshold = lookup(var.shards, name, 1) * 1048576 * 60 * 0.8
    })
  }

  by_balancer = merge([
    for name, edge in var.load_balancers : {
      "${name}-unhealthy-hosts" = merge(local.defaults, {
        says      = "A task of ${name} does not answer its health check"
        namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", dimensions = { LoadBalancer = edge.balancer, TargetGroup = edge.target_group }
        statistic = "Maximum", when = "GreaterThanOrEqualToThreshold", threshold = 1
      })
      "${name}-no-hosts" = merge(local.defaults, {
        says      = "No task of ${name} answers"
        namespace = "AWS/ApplicationELB", metric = "HealthyHostCount", dimensions = { LoadBalancer = edge.balancer, TargetGroup = edge.target_group }
        statistic = "Minimum", when = "LessThanThreshold", threshold = 1, missing = "breaching", critical = true
      })
    }
  ]...)

  slow = {
    for name, edge in var.load_balancers : "${name}-slow" => merge(local.defaults, {
      says       = "One request in a hundred to ${name} takes longer than a second"
      namespace  = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = { LoadBalancer = edge.balancer }
      percentile = "p99", threshold = 1
    })
  }

  quiet = {
    for name, edge in var.load_balancers : "${name}-no-requests" => merge(local.defaults, {
      says      = "Nobody has sent an event for a quarter of an hour"
      namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = { LoadBalancer = edge.balancer }
      when      = "LessThanThreshold", threshold = 1, period = 900, periods = 1, missing = "breaching"
    }) if name == "collector"
  }

  by_service = {
    for role, service in var.services : "${role}-tasks" => merge(local.defaults, {
      says      = "Fewer tasks of ${role} run than should"
      namespace = "ECS/ContainerInsights", metric = "RunningTaskCount", dimensions = { ClusterName = var.cluster, ServiceName = service.name }
      statistic = "Minimum", when = "LessThanThreshold", threshold = service.min, periods = 10, missing = "breaching"
    })
  }

  by_machine = merge([
    for name, id in var.machines : {
      "${name}-broken" = merge(local.defaults, {
        says      = "Machine ${id} does not pass its status checks"
        namespace = "AWS/EC2", metric = "StatusCheckFailed", dimensions = { InstanceId = id }
        statistic = "Maximum", threshold = 0, missing = "breaching", critical = true
      })
      "${name}-busy" = merge(local.defaults, {
        says      = "Machine ${id} uses more than 80 % of its CPU"
        namespace = "AWS/EC2", metric = "CPUUtilization", dimensions = { InstanceId = id }
        statistic = "Average", threshold = 80, period = 300, periods = 3
      })
    }
  ]...)

  by_database = merge([
    for name, server in var.databases : {
      "${name}-database-busy" = merge(local.defaults, {
        says      = "Database ${server} uses more than 80 % of its CPU"
        namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = server }
        statistic = "Average", threshold = 80, period = 300, periods = 3
      })
      "${name}-database-full" = merge(local.defaults, {
        says      = "Database ${server} has less than 2 GB of disk left"
        namespace = "AWS/RDS", metric = "FreeStorageSpace", dimensions = { DBInstanceIdentifier = server }
        statistic = "Minimum", when = "LessThanThreshold", threshold = 2000000000, period = 300, periods = 1, critical = true
      })
      "${name}-database-crowded" = merge(local.defaults, {
        says      = "Database ${server} has more than 60 connections; the smallest servers take about 80"
        namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = server }
        statistic = "Maximum", threshold = 60
      })
    }
  ]...)

  by_table = {
    for table in var.tables : "${table}-throttled" => merge(local.defaults, {
      says      = "Table ${table} refuses: leases may change hands"
      namespace = "AWS/DynamoDB", metric = "WriteThrottleEvents", dimensions = { TableName = table }
      threshold = 0
    })
  }

  by_certificate = {
    for name, arn in var.certificates : "${name}-certificate" => merge(local.defaults, {
      says      = "The certificate of ${name} ends in less than three weeks"
      namespace = "AWS/CertificateManager", metric = "DaysToExpiry", dimensions = { CertificateArn = arn }
      statistic = "Minimum", when = "LessThanThreshold", threshold = 21, period = 86400, periods = 1
    })
  }

  last_resort = {
    bad-2-any = merge(local.defaults, {
      says      = "A loader has met what it cannot load: see stream bad-2"
      namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["bad-2"] }
      threshold = 0, period = 300, periods = 1
    })
  }

  by_log = {
    for name, group in length(var.log_groups) == 0 ? {} : { errors = "" } : name => merge(local.defaults, {
      says      = "A role logs errors: see the log groups ${var.prefix}"
      namespace = local.own, metric = "errors", dimensions = {}
      threshold = 0, period = 300, periods = 1
    })
  }

  plain = merge(
    local.by_stream, local.full_streams, local.by_balancer, local.slow, local.quiet, local.by_log, local.by_service, local.by_machine, local.by_database, local.by_table,
    local.by_certificate, local.last_resort,
  )

  # What is said of several metrics at once. A metric without data counts as 0 where it is filled: when all is lost, what came of
  # it has no data at all.
  several = merge(
    {
      bad-rows = {
        says       = "More than 5 % of what enrich writes are bad rows"
        label      = "bad rows in per cent", threshold = 5, period = 300, periods = 3
        expression = "100 * FILL(bad, 0) / (FILL(bad, 0) + FILL(good, 0))"
        metrics = {
          good = { namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["enriched"] } }
          bad  = { namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["bad-1"] } }
        }
      }
      # Each record of raw becomes one at least: an enriched event or a bad row. One in a hundred may be under way.
      conservation = {
        says       = "Enrich writes less than the collector did, for half an hour: events are late or lost"
        label      = "records of raw that nothing came of, in per cent", threshold = 1, period = 900, periods = 2
        expression = "100 * (raw - FILL(good, 0) - FILL(bad, 0)) / raw"
        metrics = {
          raw  = { namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["raw"] } }
          good = { namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["enriched"] } }
          bad  = { namespace = "AWS/Kinesis", metric = "IncomingRecords", dimensions = { StreamName = var.streams["bad-1"] } }
        }
      }
    },
    {
      for name, edge in var.load_balancers : "${name}-errors" => {
        says       = "More than 0.1 % of requests to ${name} end with a status of 500 or above"
        label      = "errors in per cent", threshold = 0.1, period = 300, periods = 1
        expression = "100 * (FILL(ours, 0) + FILL(balancers, 0)) / requests"
        metrics = {
          ours      = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = { LoadBalancer = edge.balancer } }
          balancers = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = { LoadBalancer = edge.balancer } }
          requests  = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = { LoadBalancer = edge.balancer } }
        }
      }
    },
  )
}
