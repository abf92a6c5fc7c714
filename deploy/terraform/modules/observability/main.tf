# One topic, alarms that send to it, and a dashboard. Every metric here is one that AWS itself publishes, or counts in the logs;
# what the processes say of themselves is in Prometheus' format at their port 8000.

data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

resource "aws_sns_topic" "alarms" {
  name              = "${var.prefix}-alarms"
  kms_master_key_id = var.key_arn == "" ? null : var.key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = templatefile("${path.module}/../../iam/resource/topic.json", {
    topic   = aws_sns_topic.alarms.arn
    account = data.aws_caller_identity.here.account_id
  })
}

resource "aws_sns_topic_subscription" "emails" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

# Errors of all roles, as one metric.
locals {
  own = "piste/${var.prefix}"
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = var.log_groups

  name           = "errors"
  log_group_name = each.value
  pattern        = "{ $.level = \"ERROR\" }"

  metric_transformation {
    namespace = local.own
    name      = "errors"
    value     = "1"
  }
}

# What RDS tells: a server went over to its other zone, or is in trouble.
resource "aws_db_event_subscription" "databases" {
  for_each = var.databases

  name             = "${var.prefix}-${each.key}-database"
  sns_topic        = aws_sns_topic.alarms.arn
  source_type      = "db-instance"
  source_ids       = [each.value]
  event_categories = ["failover", "failure", "low storage", "recovery"]
}

resource "aws_cloudwatch_metric_alarm" "plain" {
  for_each = local.plain

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.percentile == null ? each.value.statistic : null
  extended_statistic  = each.value.percentile
  comparison_operator = each.value.when
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "several" {
  for_each = local.several

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.says
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "found"
    expression  = each.value.expression
    label       = each.value.label
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = each.value.period
      }
    }
  }
}

moved {
  from = aws_cloudwatch_metric_alarm.ratio
  to   = aws_cloudwatch_metric_alarm.several
}

# What somebody has to get up for.
resource "aws_cloudwatch_composite_alarm" "unhealthy" {
  alarm_name        = "${var.prefix}-pipeline-unhealthy"
  alarm_description = "Events are being refused, or will be lost unless somebody acts"
  alarm_actions     = [aws_sns_topic.alarms.arn]
  ok_actions        = [aws_sns_topic.alarms.arn]

  alarm_rule = join(" OR ", [
    for name in sort([for name, alarm in local.plain : name if alarm.critical]) :
    "ALARM(\"${aws_cloudwatch_metric_alarm.plain[name].alarm_name}\")"
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({ widgets = local.widgets })
}
