# A service of ECS: bounded in what it may do, told without secrets, taken back when it does not come up.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/sp" }
  }

  mock_resource "aws_ssm_parameter" {
    defaults = { arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/sp" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:sp" }
  }

  mock_resource "aws_appautoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1:resource/ecs/service/sp:policyName/sp" }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/sp:1" }
  }
}

variables {
  name         = "sp-enrich-server"
  cluster      = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/sp", name = "sp" }
  image        = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sp:0.1.0"
  command      = ["enrich"]
  documents    = { PISTE_CONFIG_B64 = "input.streamName = raw" }
  secrets      = { IGLU_API_KEY = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key" }
  secret_arns  = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:key"]
  policies     = { enrich = { stream_in = "arn:raw" } }
  vpc_id       = "vpc-1"
  subnet_ids   = ["subnet-1", "subnet-2"]
  egress_cidrs = ["0.0.0.0/0"]
  min          = 1
  max          = 3
  scaling      = { kind = "lag", stream = "sp-raw-stream" }
}

run "bounded" {
  command = apply

  module {
    source = "./modules/service-ecs"
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      container.readonlyRootFilesystem && container.user == "65532:65532" && container.linuxParameters.capabilities.drop == ["ALL"] &&
      container.stopTimeout == 60 && container.healthCheck.command == ["CMD", "/piste", "healthcheck"]
    ])
    error_message = "a task may do too much: ${aws_ecs_task_definition.this.container_definitions}"
  }

  assert {
    condition     = sort([for secret in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : secret.name]) == tolist(["IGLU_API_KEY", "PISTE_CONFIG_B64"])
    error_message = "what a task is told comes from Systems Manager and Secrets Manager"
  }

  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].rollback && aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && !aws_ecs_service.this.enable_execute_command
    error_message = "a version that does not come up is not taken back"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.clients) == 0 && keys(aws_vpc_security_group_egress_rule.tls) == ["0.0.0.0/0"]
    error_message = "nobody connects to a consumer"
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.lag : name => [alarm.threshold, alarm.dimensions.StreamName] } == {
      behind = [60000, "sp-raw-stream"], far-behind = [300000, "sp-raw-stream"]
    } && length(aws_appautoscaling_policy.cpu) == 0 && aws_appautoscaling_target.this[0].max_capacity == 3
    error_message = "a consumer scales by lag alone"
  }
}

run "load" {
  command = apply

  module {
    source = "./modules/service-ecs"
  }

  variables {
    port             = 8080
    clients          = { load-balancer = "sg-1" }
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/sp/0123456789abcdef"
    scaling          = { kind = "load" }
    health           = { url = "http://127.0.0.1:8080/api/meta/health/db", interval = 30, retries = 10 }
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command == ["CMD", "/piste", "healthcheck", "--url", "http://127.0.0.1:8080/api/meta/health/db"]
    error_message = "a task is asked for what it is told to be asked for"
  }

  assert {
    condition     = length(aws_appautoscaling_policy.cpu) == 1 && length(aws_appautoscaling_policy.requests) == 0 && length(aws_cloudwatch_metric_alarm.lag) == 0
    error_message = "where no requests are counted, load is CPU"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.clients["load-balancer"].referenced_security_group_id == "sg-1"
    error_message = "only the load balancer connects"
  }
}

run "refuses" {
  command = plan

  module {
    source = "./modules/service-ecs"
  }

  variables {
    image        = "piste"
    architecture = "RISC-V"
    scaling      = { kind = "mood" }
    health       = { interval = 1 }
  }

  expect_failures = [var.image, var.architecture, var.scaling, var.health]
}
