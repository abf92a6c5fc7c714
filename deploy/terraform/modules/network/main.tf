# A VPC of its own over two or three zones, or one that is there.

data "aws_region" "here" {}
data "aws_partition" "here" {}

data "aws_availability_zones" "here" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  own   = var.mode != "existing"
  bits  = { small = 25, medium = 23, large = 22 }[var.size]
  count = local.own ? { small = 2, medium = 3, large = 3 }[var.size] : 0
  cidr  = var.cidr == "" ? cidrsubnet(var.ipam_pool_cidr, local.bits - 21, var.environment_index) : var.cidr

  found = data.aws_availability_zones.here.names
  zones = length(var.zones) > 0 ? var.zones : slice(local.found, 0, min(local.count, length(local.found)))

  # small: four quarters, two public and two private. Else the first quarter is cut in four, three of which are public, and the
  # other three quarters are private. A load balancer wants a /27 at least.
  public = [
    for i in range(local.count) :
    var.size == "small" ? cidrsubnet(local.cidr, 2, i) : cidrsubnet(cidrsubnet(local.cidr, 2, 0), 2, i)
  ]
  private = [for i in range(local.count) : cidrsubnet(local.cidr, 2, var.size == "small" ? i + 2 : i + 1)]

  # Two networks overlap when they are the same after the shorter of their lengths.
  overlaps = [
    for taken in var.taken_cidrs : taken
    if cidrhost("${split("/", taken)[0]}/${min(split("/", taken)[1], local.bits)}", 0) == cidrhost("${split("/", local.cidr)[0]}/${min(split("/", taken)[1], local.bits)}", 0)
  ]
}

resource "aws_vpc" "this" {
  count = local.own ? 1 : 0

  cidr_block           = local.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.prefix }

  lifecycle {
    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "${local.cidr} overlaps ${join(", ", local.overlaps)} of taken_cidrs: choose another environment_index or network_cidr."
    }

    precondition {
      condition     = length(local.zones) == local.count
      error_message = "A ${var.size} network needs ${local.count} availability zones, and ${data.aws_region.here.name} offers ${length(local.found)}: choose another region or network_size."
    }

    precondition {
      condition     = alltrue([for zone in var.zones : contains(local.found, zone)])
      error_message = "${data.aws_region.here.name} has no availability zone ${join(", ", setsubtract(var.zones, local.found))}: it has ${join(", ", local.found)}."
    }
  }
}

# What is in no security group of its own talks to nobody.
resource "aws_default_security_group" "this" {
  count = local.own ? 1 : 0

  vpc_id = aws_vpc.this[0].id
}

resource "aws_internet_gateway" "this" {
  count = local.own ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = var.prefix }
}

resource "aws_subnet" "public" {
  count = local.count

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = local.public[count.index]
  availability_zone = local.zones[count.index]
  tags              = { Name = "${var.prefix}-public-${count.index + 1}" }

  # A zone that AWS adds must not move what is there.
  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_subnet" "private" {
  count = local.count

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = local.private[count.index]
  availability_zone = local.zones[count.index]
  tags              = { Name = "${var.prefix}-private-${count.index + 1}" }

  # A zone that AWS adds must not move what is there.
  lifecycle {
    ignore_changes = [availability_zone]
  }
}

data "aws_vpc" "existing" {
  count = local.own ? 0 : 1

  id = var.vpc_id

  lifecycle {
    precondition {
      condition     = var.vpc_id != "" && length(var.public_subnet_ids) >= 2
      error_message = "A VPC that is there needs vpc_id and at least two public_subnet_ids, in different zones."
    }
  }
}
