# The roles of the pipeline: what each is told and what it may do, whatever it runs on.

locals {
  stream   = module.streams.names
  stream_a = module.streams.arns
  objects  = "arn:${data.aws_partition.here.partition}:s3:::${local.bucket_name}/${local.folder}"
  home     = "/var/lib/piste"

  # On one machine all roles share an address, and each has a port of its own.
  probe = {
    for i, name in ["collector", "enrich", "s3-loader-raw", "s3-loader-enriched", "s3-loader-bad", "postgres-loader-enriched", "postgres-loader-bad"] :
    name => local.ecs ? 8000 : 8000 + i
  }

  iglu_url = (
    !local.own_registry ? trimsuffix(var.iglu_server_dns_name, "/") :
    !local.ecs ? "http://127.0.0.1:8081" :
    local.iglu_outside ? "https://${var.iglu_domain_name}" : module.iglu_edge[0].url
  )

  # Where schemas are. The key of the registry is put in by the process, or on the machine: it stands nowhere here.
  resolver = jsonencode({
    schema = "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-3"
    data = {
      cacheSize = 500
      cacheTtl  = 600
      repositories = concat(
        [{
          name           = "Registry of ${var.prefix}"
          priority       = 0
          vendorPrefixes = []
          connection     = { http = { uri = "${local.iglu_url}/api", apikey = "$${IGLU_API_KEY}" } }
        }],
        local.network_mode == "endpoints" ? [] : [{
          name           = "Iglu Central"
          priority       = 10
          vendorPrefixes = []
          connection     = { http = { uri = "http://iglucentral.com" } }
        }],
      )
    }
  })

  own_enrichments = { for file in fileset("${path.module}/../../config/enrichments", "*.json") : trimsuffix(file, ".json") => file("${path.module}/../../config/enrichments/${file}") }
  enrichments     = coalesce(var.enrichments, local.own_enrichments)

  # From the outside world: the key that may read every schema.
  iglu_key = { IGLU_API_KEY = module.registry.super_api_key_secret_arn }

  collector = {
    collector = {
      command = ["collector"]
      configuration = templatefile("${path.module}/../../config/collector.hocon", {
        port   = local.ecs ? 8080 : 80
        admin  = local.ecs ? "0.0.0.0:8000" : "127.0.0.1:${local.probe["collector"]}"
        raw    = local.stream["raw"]
        bad    = local.stream["bad-1"]
        region = local.region
        spill  = local.ecs ? "" : "${local.home}/spill"
        tls    = local.ecs || var.tls_secret == "" ? "" : "/run/piste-secrets/tls.pem"
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
      command = ["enrich"]
      configuration = templatefile("${path.module}/../../config/enrich.hocon", {
        raw      = local.stream["raw"]
        enriched = local.stream["enriched"]
        failed   = var.failed_events_enabled ? local.stream["failed"] : ""
        bad      = local.stream["bad-1"]
        app      = "${var.prefix}-enrich-server"
        region   = local.region
        probe    = local.probe["enrich"]
      })
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

  # Kind -> what it reads, where its bad rows go (payloads are never bad: all become files), folder, purpose.
  files = {
    raw      = { in = "raw", bad = "", folder = "raw/", purpose = "RAW" }
    enriched = { in = "enriched", bad = "bad-1", folder = "enriched/", purpose = "ENRICHED_EVENTS" }
    bad      = { in = "bad-1", bad = "bad-2", folder = "bad/partitioned/", purpose = "SELF_DESCRIBING" }
  }

  s3 = {
    for kind, file in local.files : "s3-loader-${kind}" => {
      command = ["s3-loader"]
      configuration = templatefile("${path.module}/../../config/s3-loader.hocon", {
        purpose = file.purpose
        in      = local.stream[file.in]
        bad     = lookup(local.stream, file.bad, "")
        bucket  = module.bucket.name
        folder  = "${local.folder}${file.folder}"
        app     = "${var.prefix}-s3-loader-${kind}-server"
        region  = local.region
        probe   = local.probe["s3-loader-${kind}"]
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

  # Kind -> what it reads, where its bad rows go (a loader of bad-1 must not feed bad-1), schema, purpose.
  rows = {
    enriched = { in = "enriched", bad = "bad-1", schema = "atomic", purpose = "ENRICHED_EVENTS" }
    bad      = { in = "bad-1", bad = "bad-2", schema = "atomic_bad", purpose = "JSON" }
  }

  postgres = {
    for kind in local.postgres_loaders : "postgres-loader-${kind}" => {
      command = ["postgres-loader"]
      configuration = templatefile("${path.module}/../../config/postgres-loader.hocon", {
        purpose       = local.rows[kind].purpose
        in            = local.stream[local.rows[kind].in]
        bad           = local.stream[local.rows[kind].bad]
        schema        = local.rows[kind].schema
        host          = module.events_database[0].address
        database_port = module.events_database[0].port
        database      = var.postgres_db_name == "" ? "snowplow" : var.postgres_db_name
        app           = "${var.prefix}-postgres-loader-${kind}-server"
        region        = local.region
        probe         = local.probe["postgres-loader-${kind}"]
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
      configuration = templatefile("${path.module}/../../config/iglu-server.hocon", {
        interface     = local.ecs ? "0.0.0.0" : "127.0.0.1"
        port          = local.ecs ? 8080 : 8081
        path          = "${local.home}/iglu.sqlite"
        host          = local.ecs ? module.iglu_database[0].address : ""
        database_port = 5432
        database      = var.iglu_db_name
      })
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
      configuration = join("\n", compact([role.configuration, lookup(var.config_overrides, name, "")]))
    })
  }
}
