# Streams have the original's names, seven days of records, and the number of shards that was asked for.

mock_provider "aws" {}

run "names_and_settings" {
  command = plan

  module {
    source = "./modules/streams"
  }

  variables {
    prefix = "sp"
    shards = { raw = 4 }
  }

  assert {
    condition = { for name, stream in aws_kinesis_stream.this : name => [stream.name, stream.shard_count] } == {
      raw = ["sp-raw-stream", 4], enriched = ["sp-enriched-stream", 1], bad-1 = ["sp-bad-1-stream", 1], bad-2 = ["sp-bad-2-stream", 1]
    }
    error_message = "streams: ${jsonencode({ for name, stream in aws_kinesis_stream.this : name => [stream.name, stream.shard_count] })}"
  }

  assert {
    condition = alltrue([
      for stream in aws_kinesis_stream.this :
      stream.retention_period == 168 && stream.encryption_type == "KMS" && stream.kms_key_id == "alias/aws/kinesis" && stream.enforce_consumer_deletion
    ])
    error_message = "a stream keeps records for less than a week, or in the clear"
  }
}

run "on_demand_has_no_shards" {
  command = plan

  module {
    source = "./modules/streams"
  }

  variables {
    prefix  = "sp"
    mode    = "ON_DEMAND"
    failed  = true
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = length(aws_kinesis_stream.this) == 5 && alltrue([for stream in aws_kinesis_stream.this : stream.stream_mode_details[0].stream_mode == "ON_DEMAND"])
    error_message = "five streams on demand"
  }

  assert {
    condition     = aws_kinesis_stream.this["failed"].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "the given key is not used"
  }
}

run "refuses_no_shards" {
  command = plan

  module {
    source = "./modules/streams"
  }

  variables {
    prefix = "sp"
    shards = { raw = 0 }
  }

  expect_failures = [var.shards]
}

run "refuses_a_short_memory" {
  command = plan

  module {
    source = "./modules/streams"
  }

  variables {
    prefix          = "sp"
    retention_hours = 1
  }

  expect_failures = [var.retention_hours]
}
