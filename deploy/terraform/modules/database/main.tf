# A PostgreSQL server on RDS, for the registry or for events.

locals {
  key = var.key_arn == "" ? null : var.key_arn
}

resource "aws_db_subnet_group" "this" {
  name       = var.identifier
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = var.identifier
  description = "PostgreSQL of ${var.identifier}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.clients

  security_group_id            = aws_security_group.this.id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = each.value
}

resource "aws_vpc_security_group_ingress_rule" "addresses" {
  for_each = toset(var.ip_allowlist)

  security_group_id = aws_security_group.this.id
  description       = "Allowed by postgres_db_ip_allowlist"
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_ipv4         = each.value
}

resource "aws_db_parameter_group" "this" {
  name   = var.identifier
  family = "postgres${var.engine_version}"

  parameter {
    name  = "rds.force_ssl"
    value = var.force_ssl ? "1" : "0"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "5000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier = var.identifier

  engine                      = "postgres"
  engine_version              = var.engine_version
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  parameter_group_name        = aws_db_parameter_group.this.name
  ca_cert_identifier          = "rds-ca-rsa2048-g1"

  instance_class        = var.instance_class
  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.max_storage_gb
  storage_encrypted     = true
  kms_key_id            = local.key

  db_name                       = var.database
  username                      = var.username
  manage_master_user_password   = var.given_password ? null : true
  master_user_secret_kms_key_id = var.given_password ? null : local.key
  password_wo                   = var.given_password ? var.password : null
  password_wo_version           = var.given_password ? 1 : null

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = var.publicly_accessible
  multi_az               = var.multi_az
  port                   = 5432

  backup_retention_period         = var.backup_days
  copy_tags_to_snapshot           = true
  delete_automated_backups        = !var.keep_data
  deletion_protection             = var.keep_data
  skip_final_snapshot             = !var.keep_data
  final_snapshot_identifier       = var.keep_data ? "${var.identifier}-final" : null
  apply_immediately               = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  lifecycle {
    precondition {
      condition     = !var.publicly_accessible || length(var.ip_allowlist) > 0
      error_message = "A publicly accessible database needs addresses that may connect: set postgres_db_ip_allowlist."
    }
  }
}

# A given password lies in Secrets Manager in the shape of those that RDS makes, so that its readers need not know.
resource "aws_secretsmanager_secret" "given" {
  count = var.given_password ? 1 : 0

  name                    = var.identifier
  description             = "User and password of ${var.identifier}"
  kms_key_id              = local.key
  recovery_window_in_days = var.keep_data ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "given" {
  count = var.given_password ? 1 : 0

  secret_id                = aws_secretsmanager_secret.given[0].id
  secret_string_wo         = jsonencode({ username = var.username, password = var.password })
  secret_string_wo_version = 1
}
