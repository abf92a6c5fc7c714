# A machine that runs roles under systemd, from the rpm. Nobody logs in: Session Manager is the way in.

data "aws_region" "here" {}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

data "aws_subnet" "this" {
  id = var.subnet_id
}

locals {
  key = var.key_arn == "" ? null : var.key_arn

  # What a role is told besides its configuration: words without secrets, each a line.
  settings = { for name, role in var.roles : name => join("", [for variable, value in role.environment : "${variable}=${value}\n"]) }

  files = merge(
    { for name, role in var.roles : "${name}.hocon" => role.configuration },
    { for name, text in local.settings : "${name}.env" => text if text != "" },
    { for name, text in var.enrichments : "enrichments/${name}.json" => text },
  )
}

# The image is read once and kept: an unrelated apply never replaces the machine.
resource "terraform_data" "image" {
  input            = nonsensitive(data.aws_ssm_parameter.image.value)
  triggers_replace = [var.ami_refresh]

  lifecycle {
    ignore_changes = [input]
  }
}

# What the roles are told. User data holds 16 kB and no secrets, so each file is a parameter that the machine reads.
resource "aws_ssm_parameter" "files" {
  for_each = local.files

  name  = "/${var.name}/${each.key}"
  type  = "String"
  tier  = length(each.value) > 4096 ? "Advanced" : "Standard"
  value = each.value
}

module "role" {
  source = "../role"

  name                 = var.name
  trust                = "ec2"
  permissions_boundary = var.permissions_boundary

  policies = merge(var.policies, {
    instance = {
      parameters = [for parameter in aws_ssm_parameter.files : parameter.arn]
      secrets    = length(var.secret_arns) == 0 ? [""] : var.secret_arns
      package    = var.package_arn
      key        = var.key_arn
    }
  })
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  role = module.role.name
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Machine ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = {
    for pair in setproduct(var.ip_allowlist, var.ports) : "${pair[0]} ${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }

  security_group_id = aws_security_group.this.id
  description       = "Allowed by ip_allowlist"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
}

resource "aws_vpc_security_group_egress_rule" "tls" {
  security_group_id = aws_security_group.this.id
  description       = "AWS, registries, files of enrichments"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  for_each = var.databases

  security_group_id            = aws_security_group.this.id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = each.value
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.this.availability_zone
  size              = var.zone_disk_gb
  type              = "gp3"
  encrypted         = true
  kms_key_id        = local.key
  final_snapshot    = true
  tags              = { Name = "${var.name}-data" }
}

resource "aws_instance" "this" {
  ami                         = terraform_data.image.output
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this.id]
  iam_instance_profile        = aws_iam_instance_profile.this.name
  associate_public_ip_address = true
  ebs_optimized               = true
  disable_api_termination     = var.keep_data
  user_data_replace_on_change = true

  user_data = templatefile("${path.module}/start.sh.tftpl", {
    name       = var.name
    region     = data.aws_region.here.name
    package    = var.package
    roles      = var.roles
    files      = [for file in keys(local.files) : file if !endswith(file, ".env")]
    settings   = [for name, text in local.settings : name if text != ""]
    tls_secret = var.tls_secret
    # A change of what the roles are told makes a new machine; the data disk goes over to it.
    told = sha256(jsonencode(local.files))
  })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 10
    encrypted   = true
    kms_key_id  = local.key
  }

  tags = { Name = var.name }

  # It must not start before it may read what it is told.
  depends_on = [module.role]
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.data.id
  instance_id                    = aws_instance.this.id
  stop_instance_before_detaching = true
}

resource "aws_eip" "this" {
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_eip_association" "this" {
  allocation_id = aws_eip.this.id
  instance_id   = aws_instance.this.id
}
