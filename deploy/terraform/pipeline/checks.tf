# What a plan says besides what it does.

locals {
  # Given and without effect; null is not given.
  without_effect = [
    for name, value in {
      ssh_public_key                           = var.ssh_public_key == null ? null : "given"
      ssh_ip_allowlist                         = var.ssh_ip_allowlist == null ? null : "given"
      telemetry_enabled                        = var.telemetry_enabled == null ? null : "given"
      user_provided_id                         = var.user_provided_id == null ? null : "given"
      accept_limited_use_license               = var.accept_limited_use_license == null ? null : "given"
      redshift_host                            = var.redshift_host == null ? null : "given"
      redshift_database                        = var.redshift_database == null ? null : "given"
      redshift_schema                          = var.redshift_schema == null ? null : "given"
      redshift_loader_user                     = var.redshift_loader_user == null ? null : "given"
      redshift_port                            = var.redshift_port == null ? null : "given"
      redshift_transformer_window_period_min   = var.redshift_transformer_window_period_min == null ? null : "given"
      snowflake_account                        = var.snowflake_account == null ? null : "given"
      snowflake_region                         = var.snowflake_region == null ? null : "given"
      snowflake_loader_user                    = var.snowflake_loader_user == null ? null : "given"
      snowflake_database                       = var.snowflake_database == null ? null : "given"
      snowflake_schema                         = var.snowflake_schema == null ? null : "given"
      snowflake_warehouse                      = var.snowflake_warehouse == null ? null : "given"
      snowflake_loader_role                    = var.snowflake_loader_role == null ? null : "given"
      snowflake_transformer_window_period_min  = var.snowflake_transformer_window_period_min == null ? null : "given"
      snowflake_streaming_account_url          = var.snowflake_streaming_account_url == null ? null : "given"
      snowflake_streaming_loader_user          = var.snowflake_streaming_loader_user == null ? null : "given"
      snowflake_streaming_database             = var.snowflake_streaming_database == null ? null : "given"
      snowflake_streaming_schema               = var.snowflake_streaming_schema == null ? null : "given"
      snowflake_streaming_warehouse            = var.snowflake_streaming_warehouse == null ? null : "given"
      snowflake_streaming_loader_role          = var.snowflake_streaming_loader_role == null ? null : "given"
      databricks_catalog                       = var.databricks_catalog == null ? null : "given"
      databricks_deltalake_host                = var.databricks_deltalake_host == null ? null : "given"
      databricks_http_path                     = var.databricks_http_path == null ? null : "given"
      databricks_schema                        = var.databricks_schema == null ? null : "given"
      databricks_deltalake_port                = var.databricks_deltalake_port == null ? null : "given"
      databricks_port                          = var.databricks_port == null ? null : "given"
      databricks_transformer_window_period_min = var.databricks_transformer_window_period_min == null ? null : "given"
    } : name if value != null
  ]
}

check "variables_without_effect" {
  assert {
    condition     = length(local.without_effect) == 0
    error_message = "Without effect here: ${join(", ", local.without_effect)}. Passwords of databases have an effect with takeover = true alone: else RDS makes them."
  }
}

check "room_for_tasks" {
  assert {
    condition     = !local.ecs || module.network.assign_public_ip || module.network.usable_private_addresses == null || local.most_tasks * 2 <= coalesce(module.network.usable_private_addresses, 0) - 10
    error_message = "While versions change, ${local.most_tasks * 2} tasks may be there at once, more than the private subnets have addresses for: choose a larger network_size."
  }
}
