# The key that may do everything is made where none is given, and is nowhere but in its secret.

mock_provider "aws" {}

variables {
  prefix = "sp"
}

run "made" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition     = aws_secretsmanager_secret.super_api_key.name == "sp-iglu-super-api-key" && aws_secretsmanager_secret.super_api_key.recovery_window_in_days == 30
    error_message = "the secret has another name, or is gone at once when deleted"
  }

  assert {
    condition     = aws_secretsmanager_secret_version.super_api_key.secret_string == null
    error_message = "the key stands in the state"
  }
}

run "given" {
  command = plan

  module {
    source = "./modules/registry"
  }

  variables {
    super_api_key = "3A2B4C5D-0000-4000-8000-0123456789ab"
  }
}

run "refuses_what_is_no_uuid" {
  command = plan

  module {
    source = "./modules/registry"
  }

  variables {
    super_api_key = "correct horse battery staple"
  }

  expect_failures = [var.super_api_key]
}
