# The roles of the pipeline: what each is told and what it may do, whatever it runs on.

locals {
  stream   = module.streams.names
  stream_a = module.streams.arns
  objects  = "arn:${data.aws_partition.here.partition}:s3:::${local.bucket_name}/${local.folder}"
  home     = "/var/lib/piste"

  iglu_url = (
    !local.own_registry ? trimsuffix(var.iglu_server_dns_name, "/") :
    !local.ecs ? "http://127.0.0.1:8081" :
    local.iglu_outside ? "https://${var.iglu_domain_name}" : module.iglu_edge[0].url
  )

  # The configurations that all targets share, and what they take from the environment. Where there is no way to Iglu Central,
  # one's own registry stands in for it.
  told = "${path.module}/../../../config"

  environment = {
    AWS_REGION      = local.region
    RAW_STREAM      = local.stream["raw"]
    ENRICHED_STREAM = local.stream["enriched"]
    BAD_1_STREAM    = local.stream["bad-1"]
    BAD_2_STREAM    = local.stream["bad-2"]
  }

  registry = merge(
    { IGLU_URL = "${local.iglu_url}/api" },
    local.network_mode == "endpoints" ? { IGLU_CENTRAL_URL = "${local.iglu_url}/api" } : {},
  )

  own_enrichments = { for file in fileset("${local.told}/enrichments", "*.json") : trimsuffix(file, ".json") => file("${local.told}/enrichments/${file}") }
  enrichments     = coalesce(var.enrichments, local.own_enrichments)

  # From the outside world: the key that may read every schema.
  iglu_key = { IGLU_SUPER_API_KEY = module.registry.super_api_key_secret_arn }

  collector = {
    collector = {
      command = ["collector"]
      file    = "collector"
      # A task has no disk that outlives it.
      added = local.ecs ? "collector.streams.spill.folder = null" : ""
      environment = merge(local.environment, local.ecs ? {} : {
        PISTE_OPTIONS = join(" ", concat(["-Dcollector.port=80"], var.tls_secret == "" ? [] : [
          "-Dcollector.ssl.enable=true", "-Dcollector.ssl.certificate=/run/piste-secrets/tls.pem",
        ]))
      })
      schemas     = false
      enrichments = false
      secrets     = {}
      policies = { collector = {
        stream_good = local.stream_a["raw"]
        stream_bad  = local.stream_a["bad-1"]
        key         = module.kms.arn
      } }
      reads = null
    }
  }

  enrich = {
    enrich = {
      command     = ["enrich"]
      file        = "enrich"
      added       = var.failed_events_enabled ? "output.failed.streamName = \"${local.stream["failed"]}\"" : ""
      environment = merge(local.environment, local.registry, { ENRICH_APPLICATION = "${var.prefix}-enrich-server" })
      schemas     = true
      enrichments = true
      secrets     = local.iglu_key
      policies = { enrich = {
        stream_in     = local.stream_a["raw"]
        stream_good   = local.stream_a["enriched"]
        stream_failed = var.failed_events_enabled ? local.stream_a["failed"] : ""
        stream_bad    = local.stream_a["bad-1"]
        table         = module.checkpoints.arns["${var.prefix}-enrich-server"]
        assets        = length(var.enrichment_bucket_arns) == 0 ? [""] : [for arn in var.enrichment_bucket_arns : "${arn}/*"]
        key           = module.kms.arn
      } }
      reads = "raw"
    }
  }

  # Kind -> what it reads, where its bad rows go (payloads are never bad: all become files), folder.
  files = {
    raw      = { in = "raw", bad = "", folder = "raw/" }
    enriched = { in = "enriched", bad = "bad-1", folder = "enriched/" }
    bad      = { in = "bad-1", bad = "bad-2", folder = "bad/partitioned/" }
  }

  s3 = {
    for kind, file in local.files : "s3-loader-${kind}" => {
      command = ["s3-loader"]
      file    = "s3-loader-${kind}"
      added   = ""
      environment = merge(local.environment, {
        "S3_LOADER_${upper(kind)}_PATH"        = "s3://${local.bucket_name}/${local.folder}${trimsuffix(file.folder, "/")}"
        "S3_LOADER_${upper(kind)}_APPLICATION" = "${var.prefix}-s3-loader-${kind}-server"
      })
      schemas     = false
      enrichments = false
      secrets     = {}
      policies = { "${kind}/s3-loader" = {
        stream_in  = local.stream_a[file.in]
        stream_bad = lookup(local.stream_a, file.bad, "")
        table      = module.checkpoints.arns["${var.prefix}-s3-loader-${kind}-server"]
        objects    = "${local.objects}${file.folder}*"
        key        = module.kms.arn
      } }
      reads = file.in
    } if local.s3_loaders[kind]
  }

  # Kind -> what it reads, where its bad rows go (a loader of bad-1 must not feed bad-1).
  rows = {
    enriched = { in = "enriched", bad = "bad-1" }
    bad      = { in = "bad-1", bad = "bad-2" }
  }

  postgres = {
    for kind in local.postgres_loaders : "postgres-loader-${kind}" => {
      command = ["postgres-loader"]
      file    = "postgres-loader-${kind}"
      added   = ""
      environment = merge(local.environment, local.registry, {
        POSTGRES_HOST                                = module.events_database[0].address
        POSTGRES_PORT                                = tostring(module.events_database[0].port)
        POSTGRES_DATABASE                            = var.postgres_db_name == "" ? "snowplow" : var.postgres_db_name
        POSTGRES_SSL_MODE                            = "REQUIRE"
        "POSTGRES_LOADER_${upper(kind)}_APPLICATION" = "${var.prefix}-postgres-loader-${kind}-server"
      })
      schemas     = true
      enrichments = false
      secrets = merge(local.iglu_key, {
        POSTGRES_USER     = "${module.events_database[0].secret_arn}|username"
        POSTGRES_PASSWORD = "${module.events_database[0].secret_arn}|password"
      })
      policies = { "${kind}/postgres-loader" = {
        stream_in  = local.stream_a[local.rows[kind].in]
        stream_bad = local.stream_a[local.rows[kind].bad]
        table      = module.checkpoints.arns["${var.prefix}-postgres-loader-${kind}-server"]
        key        = module.kms.arn
      } }
      reads = local.rows[kind].in
    }
  }

  iglu = {
    for name in local.own_registry ? ["iglu"] : [] : name => {
      command = ["iglu-server"]
      file    = "iglu-server"
      # On one machine it is for its neighbours, and its schemas are in a file.
      added = (
        local.ecs ? "preTerminationPeriod = 10 seconds\npreTerminationUnhealthy = true" :
        "repoServer.interface = \"127.0.0.1\"\ndatabase { type = sqlite, path = \"${local.home}/iglu.sqlite\" }"
      )
      environment = merge({ AWS_REGION = local.region }, local.ecs ? {
        IGLU_DB_HOST     = module.iglu_database[0].address
        IGLU_DB_NAME     = var.iglu_db_name
        IGLU_DB_SSL_MODE = "REQUIRE"
      } : {})
      schemas     = false
      enrichments = false
      secrets = merge({ IGLU_SUPER_API_KEY = module.registry.super_api_key_secret_arn }, local.ecs ? {
        IGLU_DB_USER     = "${module.iglu_database[0].secret_arn}|username"
        IGLU_DB_PASSWORD = "${module.iglu_database[0].secret_arn}|password"
      } : {})
      policies = { iglu-server = {} }
      reads    = null
    }
  }

  roles = {
    for name, role in merge(local.collector, local.enrich, local.s3, local.postgres, local.iglu) : name => merge(role, {
      configuration = join("\n", compact([trimspace(file("${local.told}/${role.file}.hocon")), role.added, lookup(var.config_overrides, name, ""), ""]))
    })
  }
}
