# Where packets go.

locals {
  gateways = var.mode == "nat" ? (var.nat_gateways == "one" ? 1 : local.count) : 0
}

resource "aws_route_table" "public" {
  count = local.own ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "${var.prefix}-public" }
}

resource "aws_route" "internet" {
  count = local.own ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.count

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count = local.gateways

  domain = "vpc"
  tags   = { Name = "${var.prefix}-nat-${count.index + 1}" }
}

resource "aws_nat_gateway" "this" {
  count = local.gateways

  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  tags          = { Name = "${var.prefix}-${count.index + 1}" }

  depends_on = [aws_route.internet]
}

resource "aws_route_table" "private" {
  count = local.count

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "${var.prefix}-private-${count.index + 1}" }
}

resource "aws_route" "nat" {
  count = var.mode == "nat" ? local.count : 0

  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[min(count.index, local.gateways - 1)].id
}

resource "aws_route_table_association" "private" {
  count = local.count

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}
