variable "prefix" {
  description = "Name of the environment."
  type        = string
}

variable "mode" {
  description = <<-EOT
    public: tasks have public addresses behind closed security groups; endpoints: private, AWS over interface endpoints, and
    nothing else outside; nat: private, the internet over NAT gateways with fixed addresses; existing: a VPC of yours.
  EOT
  type        = string
  default     = "public"

  validation {
    condition     = contains(["public", "endpoints", "nat", "existing"], var.mode)
    error_message = "network_mode is public, endpoints, nat or existing."
  }
}

variable "size" {
  description = "small: a /25 over two zones; medium: a /23 over three; large: a /22 over three."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "network_size is small (/25), medium (/23) or large (/22)."
  }
}

variable "cidr" {
  description = "Addresses of the VPC; empty: block environment_index of ipam_pool_cidr."
  type        = string
  default     = ""

  validation {
    condition     = var.cidr == "" || can(cidrnetmask(var.cidr))
    error_message = "network_cidr is an IPv4 network such as 10.20.0.0/25."
  }

  validation {
    condition     = var.cidr == "" || try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], true)
    error_message = "network_cidr begins with the first address of its block, such as 10.20.0.128/25 and not 10.20.0.130/25."
  }

  validation {
    condition     = var.cidr == "" || try(tonumber(split("/", var.cidr)[1]) == { small = 25, medium = 23, large = 22 }[var.size], true)
    error_message = "The length of network_cidr is that of network_size: /25 for small, /23 for medium, /22 for large."
  }

  validation {
    condition     = var.cidr == "" || !can(cidrnetmask(var.cidr)) || can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "network_cidr lies in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "ipam_pool_cidr" {
  description = "A /21 of which each environment takes one block of its size."
  type        = string
  default     = "10.20.0.0/21"

  validation {
    condition     = can(cidrnetmask(var.ipam_pool_cidr)) && try(split("/", var.ipam_pool_cidr)[1] == "21", false)
    error_message = "ipam_pool_cidr is an IPv4 network of length 21, such as 10.20.0.0/21."
  }
}

variable "environment_index" {
  description = "Which block of the pool: 0 to 15 for small, 0 to 3 for medium, 0 to 1 for large."
  type        = number
  default     = 0

  validation {
    condition     = var.environment_index >= 0 && var.environment_index < { small = 16, medium = 4, large = 2 }[var.size] && floor(var.environment_index) == var.environment_index
    error_message = "A /21 has 16 small blocks (environment_index 0 to 15), 4 medium ones (0 to 3) or 2 large ones (0 to 1)."
  }
}

variable "taken_cidrs" {
  description = "Networks that this one must not overlap: those of other environments, offices, peers."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.taken_cidrs : can(cidrnetmask(cidr))])
    error_message = "taken_cidrs is a list of IPv4 networks such as 10.20.0.0/25."
  }
}

variable "zones" {
  description = "Names of availability zones; empty: the first of the region."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.zones) == 0 || (length(var.zones) == { small = 2, medium = 3, large = 3 }[var.size] && length(distinct(var.zones)) == length(var.zones))
    error_message = "availability_zones names two different zones for small, three for medium and large, or none: then the first ones are taken."
  }
}

variable "nat_gateways" {
  description = "With nat: one, or one in each zone."
  type        = string
  default     = "per_zone"

  validation {
    condition     = contains(["one", "per_zone"], var.nat_gateways)
    error_message = "nat_gateways is one or per_zone."
  }
}

variable "interface_endpoints" {
  description = "With endpoints: the services that tasks reach."
  type        = set(string)
  default     = ["kinesis-streams", "logs", "ecr.api", "ecr.dkr", "secretsmanager", "ssm"]
}

variable "bucket_arns" {
  description = "Buckets that may be reached through the gateway endpoint of S3."
  type        = list(string)
}

variable "readable_bucket_arns" {
  description = "Buckets that may be read through it: files of enrichments, packages of the operating system."
  type        = list(string)
  default     = []
}

variable "table_arns" {
  description = "Tables that may be reached through the gateway endpoint of DynamoDB."
  type        = list(string)
}

variable "vpc_id" {
  description = "With existing: the VPC."
  type        = string
  default     = ""
}

variable "public_subnet_ids" {
  description = "With existing: subnets with a route from the internet."
  type        = list(string)
  default     = []
}

variable "private_subnet_ids" {
  description = "With existing: subnets for tasks and databases; empty: the public ones, and tasks have public addresses."
  type        = list(string)
  default     = []
}
