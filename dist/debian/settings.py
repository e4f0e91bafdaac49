#!/usr/bin/env python3
"""Reads `parlor serve --help` and writes /etc/parlor/parlor.conf: each setting with what it means, commented out, with
its default as `--print-config` wrote it into the file that is named."""
import re
import sys
import textwrap

HEAD = """\
# Settings of Parlor: "name = value", one a line. What stands here commented out is the default.
# After a change: systemctl restart parlor (calls go on). More is in /usr/share/doc/parlor/operating.md.gz.
# The folder of data is the unit's: /var/lib/parlor.
"""
OWN = {"data", "user", "allow-root"}  # what the unit says

with open(sys.argv[1], encoding="utf-8") as file:
    defaults = dict(re.match(r"(\S+) =\s*(.*)", line).groups() for line in file)
print(HEAD, end="")
written = set()
for line in sys.stdin:
    found = re.match(r"  --([a-z-]+) (\S+) +(.*)", line)
    if not found or found[1] in OWN or found[1] not in defaults:
        continue
    name, form, meaning = found.groups()
    meaning = meaning.removesuffix(f" ({defaults[name]})") if defaults[name] else meaning
    print()
    print(textwrap.fill(f"{form}: {meaning}", 100, initial_indent="# ", subsequent_indent="#   ",
                        break_long_words=False, break_on_hyphens=False))
    print(f"#{name} = {defaults[name]}".rstrip())
    written.add(name)
missing = set(defaults) - written - OWN
if missing:
    sys.exit(f"settings without a line in --help: {sorted(missing)}")
