# Ports 80 and 443.

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = local.protocol

  default_action {
    type             = local.https && local.alb && var.routes[local.default].redirect ? "redirect" : "forward"
    target_group_arn = local.https && local.alb && var.routes[local.default].redirect ? null : aws_lb_target_group.this[local.default].arn

    dynamic "redirect" {
      for_each = local.https && local.alb && var.routes[local.default].redirect ? [443] : []

      content {
        port        = "443"
        protocol    = "HTTPS"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = local.alb ? "HTTPS" : "TLS"
  ssl_policy        = var.ssl_policy
  certificate_arn   = var.certificate_arn == "" ? aws_acm_certificate_validation.this[0].certificate_arn : var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[local.default].arn
  }
}

resource "aws_lb_listener_rule" "http" {
  count = length(local.by_host)

  listener_arn = aws_lb_listener.http.arn
  priority     = 10 + count.index

  action {
    type             = local.https && var.routes[local.by_host[count.index]].redirect ? "redirect" : "forward"
    target_group_arn = local.https && var.routes[local.by_host[count.index]].redirect ? null : aws_lb_target_group.this[local.by_host[count.index]].arn

    dynamic "redirect" {
      for_each = local.https && var.routes[local.by_host[count.index]].redirect ? [443] : []

      content {
        port        = "443"
        protocol    = "HTTPS"
        status_code = "HTTP_301"
      }
    }
  }

  condition {
    host_header {
      values = var.routes[local.by_host[count.index]].hosts
    }
  }
}

resource "aws_lb_listener_rule" "https" {
  count = local.https ? length(local.by_host) : 0

  listener_arn = aws_lb_listener.https[0].arn
  priority     = 10 + count.index

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[local.by_host[count.index]].arn
  }

  condition {
    host_header {
      values = var.routes[local.by_host[count.index]].hosts
    }
  }
}
