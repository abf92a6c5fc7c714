# What keeps data: the same in every environment.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  region  = data.aws_region.here.name
  account = data.aws_caller_identity.here.account_id
  ecs     = local.preset.runtime == "ecs"

  bucket_name = var.s3_bucket_name == "" ? "${var.prefix}-${local.account}-${local.region}" : var.s3_bucket_name
  folder      = var.s3_bucket_object_prefix

  own_registry = var.iglu_server_dns_name == ""

  # Readers of streams, each with a table of its own, by the original's names.
  consumers = toset(concat(
    ["${var.prefix}-enrich-server"],
    [for kind, enabled in local.s3_loaders : "${var.prefix}-s3-loader-${kind}-server" if enabled],
    [for kind in local.postgres_loaders : "${var.prefix}-postgres-loader-${kind}-server"],
  ))

  s3_loaders       = { raw = var.s3_raw_enabled, enriched = var.s3_enriched_enabled, bad = var.s3_bad_enabled }
  postgres_loaders = var.postgres_db_enabled ? ["enriched", "bad"] : []
}

module "kms" {
  source = "../../modules/kms"

  prefix  = var.prefix
  key_arn = var.key_arn
}

module "streams" {
  source = "../../modules/streams"

  prefix          = var.prefix
  failed          = var.failed_events_enabled
  shards          = var.stream_shards
  mode            = var.stream_mode
  retention_hours = var.stream_retention_hours
  key_arn         = module.kms.arn
}

module "checkpoints" {
  source = "../../modules/checkpoints"

  applications       = local.consumers
  billing            = var.checkpoint_billing
  write_max_capacity = var.pipeline_kcl_write_max_capacity
  key_arn            = module.kms.arn
  keep_data          = var.keep_data
}

module "bucket" {
  source = "../../modules/bucket"

  name      = local.bucket_name
  deploy    = var.s3_bucket_deploy
  key_arn   = module.kms.arn
  keep_data = var.keep_data

  lifecycles = {
    raw      = { prefix = "${local.folder}raw/", classes = { GLACIER_IR = 30, DEEP_ARCHIVE = 180 }, expire = 730 }
    enriched = { prefix = "${local.folder}enriched/", classes = { GLACIER_IR = 90 } }
    bad      = { prefix = "${local.folder}bad/", expire = 365 }
    events   = { prefix = "${local.folder}events/", classes = { INTELLIGENT_TIERING = 0 } }
  }
}

module "images" {
  source = "../../modules/images"
  count  = local.ecs && var.image == "" ? 1 : 0

  name      = var.prefix
  key_arn   = module.kms.arn
  keep_data = var.keep_data
}

module "registry" {
  source = "../../modules/registry"

  prefix                = var.prefix
  super_api_key         = var.iglu_super_api_key
  super_api_key_version = var.iglu_super_api_key_version
  key_arn               = module.kms.arn
  keep_data             = var.keep_data
}
