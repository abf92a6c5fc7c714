# One role of the pipeline on Fargate.

data "aws_region" "here" {}

locals {
  # A change of what a process is told makes a new version of the task, and with it rolls the service.
  told = sha256(jsonencode(var.documents))

  container = {
    name                   = "piste"
    image                  = var.image
    command                = var.command
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    privileged             = false
    stopTimeout            = 60
    environment            = [for name, value in var.environment : { name = name, value = value }]
    portMappings           = var.port == null ? [] : [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    mountPoints            = []
    volumesFrom            = []
    systemControls         = []
    dockerLabels           = { "piste.configuration" = local.told }

    secrets = concat(
      [for name, parameter in aws_ssm_parameter.documents : { name = name, valueFrom = parameter.arn }],
      [for name, arn in var.secrets : { name = name, valueFrom = arn }],
    )

    healthCheck = {
      command     = concat(["CMD", "/piste", "healthcheck"], var.health.url == "" ? [] : ["--url", var.health.url])
      interval    = var.health.interval
      timeout     = 5
      retries     = var.health.retries
      startPeriod = 30
    }

    linuxParameters = {
      initProcessEnabled = false
      capabilities       = { drop = ["ALL"] }
    }

    ulimits = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]

    logConfiguration = var.logs_enabled ? {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this[0].name
        awslogs-region        = data.aws_region.here.name
        awslogs-stream-prefix = "piste"
      }
    } : null
  }
}

resource "aws_cloudwatch_log_group" "this" {
  count = var.logs_enabled ? 1 : 0

  name              = "/piste/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn == "" ? null : var.key_arn
}

resource "aws_ssm_parameter" "documents" {
  for_each = var.documents

  name        = "/${var.name}/${each.key}"
  description = "What ${var.name} is told, in Base64"
  type        = "String"
  tier        = length(base64encode(each.value)) > 4096 ? "Advanced" : "Standard"
  value       = base64encode(each.value)
}

module "task_role" {
  source = "../role"

  name                 = var.name
  trust                = "ecs"
  policies             = var.policies
  permissions_boundary = var.permissions_boundary
}

# One for each service: no role sees what another is told.
module "execution_role" {
  source = "../role"

  name                 = "${var.name}-start"
  trust                = "ecs"
  permissions_boundary = var.permissions_boundary

  policies = {
    execution = {
      repository = var.repository_arn
      log_group  = var.logs_enabled ? "${aws_cloudwatch_log_group.this[0].arn}:*" : ""
      parameters = [for parameter in aws_ssm_parameter.documents : parameter.arn]
      secrets    = length(var.secret_arns) == 0 ? [""] : var.secret_arns
      key        = var.key_arn
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = module.task_role.arn
  execution_role_arn       = module.execution_role.arn
  skip_destroy             = false
  container_definitions    = jsonencode([{ for name, value in local.container : name => value if value != null }])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }
}

resource "aws_ecs_service" "this" {
  name                   = var.name
  cluster                = var.cluster.arn
  task_definition        = aws_ecs_task_definition.this.arn
  desired_count          = var.min
  launch_type            = "FARGATE"
  enable_execute_command = var.enable_execute_command
  propagate_tags         = "SERVICE"

  # A new task runs before an old one is asked to end; what does not come up is taken back.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = var.port == null ? null : 30

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = var.assign_public_ip
  }

  dynamic "load_balancer" {
    for_each = var.port == null ? [] : [var.port]

    content {
      target_group_arn = var.target_group_arn
      container_name   = "piste"
      container_port   = load_balancer.value
    }
  }

  lifecycle {
    # The number of tasks is that of the scaling below.
    ignore_changes = [desired_count]
  }
}
