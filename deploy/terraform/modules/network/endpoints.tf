# AWS without the internet. The gateways of S3 and DynamoDB cost nothing and are always there, for our bucket and tables alone.

locals {
  resource_policies = "${path.module}/../../iam/resource"
  service           = "com.amazonaws.${data.aws_region.here.name}"
  route_tables      = concat(aws_route_table.public[*].id, aws_route_table.private[*].id)
}

resource "aws_vpc_endpoint" "s3" {
  count = local.own ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "${local.service}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = local.route_tables
  tags              = { Name = "${var.prefix}-s3" }
  policy = templatefile("${local.resource_policies}/endpoint-s3.json", {
    bucket    = join("/*\",\"", var.bucket_arns)
    assets    = join("\",\"", [for arn in var.readable_bucket_arns : "${arn}/*"])
    partition = data.aws_partition.here.partition
    region    = data.aws_region.here.name
  })
}

resource "aws_vpc_endpoint" "dynamodb" {
  count = local.own ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "${local.service}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = local.route_tables
  tags              = { Name = "${var.prefix}-dynamodb" }
  policy            = templatefile("${local.resource_policies}/endpoint-dynamodb.json", { tables = join("\",\"", var.table_arns) })
}

resource "aws_security_group" "endpoints" {
  count = var.mode == "endpoints" ? 1 : 0

  name        = "${var.prefix}-endpoints"
  description = "Interface endpoints of ${var.prefix}"
  vpc_id      = aws_vpc.this[0].id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = var.mode == "endpoints" ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "Tasks of this VPC"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = local.cidr
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.mode == "endpoints" ? var.interface_endpoints : []

  vpc_id              = aws_vpc.this[0].id
  service_name        = "${local.service}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  tags                = { Name = "${var.prefix}-${each.key}" }
}
