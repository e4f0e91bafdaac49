#!/usr/bin/env python3
"""Checks the table of docs/architecture.md: what a folder may include beside itself; and that its
map names the files that there are.

And that nothing inside a folder includes itself by way of others. x.c and x.h are one module, as
a reader needs both to understand either; so it is a circle when x.c includes y.h and y.c
includes x.h, however many modules lie between. A circle of headers is one of modules too. What
two modules share lies in a third, below both.

In sfu/ the sides of a stream, those who fill it and those who are sent it, do not see each
other either."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent

MAY_INCLUDE = {
    "base": [],
    "rtc": ["base"],
    "sfu": ["base", "rtc"],
    "room": ["base"],
    "signal": ["base", "room"],
    "store": ["base", "room"],
    "api": ["base", "room", "store", "net/http.h"],
    "net": ["base"],
    "client": ["base"],
    "server": ["base", "rtc", "sfu", "room", "signal", "store", "api", "net", "web", "client"],
}

# Libraries that belong to certain floors only.
LIBRARIES = {
    "jansson.h": ["base", "signal", "api", "store", "client", "server"],
    "openssl/": ["base", "rtc", "net", "client"],
    "intel-ipsec-mb.h": ["rtc"],
    "usrsctp.h": ["rtc"],
    "uv.h": ["net", "server"],
    "libwebsockets.h": ["net"],
    "curl/": ["net", "client", "server"],
    "sqlite3.h": ["store"],
    "libpq-fe.h": ["store"],
    "pthread.h": ["net", "server"],
    "sys/socket.h": ["base", "net", "server", "client"],  # of client/, the example is a server
}

# Headers of base/ that are for certain floors only: libraries in other clothes.
OF_BASE = {
    "base/json.h": ["base", "signal", "api", "store", "net", "client", "server"],
}

# What a folder never contains, beside what its includes tell: lines that match.
NEVER = [
    (["room", "sfu", "rtc"], re.compile(r"\bjson_\w+\("), "JSON"),
    (["store"], re.compile(r"&room->(peers|tracks|history|store|polls|removed)\b"),
     "a walk through a live room: room/past.h yields what is stored"),
    (["store", "api", "signal", "server"], re.compile(r"\brecord\.\w+ = "),
     "a change of a live room's record"),
    (["signal"], re.compile(r"(\.|->)permissions\[PERMISSION"),
     "a look at permissions: room/permit.h decides"),
    (["sfu"], re.compile(r"struct track, stream\b"),
     "a track that is found by where its stream lies: a stream may be of no track"),
    (["room", "signal", "api", "net", "server"],
     re.compile(r'"(SELECT|INSERT INTO|UPDATE|DELETE FROM) '), "SQL"),
]

# "Outside net/, store/ and server/, time, randomness and output are arguments."
CLOCKS = re.compile(r"\b(clock_gettime|gettimeofday|time\s*\(\s*NULL|uv_now|usleep|nanosleep)\b")
CLOCKS_ALLOWED = ["net", "store", "server", "client"]
CLOCKS_ALLOWED_FILES = ["base/log.c"]  # a log line carries its own time


# Folders that still have circles: they are untangled with what changes there next.
CIRCLES_LEFT = ["net"]


def circles(folder):
    """Groups of modules of a folder that include each other, each with its includes (Tarjan)."""
    includes = {}
    for path in sorted((TOP / folder).glob("*.[ch]")):
        found = re.findall(rf'^\s*#\s*include\s+"{folder}/([^"/]+)\.h"', path.read_text(), re.M)
        includes.setdefault(path.stem, set()).update(n for n in found if n != path.stem)
    order, low, stack, groups = {}, {}, [], []

    def visit(module):
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in sorted(includes.get(module, ())):
            if other not in order:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == order[module]:
            group = stack[stack.index(module):]
            del stack[stack.index(module):]
            groups.extend([group] if len(group) > 1 else [])

    for module in includes:
        if module not in order:
            visit(module)
    for group in groups:
        arrows = (f"{m} -> {', '.join(sorted(includes[m] & set(group)))}" for m in sorted(group))
        yield f"{folder}/: a circle of includes: {'; '.join(arrows)}"


# The sides of sfu/: what each module belongs to, and which sides it may know, itself included. A
# stream knows neither who fills it nor who is sent it; who sends and who receives do not know
# each other: what one needs of the other is in the stream, or the router brings it.
SIDES = {
    "shared": "cap command config demux early gap key_budget last_n leg notice police quality "
              "shared speaker strays tick",
    "stream": "allocate rate segment stream substream",
    "feed": "carrier choice feed fill forward pace redundancy repair seat select",
    "subscriber": "capacity feedback places reports seats subscriber",
    "publisher": "demand ingest layer publisher track",
    "router": "endpoint figures router",
}
SIDES_KNOWN = {
    "shared": ["shared"],
    "stream": ["shared", "stream"],
    "feed": ["shared", "stream", "feed"],
    "subscriber": ["shared", "stream", "feed", "subscriber"],
    "publisher": ["shared", "stream", "feed", "publisher"],
    "router": list(SIDES),
}


def headers_seen(path):
    """Headers of its folder that a file includes, by way of others too."""
    seen, left = set(), [path]
    while left:
        text = left.pop().read_text()
        for name in re.findall(rf'^\s*#\s*include\s+"{path.parent.name}/([^"/]+)"', text, re.M):
            if name not in seen:
                seen.add(name)
                left.append(path.parent / name)
    return seen


def sides():
    side_of = {name: side for side, names in SIDES.items() for name in names.split()}
    files = sorted((TOP / "sfu").glob("*.[ch]"))
    for name in sorted({p.stem for p in files} - set(side_of)):
        yield f"tests/floors.py: SIDES has no sfu/{name}"
    for name in sorted(set(side_of) - {p.stem for p in files}):
        yield f"tests/floors.py: there is no sfu/{name}, which SIDES has"
    for path in files:
        known = SIDES_KNOWN[side_of.get(path.stem, "router")]
        for header in sorted(headers_seen(path)):
            side = side_of.get(pathlib.Path(header).stem, "shared")
            if side not in known:
                yield f"sfu/{path.name}: sees sfu/{header}, which is of the {side}'s side"


# One idea a file. Where a file is longer for a reason, its name stands here, with its bound.
LINES_MAX = {"rtc": 500, "sfu": 500}


def too_long(path):
    where = str(path.relative_to(TOP))
    bound = LINES_MAX.get(where.split("/")[0])
    count = len(path.read_text().splitlines())
    if bound and count > bound:
        yield f"{where}: {count} lines, {bound} at most: look for its second idea"


# A paragraph that clang-format has broken: a word alone on a line, its sentence on the next.
COMMENT_FULL = 70  # columns, of 96


def broken_comments(path):
    lines = path.read_text().splitlines()
    for number, (line, next_line) in enumerate(zip(lines, lines[1:]), 1):
        last_words = re.match(r"\s*// +[a-z]\S*( \S+)?$", next_line)
        if (re.match(r"\s*//  ", line) and len(line) > COMMENT_FULL and last_words
                and len(next_line) < len(line) - 30):
            yield f"{path.relative_to(TOP)}:{number}: a line of this picture is broken off"
        words = re.match(r"(\s*)// (.*[^.:;?!)])$", line)
        after = re.match(r"(\s*)// ([a-z]\S*)", next_line)
        if not words or not after or words.group(1) != after.group(1):
            continue
        is_picture = re.search(r"  |[|^]", words.group(2))
        if not is_picture and len(line) + 1 + len(after.group(2)) <= COMMENT_FULL:
            yield f"{path.relative_to(TOP)}:{number}: a sentence is broken off in this comment"


def check(path):
    folder = path.parent.relative_to(TOP).parts[0]
    where = path.relative_to(TOP)
    text = path.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        own = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if own:
            target = own.group(1)
            if "/" not in target or not (TOP / target).exists() and not target.startswith("web/"):
                yield f"{where}:{number}: include {target} from the top of the tree"
            elif target.split("/")[0] != folder and not any(
                target == allowed or target.startswith(allowed + "/")
                for allowed in MAY_INCLUDE[folder]
            ):
                yield f"{where}:{number}: {folder}/ may not include {target}"
            elif folder not in OF_BASE.get(target, [folder]):
                yield f"{where}:{number}: {folder}/ may not include {target}"
        library = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if library:
            for name, folders in LIBRARIES.items():
                if library.group(1).startswith(name) and folder not in folders:
                    yield f"{where}:{number}: {folder}/ may not include <{library.group(1)}>"
        for folders, pattern, what in NEVER:
            if folder in folders and pattern.search(line) and not line.lstrip().startswith("//"):
                yield f"{where}:{number}: in {folder}/ there is {what}"
        if (
            CLOCKS.search(line)
            and folder not in CLOCKS_ALLOWED
            and str(where) not in CLOCKS_ALLOWED_FILES
            and not line.lstrip().startswith("//")
        ):
            yield f"{where}:{number}: {folder}/ reads a clock"


def described():
    """The map of docs/architecture.md names each module of each folder, and no other."""
    page = (TOP / "docs/architecture.md").read_text()
    table = page[page.index("\nbase/   "):]
    folder, names = None, {}
    for line in table[:table.index("```")].splitlines():
        begins = re.match(r"(\w+)/ +", line)
        if begins:
            folder = begins.group(1)
            line = "  " + line[begins.end():]
        if folder not in MAY_INCLUDE:
            continue
        names.setdefault(folder, set()).update(re.findall(r"\w+", line))
        first = re.match(r"  (\w+(?:\.h)?(?:, \w+(?:\.h)?)*)(?:   |  |,$)", line)
        for name in first.group(1).split(", ") if first and not begins else []:
            if not list((TOP / folder).glob(name.removesuffix(".h") + ".[ch]")):
                yield f"docs/architecture.md: there is no {folder}/{name}"
    for folder in MAY_INCLUDE:
        for module in sorted({p.stem for p in (TOP / folder).glob("*.[ch]")}):
            if module not in names[folder]:
                yield f"docs/architecture.md: {folder}/{module} is not on the map"
    for name in sorted(set(re.findall(r"`((?:[a-z]+/)+[\w.-]+)`", page))):
        if not (TOP / name).exists() and not list(TOP.glob(name + ".[ch]")):
            yield f"docs/architecture.md: there is no {name}"


def main():
    files = [p for folder in MAY_INCLUDE for p in sorted((TOP / folder).glob("*.[ch]"))]
    rules = [check, too_long, broken_comments]
    wrong = [line for path in files for rule in rules for line in rule(path)]
    for folder in MAY_INCLUDE:
        found = list(circles(folder))
        if folder not in CIRCLES_LEFT:
            wrong += found
        elif not found:
            wrong.append(f"{folder}/ has no circle any more: take it out of CIRCLES_LEFT")
    wrong += [*sides(), *described()]
    print("\n".join(wrong) if wrong else f"{len(files)} files keep the floors")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
