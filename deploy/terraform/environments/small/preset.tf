# small: two of everything that clients connect to, one service for each role, on Fargate. To be measured: 1,000 events/s.

locals {
  preset = {
    runtime           = "ecs"
    network_size      = "small"
    network_mode      = "public"
    instance_type     = null
    database_class    = "db.t4g.micro"
    database_multi_az = true
    scaler            = true

    # CPU in units of a 1024th, memory in MiB.
    tasks = {
      collector = { min = 2, max = 6, cpu = 256, memory = 512 }
      enrich    = { min = 2, max = 3, cpu = 256, memory = 512 }
      iglu      = { min = 2, max = 3, cpu = 256, memory = 512 }
      loader    = { min = 1, max = 2, cpu = 256, memory = 512 }
    }
  }
}
