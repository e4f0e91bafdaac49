#!/usr/bin/env python3
"""A PostgreSQL of a test's own, from Debian's package, in a folder that goes with it. Nobody but
this machine reaches it, and it is ended by its id.

    postgres.py -- COMMAND...   runs each COMMAND (a word) with its URL in PARLOR_TEST_POSTGRES
    postgres.py                 for scripts: prints its URL, then obeys the lines of standard input
                                (stop, crash, start, freeze, thaw; answered with "ok"), until that
                                ends

PostgreSQL refuses to run as root: it becomes the user postgres, or nobody, then."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def find_programs():
    """The folder of the newest version that is installed."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                      key=lambda path: int(path.parts[-3]))
    if not versions:
        sys.exit("postgres.py: PostgreSQL is missing: apt-get install postgresql-15")
    return versions[-1].parent


def find_user():
    """Whom it runs as: None for who we are."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    sys.exit("postgres.py: neither a user postgres nor nobody")


class Postgres:
    def __init__(self, durable=True):
        self.durable = durable
        self.programs = find_programs()
        self.user = find_user()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="parlor-postgres-"))
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        # The sockets' names are told by the port; two clusters never share a folder.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql://parlor@127.0.0.1:{self.port}/postgres"
        self.process = None
        # An order of its own: Parlor's has to be that of octets all the same.
        self.call("initdb", "--pgdata", self.data, "--username", "parlor", "--auth", "trust",
                  "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu",
                  "--icu-locale", "en")

    @property
    def data(self):
        return str(self.folder / "data")

    def options(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid,
                "extra_groups": []} if self.user else {}

    def call(self, program, *arguments):
        done = subprocess.run([self.programs / program, *arguments], cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self.options())
        if done.returncode:
            sys.exit(f"postgres.py: {program}: {done.stdout}")

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
             "-c", "max_connections=200", "-c", "shared_buffers=32MB",
             # Plans are looked at: when it has counted a few rows, it takes any index for as good.
             "-c", "autovacuum=off",
             "-c", f"fsync={'on' if self.durable else 'off'}"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.options())
        log.close()
        for _ in range(600):
            ready = subprocess.run(
                [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"postgres.py: it does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast, nobody is waited for. SIGQUIT: as a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def freeze(self, how=signal.SIGSTOP):
        """All of it: a server whose machine hangs."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
                                capture_output=True, text=True).stdout.split()
        for pid in [str(self.process.pid), *listed]:
            os.kill(int(pid), how)

    def end(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def serve(postgres):
    """Obeys the lines of standard input."""
    print(postgres.url, flush=True)
    orders = {
        "stop": postgres.stop,
        "crash": lambda: postgres.stop(signal.SIGQUIT),
        "start": postgres.start,
        "freeze": postgres.freeze,
        "thaw": lambda: postgres.freeze(signal.SIGCONT),
    }
    for line in sys.stdin:
        orders[line.strip()]()
        print("ok", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    commands = sys.argv[2:] if sys.argv[1:2] == ["--"] else None
    # What is killed in between has to be durable; hundreds of schemas need not be.
    postgres = Postgres(durable=commands is None)
    worst = 0
    try:
        postgres.start()
        if commands is None:
            serve(postgres)
        for command in commands or []:
            done = subprocess.run(
                [command], env=dict(os.environ, PARLOR_TEST_POSTGRES=postgres.url))
            worst = worst or done.returncode
    finally:
        postgres.end()
    return worst


if __name__ == "__main__":
    sys.exit(main())
