#!/usr/bin/env python3
"""Builds the libFuzzer targets with clang and runs each for some seconds from its seeds.

The build is that of the C tests under ASan and UBSan. What a run finds is left in build-fuzz/findings/;
it belongs into tests/regress/<target>/ once it is understood, where every replay meets it again."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build-fuzz"
# Two hundred programs are linked: Debian's usual linker takes half as long as the compiler for that.
COMPILER = {"CC": "clang", "CC_LD": "mold"}
OPTIONS = ["-Dtests=true", "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"]


def targets():
    for line in (TOP / "tests/fuzz/targets.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, *folders = line.split()
            yield name, [f for f in folders + [f"tests/regress/{name}"] if (TOP / f).is_dir()]


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), *OPTIONS], cwd=TOP, check=True,
                       env=dict(os.environ, **COMPILER), stdout=subprocess.DEVNULL)
    names = [f"tests/fuzz/{name}_fuzz" for name, _ in targets()]
    subprocess.run(["ninja", "-C", str(BUILD), "--quiet", *names], check=True)


def run(name, seeds, seconds):
    findings = BUILD / "findings"
    findings.mkdir(exist_ok=True)
    dictionary = TOP / "tests/fuzz" / f"{name}.dict"
    with tempfile.TemporaryDirectory() as corpus:
        command = [str(BUILD / "tests/fuzz" / f"{name}_fuzz"), f"-max_total_time={seconds}",
                   "-timeout=30", "-rss_limit_mb=512", "-max_len=65536", "-verbosity=0",
                   "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-",
                   *([f"-dict={dictionary}"] if dictionary.exists() else []), corpus,
                   *[str(TOP / seed) for seed in seeds]]
        done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
    runs = [line.split()[-1] for line in done.stdout.splitlines()
            if "number_of_executed_units" in line]
    if done.returncode:
        print(done.stdout[-6000:])
        print(f"not ok {name}", flush=True)
        return False
    print(f"ok {name}: {runs[0] if runs else '?'} inputs", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("target", nargs="*")
    wanted = parser.parse_args()
    known = dict(targets())
    for name in wanted.target:
        if name not in known:
            parser.error(f"no target {name}; there are: {' '.join(known)}")
    build()
    passed = [run(name, seeds, wanted.seconds) for name, seeds in known.items()
              if not wanted.target or name in wanted.target]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
