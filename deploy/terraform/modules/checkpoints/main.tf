# Tables of leases and checkpoints, one for each consumer: those of Amazon's consumer library 2.x.

locals {
  provisioned = var.billing == "PROVISIONED" ? var.applications : toset([])

  # The two dimensions of a table that scale.
  capacities = merge([
    for table in local.provisioned : {
      "${table} read"  = { table = table, kind = "Read", max = var.read_max_capacity }
      "${table} write" = { table = table, kind = "Write", max = var.write_max_capacity }
    }
  ]...)
}

resource "aws_dynamodb_table" "this" {
  for_each = var.applications

  name                        = each.key
  hash_key                    = "leaseKey"
  billing_mode                = var.billing
  read_capacity               = var.billing == "PROVISIONED" ? 1 : null
  write_capacity              = var.billing == "PROVISIONED" ? 1 : null
  deletion_protection_enabled = var.keep_data

  attribute {
    name = "leaseKey"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn == "" ? null : var.key_arn
  }

  lifecycle {
    ignore_changes = [read_capacity, write_capacity]
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.capacities

  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.this[each.value.table].name}"
  scalable_dimension = "dynamodb:table:${each.value.kind}CapacityUnits"
  min_capacity       = 1
  max_capacity       = each.value.max
}

resource "aws_appautoscaling_policy" "this" {
  for_each = local.capacities

  name               = "DynamoDB${each.value.kind}CapacityUtilization:table/${each.value.table}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 85
    scale_in_cooldown  = 300
    scale_out_cooldown = 30

    predefined_metric_specification {
      predefined_metric_type = "DynamoDB${each.value.kind}CapacityUtilization"
    }
  }
}
