#!/usr/bin/env python3
"""Runs every test and counts them. ./dev test does the set-up and calls this.

Four lanes run side by side. In one is what computes: builds, C tests, fuzzing; it is nice, so that
the others get the processor when they want it: browsers in one, servers and their clients in another,
and in the last what hardly computes, as it waits for seconds to pass: retries, time-outs, a database that
is away. Browsers are in their lane only, one file after the other, and so is what measures how much a
server can do. What takes longest goes first. A lane that is done helps.

The last line is `N passed, N failed, N skipped`; one count for each test function, simulation,
fuzz target and browser scenario. The line before it names what failed; before that stand the tasks
that took longest, how long each lane was at work, and how busy the processors were."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

from fuzz.run import COMPILER as ASAN_COMPILER, OPTIONS as ASAN_OPTIONS
from postgres import Postgres

TOP = pathlib.Path(__file__).resolve().parent.parent


# The first finding ends the program, with a code that its caller takes for a failure.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"halt_on_error=1:suppressions={TOP}/tests/tsan.supp",
}
NICE = ["nice", "-n", "10"]
MESON_PATIENCE = ["--timeout-multiplier", "6"]  # what three other lanes leave of two processors


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


# What a task says is printed when it is done, in one piece.
said = threading.local()


def say(text):
    said.lines.append(text.rstrip("\n"))


def call(command, **more):
    """Runs a command from the top; returns its exit code and all it printed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", **more)
    return done.returncode, done.stdout


def one(command, **more):
    """A command that is one test by itself."""
    code, output = call(command, **more)
    if code:
        say(output)
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
    code, output = call([*NICE, "meson", "test", "-C", folder, "--no-rebuild", *MESON_PATIENCE,
                         *options], env=environment)
    if not log.exists():
        say(output)
        return Counts(failed=1)
    counts = Counts()
    for line in log.read_text().splitlines():
        result = json.loads(line)
        counted = count_meson_test(result)
        if counted.failed:
            say(f"--- {folder} {result['name']}: {result['result']}")
            say(result.get("stdout", "")[-6000:])
            say(result.get("stderr", "")[-6000:])
        counts.add(counted)
    if code and not counts.failed:
        say(output)
        counts.failed += 1
    return counts


def configure(folder, *options, environment=None, targets=()):
    """Makes and compiles a build folder that only tests use, or those targets of it."""
    if not (TOP / folder / "build.ninja").exists():
        code, output = call([*NICE, "meson", "setup", folder, *options],
                            env=dict(os.environ, **(environment or {})))
        if code:
            say(output)
            return False
    code, output = call([*NICE, "ninja", "-C", folder, "-j", "2", "--quiet", *targets])
    if code:
        say(output)
    return code == 0


def count_tap(output):
    """Node's test runner counts itself in its closing comments."""
    found = {"pass": 0, "fail": 0, "cancelled": 0, "skipped": 0}
    for name, count in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output, re.M):
        found[name] += int(count)
    return Counts(found["pass"], found["fail"] + found["cancelled"], found["skipped"])


def find_node():
    """Debian's own node where it is installed, whatever else is found first: it is the oldest."""
    code, version = call(["dpkg-query", "-W", "-f", "${Version}", "nodejs"])
    debian = code == 0 and "dfsg" in version and os.access("/usr/bin/node", os.X_OK)
    return "/usr/bin/node" if debian else "node"


def node(file, binary="build/parlor", patience=1, environment=None, minutes=15):
    """A file of tests that node runs; its figures are shown. A server with a sanitizer is slower:
    `patience` is how much. A file that hangs says so, and does not hold up all others."""
    environment = dict(os.environ, **SANITIZERS, PARLOR_BINARY=str(TOP / binary),
                       PARLOR_PATIENCE=str(patience), **(environment or {}))
    code, output = call(["timeout", "--kill-after=20", f"{minutes}m", find_node(),
                         "--test-reporter=tap", file], env=environment)
    counts = count_tap(output)
    if code in (124, 137):
        output += f"not ok - {file}: ended after {minutes} minutes"
    if code or counts.failed or not counts.passed + counts.skipped:
        say(output)
        counts.failed = max(counts.failed, 1)
    else:
        for line in output.splitlines():
            if line.startswith("# figure"):
                say(line)
    return counts


class Task:
    """A part, or a piece of one. `lane` is where it belongs: "work", "calls", "waits" or "browser"."""

    def __init__(self, name, lane, run):
        self.name, self.lane, self.run = name, lane, run


def part(lane, run):
    return lambda name: [Task(name, lane, run)]


# The files that take longest go first: whatever is begun last is soon over.
LONGEST = ["away", "reading", "whip", "backends", "webhooks", "long", "loss", "client", "postgres", "restart"]
# What judges how much a server can do has no browser beside it.
MEASURES = ["load"]
# What passes most of its time waiting for time to pass.
WAITS = ["whip", "webhooks", "postgres", "restart", "acknowledged", "shares", "comeback"]


def lane_of(folder, word):
    if folder == "browser" or word in MEASURES:
        return "browser"
    return "waits" if word in WAITS else "calls"


def files(folder, *words, prepare=None, **options):
    """One task for each test file of a folder, or for those that are named."""
    def run(file):
        if prepare and not prepare():
            return Counts(failed=1)
        return node(file, **{key: value() if callable(value) else value
                             for key, value in options.items()})

    def tasks(name):
        found = {path.name.removesuffix(".test.mjs"): path
                 for path in sorted((TOP / "tests" / folder).glob("*.test.mjs"))}
        first = [word for word in LONGEST if word in found]
        return [Task(f"{name}/{word}", lane_of(folder, word), lambda path=found[word]: run(path))
                for word in [*first, *(word for word in found if word not in first)]
                if not words or word in words]
    return tasks


class Once:
    """Something that several tasks need: made by the first of them."""

    def __init__(self, make):
        self.make, self.lock, self.made = make, threading.Lock(), None

    def __call__(self):
        with self.lock:
            if self.made is None:
                self.made = self.make()
            return self.made


# --- What needs no server ---


def c_sources():
    folders = ["api", "base", "client", "net", "room", "rtc", "server", "sfu", "signal", "store"]
    yield from (path for folder in folders for path in sorted((TOP / folder).glob("*.[ch]")))
    yield from sorted((TOP / "tests").glob("[befsu]*/**/*.[ch]"))


def run_format():
    return one(["clang-format", "--dry-run", "-Werror",
                *(path for path in c_sources() if "node_modules" not in path.parts)])


def run_shell():
    counts = one(["shellcheck", "dev", ".ci/run", *sorted((TOP / "tests").glob("*.sh")),
                  *sorted((TOP / "dist/debian").glob("*[!y]"))])
    counts.add(one(["shellcheck", "--shell=bash", "dist/parlor.bash"]))
    return counts


def run_lint():
    """ESLint, and that it refuses what Debian's Node does not have."""
    eslint = [find_node(), "tests/lint/node_modules/eslint/bin/eslint.js", "--config",
              "tests/lint/eslint.config.mjs", "--max-warnings", "0"]
    counts = one([*eslint, "."])
    code, output = call([*eslint, "--stdin", "--stdin-filename", "tests/system/probe.mjs"],
                        input="import { crc32 } from 'node:zlib';\ncrc32('x');\n")
    refuses = code and "zlib.crc32" in output
    if not refuses:
        say(f"a newer function of Node was not refused: {output}")
    counts.add(Counts(1 if refuses else 0, 0 if refuses else 1))
    return counts


# clang compiles everything for ASan, without a warning, and the fuzz targets are in the same folder. What they
# replay in other builds they run here.
asan_build = Once(lambda: configure("build-fuzz", *ASAN_OPTIONS, environment=ASAN_COMPILER))
TSAN_OPTIONS = ["-Dtests=true", "-Db_sanitize=thread", "-Db_lundef=false"]
TSAN_COMPILER = {"CC_LD": ASAN_COMPILER["CC_LD"]}
tsan_build = Once(lambda: configure("build-tsan", *TSAN_OPTIONS, environment=TSAN_COMPILER))


def run_sanitized(folder, build, *options):
    return meson(folder, *options) if build() else Counts(failed=1)


def find_threaded():
    """The tests whose program can begin a thread, and where it is: a name and a path below the build folder."""
    code, output = call(["meson", "introspect", "--tests", "build"])
    if code:
        say(output)
        return {}
    found = {}
    for test in json.loads(output):
        program = pathlib.Path(test["cmd"][0])
        if "postgres" not in test["suite"] and (TOP / "build") in program.parents:
            _, symbols = call(["nm", "--dynamic", "--undefined-only", program])
            if re.search(r" (pthread_create|thrd_create|uv_thread_create|uv_queue_work|curl_\w+|lws_\w+)\b", symbols):
                found[test["name"]] = str(program.relative_to(TOP / "build"))
    return found


def run_threaded():
    """TSan has nothing to see in a program of one thread: ./dev nightly compiles and runs those too."""
    threaded = find_threaded()
    if not threaded:
        say("no program with threads was found")
        return Counts(failed=1)
    build = configure("build-tsan", *TSAN_OPTIONS, environment=TSAN_COMPILER, targets=threaded.values())
    return meson("build-tsan", *threaded) if build else Counts(failed=1)


def run_web():
    counts = one([*NICE, "npm", "--prefix", "web", "run", "--silent", "check"])
    code, output = call([*NICE, "npm", "--prefix", "web", "test", "--silent"],
                        env=dict(os.environ, NO_COLOR="1"))
    failed = re.search(r"Tests\s.*?(\d+) failed", output)
    passed = re.search(r"Tests\s.*?(\d+) passed", output)
    tests = Counts(int(passed.group(1)) if passed else 0, int(failed.group(1)) if failed else 0)
    if (code or not passed) and not tests.failed:
        tests.failed = 1  # it did not run, or nobody can tell
    if tests.failed:
        say(output)
    counts.add(tests)
    return counts


def run_contract(*options):
    """docs/openapi.yaml against the server, with a tester from PyPI in an environment of its own."""
    code, output = call([*NICE, "build/contract-venv/bin/python", "tests/contract/contract.py", "build/parlor",
                         *options])
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    if code:
        say(output[-12000:])
    return Counts(passed, max(failed, 1 if code else 0))


postgres = Once(lambda: start_postgres())


def start_postgres():
    started = Postgres()
    started.start()
    return started


def run_long(program, count, *options, folder="build"):
    """A simulation of so many seeds, other ones each day."""
    seed = int(time.time()) // 86400 * 1000003
    say(f"# figure {' '.join([program, *options])}: {count} seeds from {seed}")
    return one([*NICE, f"{folder}/tests/sim/{program}", "--count", str(count), "--seed", str(seed), *options],
               env=dict(os.environ, **SANITIZERS))


def run_long_asan():
    """What the C tests play with a seed or two there, with many."""
    if not asan_build():
        return Counts(failed=1)
    counts = run_long("sim", 100, folder="build-fuzz")
    counts.add(run_long("sim", 2, "--quality", folder="build-fuzz"))
    counts.add(run_long("people", 600, folder="build-fuzz"))
    return counts


def fuzz(seconds):
    if not asan_build():
        return Counts(failed=1)
    code, output = call([*NICE, sys.executable, "tests/fuzz/run.py", "--seconds", str(seconds)])
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    if code:
        say(output[-8000:])
    return Counts(passed, max(failed, 1 if code else 0))


def run_bare():
    """./dev test on a bare Debian 12, counted as it counts itself."""
    code, output = call([*NICE, "tests/bare.sh"])
    last = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
    if code == 77:
        say(output)
        return Counts(skipped=1)
    counts = Counts(*map(int, last.groups())) if last else Counts(failed=1)
    if code or counts.failed:
        say(output[-20000:])
        counts.failed = max(counts.failed, 1)
    return counts


# Those of the system suite that store much: on PostgreSQL as on SQLite.
ON_POSTGRES = ["backend", "backup", "cli", "kills", "live", "polls", "reports", "restart",
               "server-sdk", "sessions", "webhooks"]
ON_THE_STORE = {"environment": lambda: {"PARLOR_TEST_POSTGRES": postgres().url}}
NIGHT = {"PARLOR_NIGHTLY": "1", "PARLOR_KILLS": "200", "PARLOR_ROUNDS": "300",
         "PARLOR_STOP_S": "45", "PARLOR_OLD_SDKS": "all"}
SLOW = {"patience": 10, "minutes": 90}

# ./dev check: what says in two minutes that nothing is broken.
CHECK = {
    "floors": part("work", lambda: one([sys.executable, "tests/floors.py"])),
    "unit": part("work", lambda: meson("build", "--no-suite", "postgres")),
}

PARTS = {
    "floors": CHECK["floors"],
    "format": part("work", run_format),
    "shell": part("work", run_shell),
    "asan": part("work", lambda: run_sanitized("build-fuzz", asan_build, "--no-suite", "postgres")),
    "contract": part("work", lambda: run_contract("--examples", "10")),
    "unit": part("work", lambda: meson("build")),
    "tsan": part("work", run_threaded),
    "fuzz": part("work", lambda: fuzz(1)),
    "web": part("work", run_web),
    "lint": part("work", run_lint),
    "browser": files("browser"),
    "asan-browser": files("browser", "sdk", prepare=asan_build, binary="build-fuzz/parlor", **SLOW),
    "system": files("system"),
    "postgres": files("system", *ON_POSTGRES, **ON_THE_STORE),
}

# What ./dev nightly runs: what takes long, at its full length.
NIGHTLY = {
    "sim": part("work", lambda: run_long("sim", 5000)),
    "quality": part("work", lambda: run_long("sim", 100, "--quality")),
    "people": part("work", lambda: run_long("people", 20000)),
    "fuzz": part("work", lambda: fuzz(120)),
    "contract": part("work", lambda: run_contract("--examples", "400")),
    "postgres-contract": part("work", lambda: run_contract("--database", postgres().url, "--examples", "40")),
    "asan": part("work", lambda: run_sanitized("build-fuzz", asan_build)),
    "tsan": part("work", lambda: run_sanitized("build-tsan", tsan_build)),
    "asan-sim": part("work", run_long_asan),
    "browser": files("browser", environment=NIGHT, minutes=90),
    "system": files("system", environment=NIGHT, minutes=90),
    "asan-browser": files("browser", "sdk", "doors", prepare=asan_build, binary="build-fuzz/parlor",
                          **SLOW),
    "tsan-browser": files("browser", "sdk", "doors", prepare=tsan_build, binary="build-tsan/parlor",
                          **SLOW),
    "asan-system": files("system", prepare=asan_build, binary="build-fuzz/parlor", **SLOW),
    "bare": part("work", run_bare),
}


# --- Four lanes ---


class Lanes:
    # Where a lane looks for its next task, in this order.
    ORDER = {"work": ["work", "calls", "waits"], "calls": ["calls", "waits", "work"],
             "waits": ["waits", "calls", "work"], "browser": ["browser", "calls", "waits", "work"]}

    def __init__(self, tasks):
        self.waiting = tasks
        self.lock = threading.Lock()
        self.total = Counts()
        self.failed = []
        self.took = []  # of each task: seconds, its name, the lane that ran it, and its own

    def take(self, lane):
        with self.lock:
            for wanted in self.ORDER[lane]:
                for task in self.waiting:
                    if task.lane == wanted:
                        self.waiting.remove(task)
                        return task
        return None

    def run(self, lane):
        while task := self.take(lane):
            said.lines = []
            start = time.monotonic()
            try:
                counts = task.run()
            except Exception as error:  # whatever it is, it is this part's
                say(f"{type(error).__name__}: {error}")
                counts = Counts(failed=1)
            seconds = time.monotonic() - start
            with self.lock:
                self.total.add(counts)
                self.failed += [task.name] if counts.failed else []
                self.took.append((seconds, task.name, lane, task.lane))
                print("\n".join([*said.lines, f"==> {task.name}: {counts} in {seconds:.0f} s"]), flush=True)

    def run_all(self):
        start, busy = time.monotonic(), read_busy()
        lanes = [threading.Thread(target=self.run, args=[lane]) for lane in self.ORDER]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        self.print_times(time.monotonic() - start, read_busy() - busy)

    def print_times(self, seconds, busy):
        for took, name, *_ in sorted(self.took, reverse=True)[:10]:
            print(f"{took:6.0f} s  {name}")
        for lane in self.ORDER:
            own = sum(took for took, _, by, of in self.took if by == of == lane)
            others = sum(took for took, _, by, of in self.took if by == lane != of)
            print(f"{own + others:6.0f} s  lane {lane}: {own:.0f} s of its own tasks, {others:.0f} s of others'")
        print(f"{seconds:6.0f} s  for all, with {busy / seconds:.2f} of {os.cpu_count()} processors busy")


def read_busy():
    """For how many seconds the processors have computed. What our children used is less: browsers end after
    those that would count them."""
    user, nice, system, _, _, interrupts, soft = map(int, pathlib.Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def choose(parts, only):
    """All tasks, or those of the parts, and the files of parts, that are named."""
    tasks = [task for name, make in parts.items() for task in make(name)]
    if not only:
        return tasks
    for word in only:
        if not any(word in (task.name, task.name.split("/")[0]) for task in tasks):
            sys.exit(f"no part {word}; there are: {' '.join(parts)}")
    return [task for task in tasks if task.name in only or task.name.split("/")[0] in only]


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("--nightly", action="store_true", help="the long runs instead")
    parser.add_argument("--check", action="store_true", help="the quick ones only")
    parser.add_argument("--only", action="append", metavar="PART[/FILE]",
                        help="run this part; may be given several times")
    parser.add_argument("--list", action="store_true", help="name the parts")
    wanted = parser.parse_args()
    parts = NIGHTLY if wanted.nightly else CHECK if wanted.check else PARTS
    if wanted.list:
        print("\n".join(parts))
        return 0
    lanes = Lanes(choose(parts, wanted.only))
    try:
        lanes.run_all()
    finally:
        if postgres.made:
            postgres.made.end()
    if lanes.failed:
        print(f"failed: {', '.join(sorted(lanes.failed))}")
    print(lanes.total)
    return 1 if lanes.total.failed or not lanes.total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
