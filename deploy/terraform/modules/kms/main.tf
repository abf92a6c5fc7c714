# One key for all that an environment keeps.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

resource "aws_kms_key" "this" {
  count = var.key_arn == "" ? 1 : 0

  description             = "All that ${var.prefix} keeps: streams, files, tables, databases, logs, secrets"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = templatefile("${path.module}/../../iam/resource/key.json", {
    partition = data.aws_partition.here.partition
    region    = data.aws_region.here.name
    account   = data.aws_caller_identity.here.account_id
  })
}

resource "aws_kms_alias" "this" {
  count = var.key_arn == "" ? 1 : 0

  name          = "alias/${var.prefix}"
  target_key_id = aws_kms_key.this[0].key_id
}
