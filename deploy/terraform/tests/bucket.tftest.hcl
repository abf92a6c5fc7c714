# The bucket is closed to others, encrypted, and its old objects become cheap and then go.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name = "sp-files"
}

run "closed_and_tidy" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    lifecycles = {
      raw = { prefix = "raw/", classes = { GLACIER_IR = 30, DEEP_ARCHIVE = 180 }, expire = 730 }
    }
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this[0].block_public_acls && aws_s3_bucket_public_access_block.this[0].block_public_policy &&
      aws_s3_bucket_public_access_block.this[0].ignore_public_acls && aws_s3_bucket_public_access_block.this[0].restrict_public_buckets
    )
    error_message = "the bucket could be opened to others"
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[0].Resource == ["arn:aws:s3:::sp-files", "arn:aws:s3:::sp-files/*"]
    error_message = "the bucket answers without TLS"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : { for step in rule.transition : step.storage_class => step.days } if rule.id == "raw"]) == { GLACIER_IR = 30, DEEP_ARCHIVE = 180 }
    error_message = "old raw files do not become cheap"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.expiration[0].days if rule.id == "raw"]) == 730
    error_message = "old raw files do not go"
  }

  assert {
    condition     = !aws_s3_bucket.this[0].force_destroy && aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Enabled"
    error_message = "objects can be lost"
  }
}

run "one_that_is_there" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    deploy = false
  }

  assert {
    condition     = length(aws_s3_bucket.this) + length(aws_s3_bucket_policy.this) + length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "a bucket that is there stays as it is"
  }

  assert {
    condition     = output.arn == "arn:aws:s3:::sp-files"
    error_message = "its ARN is known all the same"
  }
}
