# A key of one's own or a given one; images that cannot be changed under a tag.

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

run "made" {
  command = plan

  module {
    source = "./modules/kms"
  }

  variables {
    prefix = "sp"
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_alias.this[0].name == "alias/sp"
    error_message = "the key does not rotate, or has another alias"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[0].Principal.AWS == "arn:aws:iam::123456789012:root"
    error_message = "the account has lost its key"
  }
}

run "given" {
  command = plan

  module {
    source = "./modules/kms"
  }

  variables {
    prefix  = "sp"
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && output.arn == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "a given key is not used"
  }
}

run "images" {
  command = plan

  module {
    source = "./modules/images"
  }

  variables {
    name = "sp"
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push && !aws_ecr_repository.this.force_delete
    error_message = "images can change under their tag, come unseen, or go by accident"
  }
}
