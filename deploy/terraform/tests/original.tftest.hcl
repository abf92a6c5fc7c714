# Variable files of the original's two stacks, in their variants `default` and `secure`, as they are. What has no effect is named
# by a check, which a plan shows as a warning.

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

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }

  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.0.0.0/16" }
  }

  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
}

run "registry_stack" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    prefix                         = "sp"
    vpc_id                         = "vpc-0a1b2c3d"
    public_subnet_ids              = ["subnet-00000001", "subnet-00000002"]
    ssh_ip_allowlist               = ["203.0.113.7/32"]
    ssh_public_key                 = "ssh-ed25519 AAAA someone"
    iglu_db_name                   = "iglu"
    iglu_db_username               = "iglu"
    iglu_db_password               = "Hell0-World"
    iglu_super_api_key             = "3a2b4c5d-0000-4000-8000-0123456789ab"
    user_provided_id               = ""
    telemetry_enabled              = true
    ssl_information                = { enabled = false, certificate_arn = "" }
    iam_permissions_boundary       = ""
    tags                           = { team = "data" }
    cloudwatch_logs_enabled        = true
    cloudwatch_logs_retention_days = 7
  }

  assert {
    condition     = toset(local.without_effect) == toset(["ssh_public_key", "ssh_ip_allowlist", "telemetry_enabled", "user_provided_id"])
    error_message = "named: ${jsonencode(local.without_effect)}"
  }


  expect_failures = [check.variables_without_effect]
}

run "pipeline_stack_default" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    prefix                          = "sp"
    vpc_id                          = "vpc-0a1b2c3d"
    public_subnet_ids               = ["subnet-00000001", "subnet-00000002"]
    ssh_ip_allowlist                = ["203.0.113.7/32"]
    ssh_public_key                  = "ssh-ed25519 AAAA someone"
    s3_bucket_deploy                = false
    s3_bucket_name                  = "acme-events"
    s3_bucket_object_prefix         = "pipeline/"
    s3_raw_enabled                  = false
    s3_bad_enabled                  = true
    s3_enriched_enabled             = true
    iglu_server_dns_name            = "http://sp-iglu-lb-1.eu-west-1.elb.amazonaws.com"
    iglu_super_api_key              = "3a2b4c5d-0000-4000-8000-0123456789ab"
    pipeline_kcl_write_max_capacity = 50
    postgres_db_enabled             = true
    postgres_db_name                = "snowplow"
    postgres_db_username            = "snowplow"
    postgres_db_password            = "Hell0-World"
    postgres_db_ip_allowlist        = ["203.0.113.7/32"]
    postgres_db_publicly_accessible = true
    redshift_enabled                = false
    redshift_host                   = ""
    redshift_loader_password        = ""
    snowflake_enabled               = false
    snowflake_streaming_enabled     = false
    databricks_enabled              = false
    user_provided_id                = ""
    telemetry_enabled               = false
    accept_limited_use_license      = true
    ssl_information                 = { enabled = false, certificate_arn = "" }
    iam_permissions_boundary        = ""
    tags                            = {}
    cloudwatch_logs_enabled         = true
    cloudwatch_logs_retention_days  = 7
  }

  assert {
    condition     = toset(local.without_effect) == toset(["ssh_public_key", "ssh_ip_allowlist", "telemetry_enabled", "user_provided_id", "accept_limited_use_license", "redshift_host"])
    error_message = "named: ${jsonencode(local.without_effect)}"
  }

  assert {
    condition     = sort(keys(module.services)) == tolist(["collector", "enrich", "postgres-loader-bad", "postgres-loader-enriched", "s3-loader-bad", "s3-loader-enriched"])
    error_message = "services: ${jsonencode(keys(module.services))}"
  }

  assert {
    condition     = output.bucket == "acme-events" && output.iglu_server_dns_name == "http://sp-iglu-lb-1.eu-west-1.elb.amazonaws.com" && length(module.iglu_database) == 0
    error_message = "the registry and the bucket are those that are there"
  }

  assert {
    condition     = output.postgres_db_id == "sp-pipeline-rds"
    error_message = "its outputs are there"
  }

  assert {
    condition     = module.network.assign_public_ip == true
    error_message = "tasks are where the variant has them"
  }

  expect_failures = [check.variables_without_effect]
}

run "pipeline_stack_secure" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    prefix                          = "sp"
    vpc_id                          = "vpc-0a1b2c3d"
    public_subnet_ids               = ["subnet-00000001", "subnet-00000002"]
    private_subnet_ids              = ["subnet-00000003", "subnet-00000004"]
    ssh_ip_allowlist                = ["203.0.113.7/32"]
    ssh_public_key                  = "ssh-ed25519 AAAA someone"
    s3_bucket_deploy                = false
    s3_bucket_name                  = "acme-events"
    s3_bucket_object_prefix         = "pipeline/"
    s3_raw_enabled                  = false
    s3_bad_enabled                  = true
    s3_enriched_enabled             = true
    iglu_server_dns_name            = "http://sp-iglu-lb-1.eu-west-1.elb.amazonaws.com"
    iglu_super_api_key              = "3a2b4c5d-0000-4000-8000-0123456789ab"
    pipeline_kcl_write_max_capacity = 50
    postgres_db_enabled             = true
    postgres_db_name                = "snowplow"
    postgres_db_username            = "snowplow"
    postgres_db_password            = "Hell0-World"
    postgres_db_ip_allowlist        = ["203.0.113.7/32"]
    redshift_enabled                = false
    redshift_host                   = ""
    redshift_loader_password        = ""
    snowflake_enabled               = false
    snowflake_streaming_enabled     = false
    databricks_enabled              = false
    user_provided_id                = ""
    telemetry_enabled               = false
    accept_limited_use_license      = true
    ssl_information                 = { enabled = false, certificate_arn = "" }
    iam_permissions_boundary        = ""
    tags                            = {}
    cloudwatch_logs_enabled         = true
    cloudwatch_logs_retention_days  = 7
  }

  assert {
    condition     = toset(local.without_effect) == toset(["ssh_public_key", "ssh_ip_allowlist", "telemetry_enabled", "user_provided_id", "accept_limited_use_license", "redshift_host"])
    error_message = "named: ${jsonencode(local.without_effect)}"
  }

  assert {
    condition     = sort(keys(module.services)) == tolist(["collector", "enrich", "postgres-loader-bad", "postgres-loader-enriched", "s3-loader-bad", "s3-loader-enriched"])
    error_message = "services: ${jsonencode(keys(module.services))}"
  }

  assert {
    condition     = output.bucket == "acme-events" && output.iglu_server_dns_name == "http://sp-iglu-lb-1.eu-west-1.elb.amazonaws.com" && length(module.iglu_database) == 0
    error_message = "the registry and the bucket are those that are there"
  }

  assert {
    condition     = output.postgres_db_id == "sp-pipeline-rds"
    error_message = "its outputs are there"
  }

  assert {
    condition     = module.network.assign_public_ip == false
    error_message = "tasks are where the variant has them"
  }

  expect_failures = [check.variables_without_effect]
}
