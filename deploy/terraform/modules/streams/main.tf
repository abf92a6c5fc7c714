# The streams between the roles.

locals {
  names = toset(concat(["raw", "enriched", "bad-1", "bad-2"], var.failed ? ["failed"] : []))
}

resource "aws_kinesis_stream" "this" {
  for_each = local.names

  name                      = "${var.prefix}-${each.key}-stream"
  shard_count               = var.mode == "PROVISIONED" ? lookup(var.shards, each.key, 1) : null
  retention_period          = var.retention_hours
  encryption_type           = "KMS"
  kms_key_id                = var.key_arn == "" ? "alias/aws/kinesis" : var.key_arn
  enforce_consumer_deletion = true

  stream_mode_details {
    stream_mode = var.mode
  }

  lifecycle {
    # Whoever scales the streams owns the number: an unrelated apply must not take shards away under load.
    ignore_changes = [shard_count]
  }
}
