#!/usr/bin/env python3
"""Runs every test and counts them. ./dev test does the set-up and calls this.

The last line is `N passed, N failed, N skipped`; one count for each test function, simulation,
fuzz target and browser scenario."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from postgres import Postgres

TOP = pathlib.Path(__file__).resolve().parent.parent


# The first finding ends the program, with a code that its caller takes for a failure.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"halt_on_error=1:suppressions={TOP}/tests/tsan.supp",
}


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def call(command, **more):
    """Runs a command from the top; returns its exit code and all it printed."""
    done = subprocess.run(
        command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", **more)
    return done.returncode, done.stdout


def one(command):
    """A command that is one test by itself."""
    code, output = call(command)
    if code:
        print(output)
    return Counts(failed=1) if code else Counts(passed=1)


def count_meson_test(result):
    """A program on cmocka counts each of its tests; any other counts as one."""
    if result["result"] in ("SKIP",):
        return Counts(skipped=1)
    output = result.get("stdout", "") + result.get("stderr", "")
    passed = len(re.findall(r"^\[       OK \]", output, re.M))
    failed = len(set(re.findall(r"^\[  FAILED  \] (\w+)$", output, re.M)))
    if result["result"] != "OK":
        failed = max(failed, 1)  # crashed, leaked or ran out of time
    elif passed == 0:
        passed = 1
    return Counts(passed, failed)


def meson(folder, *options):
    """The tests of a build folder. A failed one prints all it said."""
    environment = dict(os.environ, **SANITIZERS)
    log = TOP / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    code, output = call(["meson", "test", "-C", folder, "--no-rebuild", *options],
                        env=environment)
    if not log.exists():
        print(output)
        return Counts(failed=1)
    counts = Counts()
    for line in log.read_text().splitlines():
        result = json.loads(line)
        counted = count_meson_test(result)
        if counted.failed:
            print(f"--- {folder} {result['name']}: {result['result']}")
            print(result.get("stdout", "")[-6000:])
            print(result.get("stderr", "")[-6000:])
        counts.add(counted)
    if code and not counts.failed:
        print(output)
        counts.failed += 1
    return counts


def configure(folder, *options, environment=None):
    """Makes and compiles a build folder that only tests use."""
    if not (TOP / folder / "build.ninja").exists():
        code, output = call(["meson", "setup", folder, *options],
                            env=dict(os.environ, **(environment or {})))
        if code:
            print(output)
            return False
    code, output = call(["ninja", "-C", folder, "--quiet"])
    if code:
        print(output)
    return code == 0


def count_tap(output):
    """Node's test runner counts itself in its closing comments."""
    found = {"pass": 0, "fail": 0, "cancelled": 0, "skipped": 0}
    for name, count in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output, re.M):
        found[name] += int(count)
    return Counts(found["pass"], found["fail"] + found["cancelled"], found["skipped"])


def node(folder, *words, binary="build/parlor", patience=1, postgres=None):
    """The tests of a folder that node runs; their figures are shown. A server with a sanitizer
    is slower: `patience` is how much."""
    environment = dict(os.environ, **SANITIZERS, PARLOR_BINARY=str(TOP / binary),
                       PARLOR_PATIENCE=str(patience))
    if postgres:
        environment["PARLOR_TEST_POSTGRES"] = postgres
    code, output = call(["node", "tests/run.mjs", folder, *words], env=environment)
    counts = count_tap(output)
    if code or counts.failed:
        print(output)
        if not counts.failed:
            counts.failed += 1
    else:
        print("\n".join(line for line in output.splitlines() if line.startswith("# figure")))
    return counts


def run_asan():
    """All C tests, and a server that meets hostile input and a call, under ASan and UBSan."""
    counts = meson("build-asan")
    counts.add(node("system", binary="build-asan/parlor", patience=10))
    counts.add(node("browser", "sdk", "doors", binary="build-asan/parlor", patience=10))
    return counts


def run_tsan():
    """All C tests and a server that serves a call, under TSan."""
    if not configure("build-tsan", "-Dtests=true", "-Db_sanitize=thread", "-Db_lundef=false"):
        return Counts(failed=1)
    counts = meson("build-tsan")
    counts.add(node("browser", "sdk", binary="build-tsan/parlor", patience=10))
    return counts


def run_web():
    counts = one(["npm", "--prefix", "web", "run", "--silent", "check"])
    code, output = call(["npm", "--prefix", "web", "test", "--silent"],
                        env=dict(os.environ, NO_COLOR="1"))
    failed = re.search(r"Tests\s.*?(\d+) failed", output)
    passed = re.search(r"Tests\s.*?(\d+) passed", output)
    tests = Counts(int(passed.group(1)) if passed else 0, int(failed.group(1)) if failed else 0)
    if (code or not passed) and not tests.failed:
        tests.failed = 1  # it did not run, or nobody can tell
    if tests.failed:
        print(output)
    counts.add(tests)
    return counts


def run_contract(*options):
    """docs/openapi.yaml against the server, with a tester from PyPI in an environment of its own."""
    code, output = call(["build/contract-venv/bin/python", "tests/contract/contract.py", "build/parlor",
                         *options])
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    if code:
        print(output[-12000:])
    return Counts(passed, max(failed, 1 if code else 0))


def run_postgres():
    """What a back end sees, calls that outlive kills, and the contract, on PostgreSQL as on SQLite."""
    postgres = Postgres()
    try:
        postgres.start()
        counts = node("system", "backend", "backup", "cli", "kills", "live", "polls", "reports",
                      "restart", "server-sdk", "sessions", "webhooks", postgres=postgres.url)
        counts.add(run_contract("--database", postgres.url))
    finally:
        postgres.end()
    return counts


def run_kills(count):
    os.environ["PARLOR_KILLS"] = str(count)
    return node("system", "kills")


def run_stopped(seconds):
    os.environ["PARLOR_STOP_S"] = str(seconds)
    return node("system", "stopped")


def run_long(program, count):
    """A simulation of so many seeds, other ones each day."""
    seed = int(time.time()) // 86400 * 1000003
    print(f"# figure {program}: {count} seeds from {seed}")
    return one([f"build/tests/sim/{program}", "--count", str(count), "--seed", str(seed)])


def run_years():
    """Applications that pin an SDK of any year."""
    os.environ["PARLOR_OLD_SDKS"] = "all"
    return node("browser", "old-applications")


# What ./dev nightly runs: few parts, each of them long.
NIGHTLY = {
    "kills": lambda: run_kills(200),
    "stopped": lambda: run_stopped(45),
    "sim": lambda: run_long("sim", 5000),
    "people": lambda: run_long("people", 20000),
    "fuzz": lambda: fuzz(120),
    "contract": lambda: run_contract("--examples", "400"),
    "years": run_years,
}

PARTS = {
    "floors": lambda: one([sys.executable, "tests/floors.py"]),
    "unit": lambda: meson("build"),
    "asan": run_asan,
    "tsan": run_tsan,
    "fuzz": lambda: fuzz(4),
    "web": run_web,
    "contract": run_contract,
    "system": lambda: node("system"),
    "postgres": run_postgres,
    "browser": lambda: node("browser"),
}


def fuzz(seconds):
    code, output = call([sys.executable, "tests/fuzz/run.py", "--seconds", str(seconds)])
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    if code:
        print(output[-8000:])
    return Counts(passed, max(failed, 1 if code else 0))


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("--nightly", action="store_true", help="the long runs instead")
    parser.add_argument("--only", action="append", choices=[*PARTS, *NIGHTLY], metavar="PART",
                        help="run this part; may be given several times")
    parser.add_argument("--list", action="store_true", help="name the parts")
    wanted = parser.parse_args()
    parts = NIGHTLY if wanted.nightly else PARTS
    if wanted.list:
        print("\n".join(parts))
        return 0
    total = Counts()
    for name, run in parts.items():
        if wanted.only and name not in wanted.only:
            continue
        print(f"==> {name}", flush=True)
        start = time.monotonic()
        counts = run()
        print(f"    {name}: {counts} in {time.monotonic() - start:.0f} s", flush=True)
        total.add(counts)
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
