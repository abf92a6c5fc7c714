# Tables of leases are those of Amazon's consumer library 2.x; with PROVISIONED they scale as the original's do.

mock_provider "aws" {}

variables {
  applications = ["sp-enrich-server", "sp-s3-loader-raw-server"]
}

run "on_demand" {
  command = plan

  module {
    source = "./modules/checkpoints"
  }

  assert {
    condition = alltrue([
      for name, table in aws_dynamodb_table.this :
      table.name == name && table.hash_key == "leaseKey" && table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled
    ])
    error_message = "a table is not as the library wants it, or not guarded"
  }

  assert {
    condition     = length(aws_dynamodb_table.this) == 2 && length(aws_appautoscaling_target.this) == 0
    error_message = "tables on demand have nothing to scale"
  }
}

run "provisioned" {
  command = plan

  module {
    source = "./modules/checkpoints"
  }

  variables {
    billing            = "PROVISIONED"
    write_max_capacity = 7
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 4 && length(aws_appautoscaling_policy.this) == 4
    error_message = "each table scales in two ways"
  }

  assert {
    condition = [for target in aws_appautoscaling_target.this : [target.resource_id, target.max_capacity] if strcontains(target.scalable_dimension, "Write")] == [
      ["table/sp-enrich-server", 7], ["table/sp-s3-loader-raw-server", 7]
    ]
    error_message = "write capacity scales to what was given"
  }

  assert {
    condition     = aws_appautoscaling_policy.this["sp-enrich-server read"].name == "DynamoDBReadCapacityUtilization:table/sp-enrich-server"
    error_message = "policies have the original's names"
  }
}

run "refuses_other_billing" {
  command = plan

  module {
    source = "./modules/checkpoints"
  }

  variables {
    billing = "FREE"
  }

  expect_failures = [var.billing]
}
