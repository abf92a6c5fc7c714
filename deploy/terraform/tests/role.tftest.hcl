# Roles hold what their template says about what they are given, and nothing about what they are not.

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
}

variables {
  name  = "sp-collector-server"
  trust = "ecs"
}

run "only_what_is_given" {
  command = plan

  module {
    source = "./modules/role"
  }

  variables {
    policies = { collector = { stream_good = "arn:raw", stream_bad = "arn:bad" } }
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["collector"].policy).Statement : [statement.Sid, statement.Resource]] == [["WriteStreams", ["arn:raw", "arn:bad"]]]
    error_message = "granted: ${aws_iam_role_policy.this["collector"].policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "tasks of other accounts may become it"
  }
}

run "lists_and_labels" {
  command = plan

  module {
    source = "./modules/role"
  }

  variables {
    policies = {
      "raw/s3-loader" = { stream_in = "arn:raw", stream_bad = "arn:bad", table = "arn:table", objects = "arn:bucket/raw/*", key = "arn:key" }
      execution       = { secrets = ["arn:one", "arn:two"], log_group = "arn:group:*" }
    }
  }

  assert {
    condition     = aws_iam_role_policy.this["raw/s3-loader"].name == "raw-s3-loader"
    error_message = "a label becomes part of the name"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this["execution"].policy).Statement : statement.Resource if statement.Sid == "Secrets"]) == ["arn:one", "arn:two"]
    error_message = "granted: ${aws_iam_role_policy.this["execution"].policy}"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["raw/s3-loader"].policy).Statement : statement.Sid] == ["Read", "Write", "Lease", "Put", "KeyRead", "KeyWrite", "KeyPut", "KeyLease"]
    error_message = "granted: ${aws_iam_role_policy.this["raw/s3-loader"].policy}"
  }
}

run "nothing_at_all" {
  command = plan

  module {
    source = "./modules/role"
  }

  variables {
    policies = { iglu-server = {} }
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "the registry needs no rights"
  }
}
