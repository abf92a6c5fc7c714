# A load balancer in front of the collector or the registry.

locals {
  alb      = var.kind == "alb"
  https    = var.certificate_arn != "" || length(var.domain_names) > 0
  protocol = local.alb ? "HTTP" : "TCP"
  default  = one([for name, route in var.routes : name if length(route.hosts) == 0])
  by_host  = [for name, route in var.routes : name if length(route.hosts) > 0]
  ports    = local.https ? [80, 443] : [80]

  allowed = {
    for pair in setproduct(var.ip_allowlist, local.ports) : "${pair[0]} ${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Load balancer ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = local.allowed

  security_group_id = aws_security_group.this.id
  description       = "Allowed by ip_allowlist"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
}

resource "aws_vpc_security_group_egress_rule" "targets" {
  for_each = toset([for route in values(var.routes) : tostring(route.port)])

  security_group_id = aws_security_group.this.id
  description       = "Targets"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  cidr_ipv4         = var.vpc_cidr
}

resource "aws_eip" "this" {
  count = !local.alb && !var.internal ? var.subnet_count : 0

  domain = "vpc"
  tags   = { Name = "${var.name}-${count.index + 1}" }
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = local.alb ? "application" : "network"
  internal           = var.internal
  security_groups    = [aws_security_group.this.id]
  subnets            = length(aws_eip.this) > 0 ? null : var.subnet_ids

  idle_timeout                     = local.alb ? var.idle_timeout : null
  drop_invalid_header_fields       = local.alb ? true : null
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.keep_data

  dynamic "subnet_mapping" {
    for_each = aws_eip.this

    content {
      subnet_id     = var.subnet_ids[subnet_mapping.key]
      allocation_id = subnet_mapping.value.id
    }
  }

  dynamic "access_logs" {
    for_each = var.access_logs_enabled ? [var.access_logs_bucket] : []

    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.domain_names) == 0 || var.route53_zone_id != "" || var.certificate_arn != ""
      error_message = "For domain_names a certificate is needed: set route53_zone_id, and one is made, or ssl_information.certificate_arn."
    }

    precondition {
      condition     = local.alb || var.waf_rate_limit == 0
      error_message = "A firewall stands before an alb alone: edge = \"nlb\" and waf_rate_limit exclude each other."
    }

    precondition {
      condition     = local.alb || length(var.routes) == 1
      error_message = "An nlb has one route: edge = \"nlb\" and a registry on the same load balancer exclude each other."
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = var.routes

  name_prefix          = "http-"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  port                 = each.value.port
  protocol             = local.protocol
  deregistration_delay = 30

  # Else every event would come from the load balancer, and enrichments by address would be for nothing.
  preserve_client_ip = local.alb ? null : "true"

  health_check {
    protocol            = "HTTP"
    path                = each.value.health_path
    matcher             = "200"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = { Name = "${var.name}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }
}
