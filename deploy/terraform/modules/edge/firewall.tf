# A limit of requests by address, answered 429: trackers keep what they sent and try again, where a 403 would make them drop it.
# Nothing else is looked at: what trackers send is for the collector to judge.

resource "aws_wafv2_web_acl" "this" {
  count = local.alb && var.waf_rate_limit > 0 ? 1 : 0

  name        = var.name
  description = "At most ${var.waf_rate_limit} requests of an address in five minutes"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit              = var.waf_rate_limit
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = length(aws_wafv2_web_acl.this)

  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
