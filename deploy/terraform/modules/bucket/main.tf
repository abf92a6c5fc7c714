# A bucket that nobody else reads, whose old objects become cheap and then go.

data "aws_partition" "here" {}
data "aws_caller_identity" "here" {}

locals {
  count = var.deploy ? 1 : 0
  arn   = "arn:${data.aws_partition.here.partition}:s3:::${var.name}"
}

resource "aws_s3_bucket" "this" {
  count = local.count

  bucket        = var.name
  force_destroy = !var.keep_data
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = local.count

  bucket                  = aws_s3_bucket.this[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  count = local.count

  bucket = aws_s3_bucket.this[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = local.count

  bucket = aws_s3_bucket.this[0].id

  rule {
    bucket_key_enabled = var.key_arn != ""

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key_arn == "" ? "AES256" : "aws:kms"
      kms_master_key_id = var.key_arn == "" ? null : var.key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count = local.count

  bucket = aws_s3_bucket.this[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = local.count

  bucket = aws_s3_bucket.this[0].id
  policy = templatefile("${path.module}/../../iam/resource/${var.policy}.json", {
    bucket  = local.arn
    account = data.aws_caller_identity.here.account_id
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = local.count

  bucket = aws_s3_bucket.this[0].id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  dynamic "rule" {
    for_each = var.lifecycles

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.classes

        content {
          storage_class = transition.key
          days          = transition.value
        }
      }

      dynamic "expiration" {
        for_each = rule.value.expire > 0 ? [rule.value.expire] : []

        content {
          days = expiration.value
        }
      }
    }
  }

  # A rule for old versions needs versions.
  depends_on = [aws_s3_bucket_versioning.this]
}
