# The environments without any input, and what they refuse, each with one sentence.

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

run "small_needs_no_input" {
  command = plan

  module {
    source = "./environments/small"
  }

  assert {
    condition     = sort(keys(module.services)) == tolist(["collector", "enrich", "iglu", "s3-loader-bad", "s3-loader-enriched", "s3-loader-raw"])
    error_message = "services: ${jsonencode(keys(module.services))}"
  }

  assert {
    condition     = length(module.machine) == 0 && length(module.iglu_database) == 1 && length(module.events_database) == 0 && length(module.images) == 1
    error_message = "small has a registry on RDS and no machine"
  }

  assert {
    condition     = local.most == { collector = 6, enrich = 3, iglu = 3, s3-loader-bad = 2, s3-loader-enriched = 2, s3-loader-raw = 2 }
    error_message = "the scaler looks after readers: ${jsonencode(local.most)}"
  }

  assert {
    condition = local.scaler_command == [
      "scaler", "--stream=piste-bad-1-stream=1..16", "--stream=piste-bad-2-stream=1..16", "--stream=piste-enriched-stream=1..16", "--stream=piste-raw-stream=1..16",
      "--service=piste/piste-enrich-server=piste-raw-stream:2..3", "--service=piste/piste-s3-loader-bad-server=piste-bad-1-stream:1..2",
      "--service=piste/piste-s3-loader-enriched-server=piste-enriched-stream:1..2", "--service=piste/piste-s3-loader-raw-server=piste-raw-stream:1..2",
    ]
    error_message = "scaler: ${jsonencode(local.scaler_command)}"
  }

  assert {
    condition     = output.bucket == "piste-123456789012-eu-west-1"
    error_message = "bucket: ${output.bucket}"
  }

  assert {
    condition     = output.monthly_cost_estimate.total == 230
    error_message = "an idle month costs ${jsonencode(output.monthly_cost_estimate)}"
  }
}

run "solo_needs_no_input" {
  command = plan

  module {
    source = "./environments/solo"
  }

  assert {
    condition     = length(module.services) == 0 && length(module.machine) == 1 && length(module.iglu_database) == 0 && length(module.collector_edge) == 0
    error_message = "solo is one machine"
  }

  assert {
    condition     = output.package == "s3://piste-123456789012-eu-west-1/packages/piste-0.1.0.aarch64.rpm"
    error_message = "package: ${output.package}"
  }

  assert {
    condition     = strcontains(local.roles["iglu"].configuration, "type = sqlite") && startswith(local.roles["collector"].environment.PISTE_OPTIONS, "-Dcollector.port=80")
    error_message = "the registry is in a file, and the collector at port 80"
  }

  assert {
    condition     = output.monthly_cost_estimate.total == 70
    error_message = "an idle month costs ${jsonencode(output.monthly_cost_estimate)}"
  }
}

run "postgres_and_failed_events" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    postgres_db_enabled   = true
    failed_events_enabled = true
    stream_shards         = { raw = 3 }
    edge                  = "nlb"
    scaler_enabled        = false
  }

  assert {
    condition     = contains(keys(module.services), "postgres-loader-bad") && local.rows["bad"].in == "bad-1" && local.rows["bad"].bad == "bad-2"
    error_message = "a loader of bad-1 does not feed bad-1"
  }

  assert {
    condition     = strcontains(local.roles["enrich"].configuration, "failed.streamName = \"piste-failed-stream\"") && local.most["enrich"] == 3 && local.most["s3-loader-bad"] == 1 && length(module.scaler) == 0
    error_message = "failed events have a stream, and enrich a reader for each shard"
  }
}

run "no_way_out" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    network_mode = "endpoints"
  }

  assert {
    condition     = length(setsubtract(["ecs", "monitoring", "kinesis-streams", "logs", "secretsmanager", "ssm"], local.endpoints)) == 0
    error_message = "reached: ${jsonencode(local.endpoints)}"
  }

  assert {
    condition     = contains(keys(local.registry), "IGLU_CENTRAL_URL")
    error_message = "nobody answers for Iglu Central"
  }
}

run "firewall" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    waf_rate_limit   = 2000
    events_per_month = 1000000
  }

  assert {
    condition     = output.monthly_cost_estimate.firewall == 6.6
    error_message = "a firewall costs ${output.monthly_cost_estimate.firewall}"
  }
}

run "refuses_in_one_sentence_each" {
  command = plan

  module {
    source = "./environments/small"
  }

  variables {
    prefix                         = "My_Pipeline"
    iglu_super_api_key             = "secret"
    vpc_id                         = "default"
    s3_bucket_name                 = "A"
    s3_bucket_object_prefix        = "pipeline"
    iglu_server_dns_name           = "iglu.acme.com"
    postgres_db_ip_allowlist       = ["home"]
    ssl_information                = { enabled = true, certificate_arn = "" }
    cloudwatch_logs_retention_days = 8
    domain_names                   = ["https://c.acme.com/"]
    network_mode                   = "vpn"
    enrichments                    = { ua = "{" }
    config_overrides               = { s3-loader = "" }
    redshift_enabled               = true
    snowflake_enabled              = true
    snowflake_streaming_enabled    = true
    databricks_enabled             = true
  }

  expect_failures = [var.prefix, var.iglu_super_api_key, var.vpc_id, var.s3_bucket_name, var.s3_bucket_object_prefix, var.iglu_server_dns_name, var.postgres_db_ip_allowlist, var.ssl_information, var.cloudwatch_logs_retention_days, var.domain_names, var.network_mode, var.enrichments, var.config_overrides, var.redshift_enabled, var.snowflake_enabled, var.snowflake_streaming_enabled, var.databricks_enabled]
}
