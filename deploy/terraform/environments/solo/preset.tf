# solo: all roles on one small machine with a fixed address, the registry in a file of it. To be measured: 500 events/s.

locals {
  preset = {
    runtime           = "machine"
    network_size      = "small"
    network_mode      = "public"
    instance_type     = "t4g.small"
    database_class    = "db.t4g.micro"
    database_multi_az = false
    scaler            = false
    tasks             = {}
  }
}
