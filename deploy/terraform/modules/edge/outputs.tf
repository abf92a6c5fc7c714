output "dns_name" {
  description = "Host name of the load balancer."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Hosted zone of that name, for alias records."
  value       = aws_lb.this.zone_id
}

output "arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The part of its ARN that CloudWatch knows it by."
  value       = aws_lb.this.arn_suffix
}

output "sg_id" {
  description = "Its security group."
  value       = aws_security_group.this.id
}

output "target_groups" {
  description = "Route -> id, arn, arn_suffix and port of its target group; whoever joins one waits for the listeners."
  value = {
    for name, group in aws_lb_target_group.this : name => {
      id = group.id, arn = group.arn, arn_suffix = group.arn_suffix, port = group.port
    }
  }
  depends_on = [aws_lb_listener.http, aws_lb_listener.https, aws_lb_listener_rule.http, aws_lb_listener_rule.https]
}

output "listener_http_arn" {
  description = "ARN of the listener of port 80."
  value       = aws_lb_listener.http.arn
}

output "listener_https_arn" {
  description = "ARN of the listener of port 443; empty: none."
  value       = local.https ? aws_lb_listener.https[0].arn : ""
}

output "ips" {
  description = "Fixed addresses, with an nlb alone."
  value       = aws_eip.this[*].public_ip
}

output "url" {
  description = "Where it is reached."
  value       = "${local.https ? "https" : "http"}://${length(var.domain_names) > 0 ? var.domain_names[0] : aws_lb.this.dns_name}"
}
