"""From nothing to a pipeline by the commands of piste, and what they say of it.

    python commands.py PISTE
"""

import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import aws as stand_in


def expect(condition, what, said=""):
    if not condition:
        raise SystemExit(f"{what}\n{said}")


class Well(http.server.BaseHTTPRequestHandler):
    """A collector that is well."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def main(piste):
    with tempfile.TemporaryDirectory() as work, stand_in.Aws(work) as aws:
        folder = Path(work, "piste-aws")
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
        environment = {**os.environ, **keys, "AWS_ENDPOINT_URL": aws.url, "AWS_REGION": stand_in.REGION}

        def run(*arguments, code=0):
            done = subprocess.run([piste, "deploy", *arguments], cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            said = f"piste deploy {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            expect(done.returncode == code, said)
            return done.stdout + done.stderr

        run("up", code=64)
        said = run("init", "--preset", "solo", "--region", stand_in.REGION, "--var", "ssh_public_key=unused")
        expect("next: piste deploy up" in said, "init does not say what comes next", said)
        run("init", "--preset", "small", "--region", stand_in.REGION, code=64)
        expect("nothing is deployed yet" in run("status", code=1), "status before up")

        # The stand-in knows no account of these keys.
        settings = {"skip_credentials_validation": True, "skip_metadata_api_check": True, "s3_use_path_style": True, "max_retries": 2}
        preset = folder / "terraform" / "environments" / "solo"
        (preset / "test_override.tf.json").write_text(json.dumps({"provider": {"aws": settings}}))
        said = run("up", "--dry-run")
        expect(re.search(r"^note: Without effect here: ssh_public_key", said, re.M), "what has no effect is not said", said)
        expect(re.search(r"^about \d+ USD a month", said, re.M), "the costs are not said", said)
        run("up", code=64)
        said = run("up", "--yes")
        made = int(re.search(r"^(\d+) to make, 0 to change, 0 to remove", said, re.M)[1])
        expect(f"{made}/{made} " in said and "aws s3 cp piste.rpm s3://" in said, "up does not tell all", said)

        said = run("status", code=1)
        expect("stream piste-raw-stream: shards 1" in said and "collector: http" in said, "status does not tell all", said)
        server = http.server.HTTPServer(("127.0.0.1", 0), Well)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state = preset / "terraform.tfstate"
        known = json.loads(state.read_text())
        known["outputs"]["collector_url"]["value"] = f"http://127.0.0.1:{server.server_port}"
        state.write_text(json.dumps(known))
        expect("collector: well" in run("status"), "status of a collector that is well")

        # A newer version brings its files; what was chosen and what is there stay.
        (folder / "terraform" / "modules" / "network" / "old.tf").write_text("nonsense")
        run("init", "--upgrade")
        expect(not (folder / "terraform" / "modules" / "network" / "old.tf").exists(), "files of an old version stay")
        expect(json.loads((preset / "terraform.tfvars.json").read_text())["region"] == stand_in.REGION, "variables are lost")
    print(f"init, up, status and upgrade of solo: {made} resources")


if __name__ == "__main__":
    main(sys.argv[1])
