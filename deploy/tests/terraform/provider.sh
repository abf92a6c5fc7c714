#!/usr/bin/env bash
# Sourced: ends with 77 where there is no terraform, and finds a mirror of providers.
command -v terraform >/dev/null || { echo 'terraform is not here'; exit 77; }
version=$(terraform version -json 2>/dev/null | sed -n 's/.*"terraform_version": *"\([^"]*\)".*/\1/p')
[[ $(printf '%s\n' 1.11 "$version" | sort -V | head -1) == 1.11 ]] || { echo "terraform is $version, 1.11 is needed"; exit 77; }
export CHECKPOINT_DISABLE=1
if [[ ! -f ${TF_CLI_CONFIG_FILE:-} ]]; then
  unset TF_CLI_CONFIG_FILE
  for mirror in "${TERRAFORM_MIRROR:-}" /usr/share/terraform/plugins /usr/local/share/terraform/plugins /opt/tf-plugins; do
    if [[ -n $mirror && -d $mirror ]]; then
      TF_CLI_CONFIG_FILE=$(mktemp)
      export TF_CLI_CONFIG_FILE
      printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$TF_CLI_CONFIG_FILE"
      break
    fi
  done
fi
