# The address plan, and the sentence for each plan that cannot be. Blocks are those of spec/deploy 3.3.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

variables {
  prefix      = "sp"
  bucket_arns = ["arn:aws:s3:::files"]
  table_arns  = ["arn:aws:dynamodb:eu-west-1:123456789012:table/leases"]
}

run "small_is_four_quarters" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    environment_index = 15
  }

  assert {
    condition = [aws_vpc.this[0].cidr_block, aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block] == [
      "10.20.7.128/25", ["10.20.7.128/27", "10.20.7.160/27"], ["10.20.7.192/27", "10.20.7.224/27"]
    ]
    error_message = "small: ${jsonencode([aws_vpc.this[0].cidr_block, aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block])}"
  }

  assert {
    condition     = aws_subnet.public[*].availability_zone == ["eu-west-1a", "eu-west-1b"] && length(aws_nat_gateway.this) == 0 && length(aws_vpc_endpoint.interface) == 0
    error_message = "public: two zones, nothing that costs"
  }

  assert {
    condition     = output.assign_public_ip && output.usable_private_addresses == 54
    error_message = "public: tasks have public addresses"
  }
}

run "medium_with_endpoints" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    size              = "medium"
    mode              = "endpoints"
    environment_index = 3
  }

  assert {
    condition = [aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block] == [
      ["10.20.6.0/27", "10.20.6.32/27", "10.20.6.64/27"], ["10.20.6.128/25", "10.20.7.0/25", "10.20.7.128/25"]
    ]
    error_message = "medium: ${jsonencode([aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block])}"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 6 && !output.assign_public_ip && output.egress_cidrs == ["10.20.6.0/23"] && output.usable_private_addresses == 369
    error_message = "endpoints: AWS, and nothing else outside"
  }
}

run "large_with_nat" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    size  = "large"
    mode  = "nat"
    cidr  = "192.168.4.0/22"
    zones = ["eu-west-1c", "eu-west-1a", "eu-west-1b"]
  }

  assert {
    condition = [aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block] == [
      ["192.168.4.0/26", "192.168.4.64/26", "192.168.4.128/26"], ["192.168.5.0/24", "192.168.6.0/24", "192.168.7.0/24"]
    ]
    error_message = "large: ${jsonencode([aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block])}"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.nat) == 3 && aws_subnet.private[0].availability_zone == "eu-west-1c"
    error_message = "nat: a gateway in each zone"
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3[0].policy).Statement[0].Resource == ["arn:aws:s3:::files/*"] && jsondecode(aws_vpc_endpoint.dynamodb[0].policy).Statement[0].Resource == ["arn:aws:dynamodb:eu-west-1:123456789012:table/leases"]
    error_message = "gateway endpoints reach more than our bucket and tables"
  }
}

run "one_that_is_there" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mode              = "existing"
    vpc_id            = "vpc-1"
    public_subnet_ids = ["subnet-1", "subnet-2"]
  }

  assert {
    condition     = length(aws_vpc.this) == 0 && output.vpc_id == "vpc-1" && output.task_subnet_ids == tolist(["subnet-1", "subnet-2"]) && output.assign_public_ip
    error_message = "a VPC that is there is used as it is"
  }
}

run "refuses_overlap" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    taken_cidrs = ["10.0.0.0/16", "10.20.0.0/24"]
  }

  expect_failures = [aws_vpc.this]
}

run "refuses_a_zone_that_is_not" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    zones = ["eu-west-1a", "eu-west-1x"]
  }

  expect_failures = [aws_vpc.this]
}

run "refuses_words_for_numbers" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mode              = "bridge"
    cidr              = "10.20.0.130/25"
    environment_index = 16
    ipam_pool_cidr    = "10.20.0.0/20"
    taken_cidrs       = ["everything"]
    zones             = ["eu-west-1a"]
    nat_gateways      = "two"
  }

  expect_failures = [var.mode, var.cidr, var.environment_index, var.ipam_pool_cidr, var.taken_cidrs, var.zones, var.nat_gateways]
}

run "refuses_a_vpc_without_subnets" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mode   = "existing"
    vpc_id = "vpc-1"
  }

  expect_failures = [data.aws_vpc.existing]
}
