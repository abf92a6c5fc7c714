output "topic_arn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "All alarms."
  value = concat(
    [for alarm in aws_cloudwatch_metric_alarm.plain : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.several : alarm.alarm_name],
    [aws_cloudwatch_composite_alarm.unhealthy.alarm_name],
  )
}
