# Load balancers: what trackers send is never redirected, checks want 200, and TLS needs a certificate.

mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/lb/0123456789abcdef" }
  }
}

variables {
  name       = "sp-collector-lb"
  vpc_id     = "vpc-1"
  vpc_cidr   = "10.20.0.0/25"
  subnet_ids = ["subnet-1", "subnet-2"]
  routes     = { collector = { port = 8080, health_path = "/health" } }
}

run "plain" {
  command = plan

  module {
    source = "./modules/edge"
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && length(aws_lb_listener.https) == 0
    error_message = "port 80 forwards"
  }

  assert {
    condition = (
      aws_lb_target_group.this["collector"].target_type == "ip" && aws_lb_target_group.this["collector"].health_check[0].matcher == "200" &&
      aws_lb_target_group.this["collector"].health_check[0].interval == 10 && tonumber(aws_lb_target_group.this["collector"].deregistration_delay) == 30
    )
    error_message = "a redirecting target is no healthy one, and a stopping one is given 30 s"
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.clients) == ["0.0.0.0/0 80"] && keys(aws_vpc_security_group_egress_rule.targets) == ["8080"]
    error_message = "open: ${jsonencode(keys(aws_vpc_security_group_ingress_rule.clients))}"
  }
}

run "tls_with_a_registry_by_host" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    routes = {
      collector = { port = 8080, health_path = "/health" }
      iglu      = { port = 8080, health_path = "/api/meta/health", hosts = ["iglu.acme.com"], redirect = true }
    }
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && aws_lb_listener_rule.http[0].action[0].type == "redirect"
    error_message = "on port 80 the registry redirects, and the collector, whose POST would become a GET, forwards"
  }

  assert {
    condition     = startswith(aws_lb_listener.https[0].ssl_policy, "ELBSecurityPolicy-TLS13-1-2") && aws_lb_listener_rule.https[0].action[0].type == "forward"
    error_message = "TLS 1.2 and 1.3"
  }
}

run "fixed_addresses" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    kind = "nlb"
  }

  assert {
    condition     = length(aws_eip.this) == 2 && aws_lb.this.load_balancer_type == "network" && aws_lb_target_group.this["collector"].preserve_client_ip == "true"
    error_message = "an nlb has an address in each zone, and keeps that of the client"
  }
}

run "a_certificate_is_made" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    domain_names    = ["c.acme.com"]
    route53_zone_id = "Z1"
  }

  assert {
    condition     = aws_acm_certificate.this[0].domain_name == "c.acme.com" && keys(aws_route53_record.alias) == ["c.acme.com"] && output.url == "https://c.acme.com"
    error_message = "a name has a certificate and a record"
  }
}

run "refuses_names_without_a_certificate" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    domain_names = ["c.acme.com"]
  }

  expect_failures = [aws_lb.this]
}

run "refuses_what_is_no_certificate_and_no_network" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    certificate_arn = "my certificate"
    ip_allowlist    = ["office"]
    kind            = "clb"
  }

  expect_failures = [var.certificate_arn, var.ip_allowlist, var.kind]
}

run "firewall" {
  command = plan

  module {
    source = "./modules/edge"
  }

  variables {
    waf_rate_limit = 2000
  }

  assert {
    condition     = one(aws_wafv2_web_acl.this[0].rule).action[0].block[0].custom_response[0].response_code == 429 && length(aws_wafv2_web_acl_association.this) == 1
    error_message = "what is refused must be sent again"
  }
}
