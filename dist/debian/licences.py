#!/usr/bin/env python3
"""Writes the copyright file of the package: the program's licence, the libraries of Debian that it is linked with, and
the licence of each npm package that the web client inside may hold, word by word; equal texts once."""
import json
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
COMMON = "/usr/share/common-licenses/"


def linked(program):
    """The libraries that the program itself names."""
    listing = subprocess.run(["objdump", "-p", program], check=True, capture_output=True, text=True).stdout
    return sorted(re.findall(r"^\s*NEEDED\s+(\S+)$", listing, re.M))


def text_of(folder):
    """A package's own words; none where it ships no licence."""
    for path in sorted(folder.iterdir()):
        if re.match(r"(licen[cs]e|copying)", path.name, re.I) and path.is_file():
            return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def embedded():
    """Texts, each with the packages that stand under it."""
    texts = {}
    lock = json.loads((TOP / "web/package-lock.json").read_text(encoding="utf-8"))
    for path, package in sorted(lock["packages"].items()):
        folder = TOP / "web" / path
        if not path or package.get("dev") or not folder.is_dir():
            continue
        name = path.rpartition("node_modules/")[2]
        licence = package.get("license", "")
        text = text_of(folder)
        if "Apache License" in text and "Version 2.0, January 2004" in text:
            text = f"Apache License 2.0, see {COMMON}Apache-2.0"
        elif "GNU AFFERO GENERAL PUBLIC LICENSE" in text:
            text = text.replace("GNU AFFERO", "GNU Affero", 1)
        if not licence and not text:
            sys.exit(f"{name} says no licence")
        texts.setdefault(text or f"{licence}, as its package.json says", []).append(f"{name} {package['version']} ({licence})")
    return texts


out = sys.stdout.write
out("Parlor\n\nCopyright: the Parlor developers\nLicence: Apache-2.0; on Debian systems its text is in\n"
    f"{COMMON}Apache-2.0\n\n")
out("The program is linked with these libraries of Debian, each under the licence that\n"
    "/usr/share/doc/<its package>/copyright holds:\n\n")
out("".join(f"  {name}\n" for name in linked(sys.argv[1])))
out("\nThe program holds the web client, which is built from these npm packages.\n")
for text, names in embedded().items():
    out("\n" + "-" * 78 + "\n" + "".join(f"{name}\n" for name in names) + "\n")
    out("".join(f"  {line}".rstrip() + "\n" for line in text.splitlines()))
