# A role and what it may do. Every policy comes from a template in iam/: there is no other place where rights are written.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  templates = "${path.module}/../../iam"

  place = {
    partition = data.aws_partition.here.partition
    region    = data.aws_region.here.name
    account   = data.aws_caller_identity.here.account_id
  }

  # Whatever a template asks for and nobody gives is empty, and its statement falls away below.
  absent = {
    key        = "", region = "", stream_in = "", stream_good = "", stream_bad = "", stream_failed = "", table = "", assets = "",
    objects    = "", queue_good = "", queue_bad = "", streams = "", services = "", repository = "", log_group = "",
    parameters = "", secrets = "", package = ""
  }

  # The list ["a", "b"] in place of "$${name}" in a JSON list becomes two of its elements.
  values = {
    for policy, given in var.policies : policy => merge(local.absent, local.place, {
      for name, value in given : name => join("\",\"", flatten([value]))
    })
  }

  rendered = {
    for policy, values in local.values :
    policy => jsondecode(templatefile("${local.templates}/${reverse(split("/", policy))[0]}.json", values))
  }

  statements = {
    for policy, document in local.rendered : policy => [
      for statement in document.Statement : merge(statement, { Resource = compact(statement.Resource) })
      if length(compact(statement.Resource)) > 0
    ]
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  assume_role_policy   = templatefile("${local.templates}/resource/trust-${var.trust}.json", local.place)
  permissions_boundary = var.permissions_boundary == "" ? null : var.permissions_boundary
}

resource "aws_iam_role_policy" "this" {
  # By what is asked for: which of it is given may be known at apply alone.
  for_each = toset([for policy, given in var.policies : policy if length(given) > 0])

  name   = replace(each.key, "/", "-")
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}
