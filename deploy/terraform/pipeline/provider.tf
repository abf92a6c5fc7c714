provider "aws" {
  region = var.region

  default_tags {
    tags = merge({ Pipeline = var.prefix }, var.tags)
  }
}
