#!/usr/bin/env python3
"""docs/openapi.yaml against the server: that it names each route of the table and no other, that
each of its examples is answered as it says, and that nothing schemathesis makes up from it gets an
answer which it does not describe; and the metrics against Prometheus' own reader. `./dev test
--only contract` calls it with a binary.

    contract.py BINARY [--examples N] [--seed N] [--database URL]

Prints `ok NAME` or `not ok NAME` for each check."""
import argparse
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

TOP = pathlib.Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "patch", "delete")
# The examples name things that are not there unless they say otherwise.
PATH_EXAMPLE_STATUS = {200, 204, 400, 403, 404, 501, 503}


def bind_free(one):
    """A port below those that the system gives to whoever asks for any: tests run side by side."""
    while True:
        port = secrets.choice(range(10000, 32768))
        try:
            one.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass


class Server:
    def __init__(self, binary, database):
        self.folder = tempfile.mkdtemp(prefix="parlor-contract-")
        with (socket.socket() as probe, socket.socket() as other,
              socket.socket(type=socket.SOCK_DGRAM) as media):
            port, metrics_port, media_port = (bind_free(one) for one in (probe, other, media))
        self.origin = f"http://127.0.0.1:{port}"
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
        self.log = open(os.path.join(self.folder, "log"), "wb")
        data = os.path.join(self.folder, "data")
        self.process = subprocess.Popen(
            [binary, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--media-port",
             str(media_port), "--workers", "1", "--rate-limit", "off", "--allow-root",
             "--metrics-listen", str(metrics_port),
             *(["--database", database] if database else [])],
            stdout=self.log, stderr=self.log)
        for _ in range(500):
            try:
                self.call("GET", "/health")
                break
            except OSError:
                time.sleep(0.02)
        self.token = subprocess.run([binary, "token", "management", "--data", data], check=True,
                                    capture_output=True, text=True).stdout.strip()

    def call(self, method, path, body=None, token=None, content_type="application/json", more=()):
        """The status and the body of an answer."""
        headers = {"content-type": content_type, **dict(more)}
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.origin + path, method=method, headers=headers,
                                         data=None if body is None else octets(body, content_type))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


def octets(body, content_type):
    return (json.dumps(body) if content_type == "application/json" else body).encode()


def operations(description):
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item.get("parameters", []), item[method]


def table_rows():
    source = (TOP / "api/routes.c").read_text()
    return set(re.findall(r'(?:STORED|LIVE|SDP|ACCOUNTS)\((\w+),\s*"([^"]+)"', source) +
               re.findall(r'\{HTTP_(\w+),\s*"([^"]+)"', source))


def check_table(description):
    described = {(method, re.sub(r"\{\w+\}", "{}", path))
                 for method, path, _, _ in operations(description)}
    rows = table_rows()
    faults = [f"{' '.join(row)} is not described" for row in sorted(rows - described)]
    faults += [f"{' '.join(row)} is described and not there" for row in sorted(described - rows)]
    if len(rows) < 20:
        faults.append("api/routes.c was not understood")
    return faults


def resolved(description, value):
    if "$ref" in value:
        _, _, kind, name = value["$ref"].split("/")
        return description["components"][kind][name]
    return value


def check_examples(description, server):
    """Each call with each of its example bodies; without one, once."""
    faults = []
    for method, path, parameters, operation in operations(description):
        for given in parameters:
            known = resolved(description, given)
            path = path.replace("{%s}" % known["name"], str(known.get("example", "x")))
        wanted_ones = [one for one in (resolved(description, one) for one in operation.get("parameters", []))
                       if one.get("required")]
        needed = [f"{one['name']}={one.get('example', 'x')}" for one in wanted_ones if one["in"] == "query"]
        headers = {one["name"]: one["example"] for one in wanted_ones if one["in"] == "header"}
        target = path + ("?" + "&".join(needed) if needed else "")
        contents = resolved(description, operation.get("requestBody", {})).get("content", {})
        content_type, content = next(iter(contents.items()), ("application/json", {}))
        examples = content.get("examples") or content.get("x-examples") or {"none": {"value": None}}
        scopes = [name for one in operation.get("security", description["security"]) for name in one]
        for name, example in examples.items():
            token = server.app_token if "app" in scopes else server.token
            status, body = server.call(method, target, example["value"], token, content_type, headers)
            where = f"{method} {target} ({name})"
            wanted = example.get("x-expected-status")
            # A token opens nothing of the dashboard's, whose page alone may sign in.
            if path.startswith("/v2/admin/"):
                wanted = 403 if path in ("/v2/admin/link", "/v2/admin/session") and method == "POST" else 401
            if wanted and status != wanted:
                faults.append(f"{where}: {status}, not {wanted}: {body[:200]}")
            elif not wanted and content.get("examples") and "{" not in path and not parameters and status != 200:
                faults.append(f"{where}: {status}, not 200: {body[:200]}")
            elif not wanted and status not in PATH_EXAMPLE_STATUS:
                faults.append(f"{where}: {status}: {body[:200]}")
            if status >= 400 and json.loads(body)["code"] != status:
                faults.append(f"{where}: the body is not an error: {body[:200]}")
    return faults


def make_app_token(server):
    """A token, and the room that it is for."""
    _, room = server.call("POST", "/v2/rooms", {}, server.token)
    _, codes = server.call("POST", f"/v2/room-codes/room/{json.loads(room)['id']}", None, server.token)
    _, login = server.call("POST", "/v2/token", {"code": json.loads(codes)["data"][0]["code"]})
    return json.loads(login)["token"], json.loads(room)["id"]


# A body may hold U+0000 by its schema, and any string may be longer than an URL may be.
CONFIG = """
[generation]
allow-x00 = false
codec = "utf-8"

[checks]
unsupported_method.enabled = false
not_a_server_error.expected-statuses = ["2xx", "4xx", "501", "503"]
"""


def check_property(server, openapi, folder, examples, seed):
    """Statuses, types and bodies that the description does not allow, what it forbids and is taken all
    the same, and what is there after it was deleted. (Refusing what the schema allows is no fault: a
    name may be taken.) Of the 5xx only those are described that say that an engine is missing."""
    config = pathlib.Path(folder) / "schemathesis.toml"
    faults = []
    for scope, token in (("management", server.token), ("app", server.app_token)):
        # Of any other room an app token's offers would all be refused.
        own_room = f'[parameters]\n"path.room_id" = "{server.app_room}"\n' if scope == "app" else ""
        config.write_text(own_room + CONFIG)
        chosen = [operation["operationId"] for _, _, _, operation in operations(openapi)
                  if ("app" in [name for one in operation.get("security", openapi["security"]) for name in one])
                  == (scope == "app")]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run",
             f"{server.origin}/openapi.json", "--url", server.origin, "--header", f"Authorization: Bearer {token}",
             # A busy machine may keep an answer waiting; that is no fault of the description.
             "--request-timeout", "60", "--max-examples", str(examples), "--seed", str(seed), "--no-color",
             "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
             "negative_data_rejection,use_after_free,ensure_resource_availability",
             *[word for name in chosen for word in ("--include-operation-id", name)]],
            cwd=folder, capture_output=True, text=True,
            env=dict(os.environ, SCHEMATHESIS_HOOKS="sdp_hooks", PYTHONPATH=str(TOP / "tests/contract")))
        print("\n".join(line for line in done.stdout.splitlines() if "generated" in line))
        if done.returncode:
            faults.append(done.stdout[-12000:] + done.stderr[-2000:])
    return faults


def read_metrics(server, accept):
    """The page and its content type."""
    request = urllib.request.Request(server.metrics_url, headers={"accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode(), answer.headers["content-type"]


def check_metrics(server):
    """Prometheus' own readers understand each line, and the families are what they say."""
    faults = []
    forms = (("text/plain", "text/plain; version=0.0.4; charset=utf-8", text_string_to_metric_families),
             ("application/openmetrics-text; version=1.0.0",
              "application/openmetrics-text; version=1.0.0; charset=utf-8", read_openmetrics))
    families_of = []
    for accept, kind, read in forms:
        text, said = read_metrics(server, accept)
        faults += [] if said == kind else [f"content type {said}"]
        families = list(read(text))
        faults += check_families(families, text)
        families_of.append({(family.name, family.type) for family in families})
    if families_of[0] != families_of[1]:
        faults.append(f"only in one form: {families_of[0] ^ families_of[1]}")
    return faults


def check_families(families, text):
    """Each sample comes once, and is what its family says."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    samples = [sample for family in families for sample in family.samples]
    faults = []
    if len(samples) != len(lines):
        faults.append(f"{len(lines)} lines are {len(samples)} samples")
    if len({family.name for family in families}) != len(families):
        faults.append("a family comes twice")
    seen = {(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples}
    if len(seen) != len(samples):
        faults.append("a sample comes twice")
    for family in families:
        if not family.documentation or family.type not in ("counter", "gauge", "histogram"):
            faults.append(f"{family.name}: {family.type}: {family.documentation}")
        if family.type == "histogram":
            faults += check_histogram(family)
    asked = [sample.value for sample in samples if sample.name == "parlor_http_responses_total"
             and sample.labels["status"] == "200"]
    return faults if sum(asked) > 0 else [*faults, "no answer of 200 was counted"]


def check_histogram(family):
    """Of each set of labels: buckets never fall, and the last is the count."""
    faults = []
    counts = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        counts.setdefault(tuple(sorted(labels.items())), []).append(sample)
    for labels, samples in counts.items():
        buckets = [(float(one.labels["le"]), one.value) for one in samples if one.name.endswith("_bucket")]
        count = [one.value for one in samples if one.name.endswith("_count")]
        if buckets != sorted(buckets) or [value for _, value in buckets] != sorted(value for _, value in buckets):
            faults.append(f"{family.name}{labels}: buckets {buckets}")
        if buckets[-1][0] != float("inf") or count != [buckets[-1][1]]:
            faults.append(f"{family.name}{labels}: the count is {count}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="its URL, when it is not SQLite")
    wanted = parser.parse_args()
    server = Server(wanted.binary, wanted.database)
    failed = False

    def report(name, faults):
        nonlocal failed
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {name}", flush=True)
        for fault in faults:
            print(f"    {fault}", flush=True)

    try:
        server.app_token, server.app_room = make_app_token(server)
        status, body = server.call("GET", "/openapi.json")
        description = json.loads(body)
        report("the description is served", [] if status == 200 else [str(status)])
        report("every route is described, and nothing else", check_table(description))
        report("every example is answered as described", check_examples(description, server))
        report("Prometheus' own readers understand the metrics", check_metrics(server))
        report("nothing made up gets an answer that is not described",
               check_property(server, description, server.folder, wanted.examples, wanted.seed))
    finally:
        code = server.stop()
    report("the server ended cleanly", [] if code == 0 else [f"code {code}"])
    return failed


if __name__ == "__main__":
    sys.exit(main())
