#!/usr/bin/env python3
"""The house rules that a machine can check: usage check.py ROOT; prints each breach, exit 1 if any.

1. A room includes only rooms on lower lines (ROOMS below, from docs/design/rooms.md); vendor headers stay in their room.
2. Only base/clock reads a clock; nothing sleeps outside it.
3. No source file over 500 lines, no C++ function over 60.
"""
import pathlib
import re
import sys

# Lowest line first. A room may use its own files and rooms on strictly lower lines, with the exceptions named here.
LINES = [
    {"base"}, {"codec"}, {"http"}, {"storage"}, {"transfer"},
    {"datastore", "retention", "schedule", "catalog", "kubernetes"},
    {"job", "gateway"}, {"config"}, {"cli", "dashboard"}, {"app"},
]
LEVEL = {room: i for i, rooms in enumerate(LINES) for room in rooms}
# Rooms that see less than their line would allow.
FORBIDDEN = {("codec", "http"), ("job", "gateway"), ("gateway", "job"), ("gateway", "datastore"),
             ("gateway", "catalog"), ("gateway", "transfer")}
# A header of a vendor's: the only folders that may include it.
VENDOR = {
    r"^boost/": ["src/http"],
    r"^curl/": ["src/http"],
    r"^expat\.h$": ["src/codec"],
    r"^openssl/": ["src/codec", "src/http", "src/base"],
    r"^spdlog/": ["src/base"],
    r"^yaml-cpp/": ["src/config"],
    r"^CLI/": ["src/cli", "src/app"],
    r"^lz4\.h$": ["src/datastore"],
    r"^zlib\.h$": ["src/codec"],
    r"^zstd\.h$": ["src/codec", "src/datastore"],
}
CLOCK = re.compile(r"(system_clock|steady_clock|high_resolution_clock)\s*::\s*now|\bclock_gettime\s*\(|\bgettimeofday\s*\("
                   r"|(?<![\w.:>])time\s*\(\s*(nullptr|NULL|0|&)|sleep_for|sleep_until|\busleep\s*\(|\bnanosleep\s*\(|(?<![\w_:.>])sleep\s*\(\s*\d")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LIMIT = 500
FUNCTION_LIMIT = 60
# The last line of a function's head, as clang-format lays it out: what opens with these words is no function.
HEAD_END = re.compile(r"\).* \{$")
NO_FUNCTION = re.compile(r"\s*(namespace|class|struct|enum|union|if|for|while|switch|else|do|try|case)\b|\s*\}")
SUFFIXES = {".h", ".cpp", ".py", ".sh"}


def strip_comment(line: str) -> str:
    return line.split("//", 1)[0]


def check_file(root: pathlib.Path, path: pathlib.Path) -> list[str]:
    relative = path.relative_to(root).as_posix()
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    if len(lines) > LIMIT:
        found.append(f"{relative}: {len(lines)} lines, at most {LIMIT} are allowed")
    if path.suffix not in {".h", ".cpp"}:
        return found
    found += check_functions(relative, lines)
    parts = relative.split("/")
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
    if room is not None and room not in LEVEL:
        found.append(f"{relative}: {room} is not a room of the house")
        return found
    for number, line in enumerate(lines, 1):
        where = f"{relative}:{number}"
        if room is not None:
            found += check_include(where, relative, room, line)
        if not relative.startswith("src/base/clock") and CLOCK.search(strip_comment(line)):
            found.append(f"{where}: reads the clock or sleeps outside base/clock")
    return found


def check_functions(relative: str, lines: list[str]) -> list[str]:
    """By indentation, which clang-format makes dependable: a body is two deeper than the brace that ends it."""
    found = []
    opened: dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("}"):
            length = number - opened.get(indent, number) + 1
            opened = {deep: begin for deep, begin in opened.items() if deep < indent}
            if length > FUNCTION_LIMIT:
                found.append(f"{relative}:{number - length + 1}: a function of {length} lines, at most {FUNCTION_LIMIT} are allowed")
        if HEAD_END.search(line) and not NO_FUNCTION.match(line) and number < len(lines):
            opened[len(lines[number]) - len(lines[number].lstrip()) - 2] = number
    return found


def check_include(where: str, relative: str, room: str, line: str) -> list[str]:
    match = INCLUDE.match(line)
    if not match:
        return []
    target = match.group(2)
    found = []
    if match.group(1) == '"':
        other = target.split("/")[0]
        if other in {"support", "conformance"} and relative.endswith("_test.cpp"):
            return []
        if other not in LEVEL:
            found.append(f"{where}: include of {target}: name it from src/, room first")
        elif other != room and (LEVEL[other] >= LEVEL[room] or (room, other) in FORBIDDEN):
            found.append(f"{where}: {room} may not include {other}")
    for pattern, allowed in VENDOR.items():
        if re.match(pattern, target) and not any(relative.startswith(a + "/") for a in allowed):
            found.append(f"{where}: {target} may only be included in {', '.join(allowed)}")
    return found


def check_tree(root: pathlib.Path) -> list[str]:
    found = []
    for top in ("src", "tests", "bench"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                found += check_file(root, path)
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    found = check_tree(root)
    for line in found:
        print(line)
    print(f"{len(found)} breaches of the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
