# Databases keep their password to themselves, grow, and are not deleted by accident.

mock_provider "aws" {}

variables {
  identifier = "sp-iglu-rds"
  database   = "iglu"
  username   = "iglu"
  vpc_id     = "vpc-1"
  subnet_ids = ["subnet-1", "subnet-2"]
  clients    = { registry = "sg-1" }
}

run "guarded" {
  command = plan

  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "RDS makes the password"
  }

  assert {
    condition = (
      aws_db_instance.this.multi_az && aws_db_instance.this.storage_encrypted && aws_db_instance.this.deletion_protection &&
      !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.backup_retention_period == 7 && !aws_db_instance.this.publicly_accessible &&
      aws_db_instance.this.storage_type == "gp3" && aws_db_instance.this.max_allocated_storage > aws_db_instance.this.allocated_storage
    )
    error_message = "the database is not guarded"
  }

  assert {
    condition     = contains([for each in aws_db_parameter_group.this.parameter : [each.name, each.value]], ["rds.force_ssl", "1"])
    error_message = "the database speaks without TLS"
  }
}

run "public_needs_addresses" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    publicly_accessible = true
  }

  expect_failures = [aws_db_instance.this]
}

run "refuses_a_user_of_rds" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    username = "postgres"
  }

  expect_failures = [var.username]
}

run "refuses_a_name_with_a_dash" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    database = "my-events"
  }

  expect_failures = [var.database]
}
