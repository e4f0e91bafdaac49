#!/usr/bin/env python3
"""Makes the table of server/assets.h from the folder of the built web client.

    embed.py FOLDER FALLBACK.html OPENAPI.yaml OUT.c OUT.bin

All content lies in OUT.bin, which the assembler includes into the binary; OUT.c names its
parts. A file's compressed forms are `file.br` and `file.gz` beside it; gzip is made here when
it is missing and pays. Without FOLDER the page FALLBACK.html is the whole client. OPENAPI.yaml is
served as /openapi.json. The outputs are only touched when they change, so an unchanged client is
not compiled again.
"""
import datetime
import gzip
import hashlib
import json
import os
import re
import sys

import yaml

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
COMPRESSIBLE = {".html", ".js", ".mjs", ".css", ".json", ".webmanifest", ".svg", ".txt", ".wasm", ".wav"}
# As Vite names them: name-HASH.js below /assets/.
HASHED = re.compile(r"^/assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")


def collect(folder):
    """The files of the client by the path under which they are served."""
    files = {}
    for where, _, names in os.walk(folder):
        for name in names:
            kind = os.path.splitext(name)[1]
            if kind in TYPES:
                full = os.path.join(where, name)
                files["/" + os.path.relpath(full, folder).replace(os.sep, "/")] = full
    return files


def read(path):
    with open(path, "rb") as file:
        return file.read()


def content(full):
    """The octets of a file; of a description in YAML, as JSON."""
    if not full.endswith(".yaml"):
        return read(full)
    # Whatever looks like a date is an example of one, and text.
    text = json.dumps(yaml.safe_load(read(full)), ensure_ascii=False, separators=(",", ":"),
                      default=lambda value: value.isoformat() if isinstance(value, datetime.date) else str(value))
    return text.encode()


def forms(full, kind):
    """Identity, gzip and brotli; the compressed ones empty where they do not pay."""
    identity = content(full)
    packed = read(full + ".gz") if os.path.exists(full + ".gz") else b""
    if not packed and kind in COMPRESSIBLE:
        packed = gzip.compress(identity, 9, mtime=0)
    brotli = read(full + ".br") if os.path.exists(full + ".br") else b""
    return [identity] + [form if len(form) < len(identity) else b"" for form in (packed, brotli)]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_if_changed(path, data):
    if not os.path.exists(path) or read(path) != data:
        with open(path, "wb") as file:
            file.write(data)


def main(folder, fallback, openapi, out_c, out_bin):
    files = collect(folder) if os.path.exists(os.path.join(folder, "index.html")) else {}
    if not files:
        files = {"/index.html": fallback}
    files["/openapi.json"] = openapi
    blob, rows = b"", []
    for path in sorted(files, key=lambda name: name.encode()):
        kind = os.path.splitext(path)[1]
        parts = []
        for form in forms(files[path], kind):
            parts.append("{asset_blob + %d, %d}" % (len(blob), len(form)) if form else "{0, 0}")
            blob += form
        # Weak, as one tag stands for all codings of the file: RFC 9110 section 8.8.3.
        etag = hashlib.sha256(content(files[path])).hexdigest()[:24]
        rows.append("    {%s, %s, %s, %s, %s, %s, %s}," % (
            quoted(path), quoted(TYPES[kind]), quoted('W/"%s"' % etag), *parts,
            "true" if HASHED.match(path) else "false"))
    source = "\n".join([
        "// Made by web/embed.py; sha-256 of the content: " + hashlib.sha256(blob).hexdigest(),
        '#include "server/assets.h"',
        "",
        '__asm__(".section .rodata\\n.global asset_blob\\n.hidden asset_blob\\nasset_blob:\\n"',
        '        ".incbin " %s "\\n.byte 0\\n.previous\\n");' % quoted(quoted(os.path.abspath(out_bin))),
        "extern const uint8_t asset_blob[];",
        "",
        "const struct asset assets[] = {",
        *rows,
        "};",
        "const size_t asset_count = sizeof assets / sizeof *assets;",
        "",
    ])
    write_if_changed(out_bin, blob)
    write_if_changed(out_c, source.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
