# How many tasks there are: by load for what clients connect to, by lag for what reads a stream. Never by CPU for the latter: a
# consumer that is throttled, or whose database is slow, is behind and idle at once.

locals {
  scaled = var.max > var.min && var.scaling.kind != "none" ? 1 : 0
  load   = var.scaling.kind == "load" ? local.scaled : 0
  lag    = var.scaling.kind == "lag" ? local.scaled : 0

  # Milliseconds behind, for so many minutes -> what happens.
  steps = {
    behind     = { above = 60000, minutes = 3, adjustment = "ChangeInCapacity", by = 1 }
    far-behind = { above = 300000, minutes = 3, adjustment = "PercentChangeInCapacity", by = 100 }
  }
}

resource "aws_appautoscaling_target" "this" {
  count = local.scaled

  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min
  max_capacity       = var.max
}

resource "aws_appautoscaling_policy" "cpu" {
  count = local.load

  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.cpu_percent
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "requests" {
  count = var.scaling.requests ? local.load : 0

  name               = "${var.name}-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.requests_per_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = var.scaling.resource_label
    }
  }
}

resource "aws_appautoscaling_policy" "lag" {
  for_each = local.lag == 1 ? local.steps : {}

  name               = "${var.name}-${each.key}"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type          = each.value.adjustment
    cooldown                 = 300
    metric_aggregation_type  = "Maximum"
    min_adjustment_magnitude = each.value.adjustment == "PercentChangeInCapacity" ? 1 : null

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = each.value.by
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each = local.lag == 1 ? local.steps : {}

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "The oldest record that ${var.name} has not read is older than ${each.value.above / 1000} s: more tasks"
  namespace           = "AWS/Kinesis"
  metric_name         = "GetRecords.IteratorAgeMilliseconds"
  dimensions          = { StreamName = var.scaling.stream }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.lag[each.key].arn]
}

resource "aws_appautoscaling_policy" "caught_up" {
  count = local.lag

  name               = "${var.name}-caught-up"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 600
    metric_aggregation_type = "Maximum"

    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = -1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "caught_up" {
  count = local.lag

  alarm_name          = "${var.name}-caught-up"
  alarm_description   = "${var.name} has been less than 5 s behind for half an hour: fewer tasks"
  namespace           = "AWS/Kinesis"
  metric_name         = "GetRecords.IteratorAgeMilliseconds"
  dimensions          = { StreamName = var.scaling.stream }
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 5000
  period              = 60
  evaluation_periods  = 30
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.caught_up[0].arn]
}
