"""What a plan says to wrong input: one sentence for each mistake, and none but the mistakes that were made.

    python sentences.py

Each plan below makes mistakes that are found together; together they are all that deploy/terraform finds.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import aws as stand_in
from environment import HERE, Environment

ZONES = "eu-west-1a, eu-west-1b, eu-west-1c"
LIST = "is a list of IPv4 networks such as"
WAREHOUSE = "There is no loader for {0}: set {1}_enabled to false, have enriched events written as Parquet (s3_enriched_enabled), and let {0} read these tables from the bucket."

# Plans: a name -> variable -> (value, what is said of it).
PLANS = {
    "words": {
        "prefix": ("My_Pipeline", "prefix has 1 to 18 small letters, digits and dashes, begins with a letter and does not end with a dash."),
        "architecture": ("RISC-V", "architecture is ARM64 or X86_64."),
        "network_size": ("huge", "network_size is small (/25), medium (/23) or large (/22)."),
        "network_mode": ("vpn", "network_mode is public, endpoints, nat or existing."),
        "domain_names": (["https://c.acme.com/"], "domain_names are host names in small letters, such as c.acme.com, without https:// and path."),
        "enrichments": ({"ua": "{"}, "Each of enrichments is JSON with schema and data, as the files of the original."),
        "config_overrides": ({"s3-loader": ""}, "config_overrides knows collector, enrich, s3-loader-raw, s3-loader-enriched, s3-loader-bad, postgres-loader-enriched, postgres-loader-bad and iglu."),
        "vpc_id": ("default", "vpc_id is the id of a VPC, such as vpc-0a1b2c3d, or empty: then one is made."),
        "s3_bucket_name": ("A", "s3_bucket_name has 3 to 63 small letters, digits, dots and dashes."),
        "s3_bucket_object_prefix": ("pipeline", "s3_bucket_object_prefix is empty, or ends with a slash and does not begin with one, such as pipeline/."),
        "iglu_server_dns_name": ("iglu.acme.com", "iglu_server_dns_name begins with http:// or https:// and has no path, or is empty: then a registry is made."),
        "iglu_super_api_key": ("secret", "iglu_super_api_key is a UUID, such as uuidgen prints, or empty: then one is made."),
        "postgres_db_ip_allowlist": (["home"], f"postgres_db_ip_allowlist {LIST} 203.0.113.7/32."),
        "ssl_information": ({"enabled": True, "certificate_arn": ""}, "ssl_information.enabled needs certificate_arn, the ARN of a certificate of ACM; or set domain_names and route53_zone_id, and one is made."),
        "cloudwatch_logs_retention_days": (8, "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."),
        "stream_shards_max": (0, "stream_shards_max is a whole number, at least 1."),
        "waf_rate_limit": (5, "waf_rate_limit is 0, or 10 to 2000000000 requests in five minutes."),
        "redshift_enabled": (True, WAREHOUSE.format("Redshift", "redshift")),
        "snowflake_enabled": (True, WAREHOUSE.format("Snowflake", "snowflake")),
        "snowflake_streaming_enabled": (True, WAREHOUSE.format("Snowflake", "snowflake_streaming")),
        "databricks_enabled": (True, WAREHOUSE.format("Databricks", "databricks")),
    },
    "numbers": {
        "network_cidr": ("10.20.0.130/25", "network_cidr begins with the first address of its block, such as 10.20.0.128/25 and not 10.20.0.130/25."),
        "ipam_pool_cidr": ("10.20.0.0/20", "ipam_pool_cidr is an IPv4 network of length 21, such as 10.20.0.0/21."),
        "environment_index": (16, "A /21 has 16 small blocks (environment_index 0 to 15), 4 medium ones (0 to 3) or 2 large ones (0 to 1)."),
        "taken_cidrs": (["everything"], f"taken_cidrs {LIST} 10.20.0.0/25."),
        "availability_zones": (["eu-west-1a"], "availability_zones names two different zones for small, three for medium and large, or none: then the first ones are taken."),
        "nat_gateways": ("two", "nat_gateways is one or per_zone."),
        "ip_allowlist": (["everybody"], f"ip_allowlist {LIST} 0.0.0.0/0 or 203.0.113.7/32, with one at least."),
        "edge": ("elb", "edge is alb or nlb."),
        "iglu_db_name": ("1", "The name of a database begins with a letter and has letters, digits and underscores, at most 63."),
        "iglu_db_username": ("rdsadmin", "The name of the database's user begins with a letter, has letters, digits and underscores, at most 63, and is none that RDS keeps for itself (postgres, rdsadmin, admin)."),
        "alarm_emails": (["me"], "alarm_emails are addresses such as on-call@acme.com."),
        "stream_mode": ("FAST", "stream_mode is PROVISIONED or ON_DEMAND."),
        "stream_shards": ({"raw": 0}, "A stream has a whole number of shards, at least one."),
        "stream_retention_hours": (12, "Kinesis keeps records for 24 to 8760 hours."),
        "checkpoint_billing": ("FREE", "checkpoint_billing is PAY_PER_REQUEST or PROVISIONED."),
    },
    "a network that is none": {"network_cidr": ("10.20.0.0", "network_cidr is an IPv4 network such as 10.20.0.0/25.")},
    "a network of another size, in the world": {
        "network_cidr": ("52.0.0.0/24", ["The length of network_cidr is that of network_size: /25 for small, /23 for medium, /22 for large.", "network_cidr lies in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."]),
    },
    "what is there": {
        "taken_cidrs": (["10.20.0.0/24"], "10.20.0.0/25 overlaps 10.20.0.0/24 of taken_cidrs: choose another environment_index or network_cidr."),
        "availability_zones": (["eu-west-1a", "eu-west-1x"], f"eu-west-1 has no availability zone eu-west-1x: it has {ZONES}."),
    },
    "what it needs": {
        "domain_names": (["c.acme.com"], "For domain_names a certificate is needed: set route53_zone_id, and one is made, or ssl_information.certificate_arn."),
        "iglu_domain_name": ("iglu.acme.com", []),
        "waf_rate_limit": (2000, 'A firewall stands before an alb alone: edge = "nlb" and waf_rate_limit exclude each other.'),
        "edge": ("nlb", 'An nlb has one route: edge = "nlb" and a registry on the same load balancer exclude each other.'),
        "postgres_db_enabled": (True, []),
        "postgres_db_publicly_accessible": (True, "A publicly accessible database needs addresses that may connect: set postgres_db_ip_allowlist."),
    },
    "an image without a version": {"image": ("piste", "An image is named with a tag (:0.1.0) or a digest (@sha256:...).")},
    "a VPC without subnets": {"network_mode": ("existing", "A VPC that is there needs vpc_id and at least two public_subnet_ids, in different zones.")},
}

# Said of nothing that an environment takes: its callers are our own; and of regions with few zones, which the stand-in has not.
ELSEWHERE = [
    "architecture is arm64 or x86_64.",
    "package is an s3:// or https:// URL that ends in .rpm.",
    "Exactly one route has no hosts.",
    "The certificate is an ARN of ACM, such as",
    "A configuration has at most 6144 bytes",
    "Scaling follows none, load or lag.",
    "ECS asks every 5 to 300 seconds",
    "availability zones, and",
    "Without effect here:",
    "While versions change,",
]


def sentences(mistakes):
    for _, said in mistakes.values():
        yield from [said] if isinstance(said, str) else said


def every_sentence():
    """Those that the files have, with `${...}` left out."""
    for file in sorted([*HERE.glob("pipeline/*.tf"), *HERE.glob("modules/*/*.tf")]):
        for text in re.findall(r'error_message = "(.*)"$', file.read_text(), re.M):
            yield json.loads('"' + re.sub(r"\$\{.*?\}(?=[^})]|$)", "\\\\u0000", text) + '"')


def unseen():
    known = " ".join(each for mistakes in PLANS.values() for each in sentences(mistakes)) + " ".join(ELSEWHERE)
    for sentence in every_sentence():
        longest = max(sentence.split("\0"), key=len).strip()
        if longest not in known and not any(each in sentence for each in ELSEWHERE):
            yield sentence


def plan(environment, mistakes):
    """What terraform complains of, each on one line."""
    (environment.folder / "mistakes.auto.tfvars.json").write_text(json.dumps({name: value for name, (value, _) in mistakes.items()}))
    done = subprocess.run(["terraform", "plan", "-input=false", "-no-color"], cwd=environment.folder, capture_output=True, text=True, check=False)
    said = re.split(r"^(?=Error: |Warning: )", re.sub(r"^[╷╵│] ?", "", done.stderr, flags=re.M), flags=re.M)
    return [re.sub(r"\s+", " ", each) for each in said if each.startswith("Error: ")]


def main():
    missing = list(unseen())
    if missing:
        raise SystemExit("nobody makes the mistake: " + "\n".join(missing))
    count = 0
    with tempfile.TemporaryDirectory() as work, stand_in.Aws(work) as aws:
        environment = Environment("small", aws, work)
        environment.init()
        for name, mistakes in PLANS.items():
            complaints = plan(environment, mistakes)
            for sentence in sentences(mistakes):
                if not any(sentence in each for each in complaints):
                    raise SystemExit(f"{name}: not said: {sentence}\n" + "\n".join(complaints))
                count += 1
            for each in complaints:
                if not any(sentence in each for sentence in sentences(mistakes)):
                    raise SystemExit(f"{name}: said, too: {each}")
    print(f"{count} mistakes, a sentence for each, in {len(PLANS)} plans")


if __name__ == "__main__":
    main()
