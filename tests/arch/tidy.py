#!/usr/bin/env python3
"""clang-tidy over every source that is not a test: usage tidy.py ROOT BUILD_FOLDER [FILE...]; exit 1 on findings.

BUILD_FOLDER holds compile_commands.json. Files that were clean stay known by a hash of all that clang-tidy would see of
ours, in $HOLDFAST_TIDY_CACHE or else ~/.cache/holdfast/tidy; without a place to write to, every run is a full one.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

PROGRAM = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# The program was compiled by g++, whose other flags clang does not know; these shape what the source means.
WITH_VALUE = {"-isystem", "-I", "-D"}


def flags_of(command: str) -> list[str]:
    words = shlex.split(command)
    flags = []
    for i, word in enumerate(words):
        if word in WITH_VALUE:
            flags += [word, words[i + 1]]
        elif word.startswith(("-I", "-D", "-std=")):
            flags.append(word)
    return flags


def sources_of(root: pathlib.Path, build: pathlib.Path, only: list[str]) -> dict[pathlib.Path, list[str]]:
    chosen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if not path.is_relative_to(root / "src") or path.name.endswith("_test.cpp"):
            continue
        if only and not any(path == pathlib.Path(name).resolve() for name in only):
            continue
        chosen[path] = flags_of(entry["command"])
    return chosen


def closure_of(root: pathlib.Path, path: pathlib.Path) -> list[pathlib.Path]:
    """The file and all headers of ours that it includes, directly or not."""
    seen, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current in seen or not current.is_file():
            continue
        seen.add(current)
        waiting += [root / "src" / name for name in INCLUDE.findall(current.read_text(encoding="utf-8"))]
    return sorted(seen)


def key_of(root: pathlib.Path, path: pathlib.Path, flags: list[str], version: str) -> str:
    own = [flag.replace(str(root), "") for flag in flags]
    digest = hashlib.sha256("\0".join([version, *own]).encode())
    for part in [root / ".clang-tidy", *closure_of(root, path)]:
        digest.update(f"\0{part.relative_to(root)}\0".encode() + part.read_bytes())
    return digest.hexdigest()


def cache_folder() -> pathlib.Path | None:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/nonexistent"), ".cache")
    folder = pathlib.Path(os.environ.get("HOLDFAST_TIDY_CACHE") or os.path.join(home, "holdfast", "tidy"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def check(path: pathlib.Path, flags: list[str]) -> str:
    """What clang-tidy has to say about `path`; empty when nothing."""
    done = subprocess.run([PROGRAM, "--quiet", str(path), "--", *flags], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    try:
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{PROGRAM} does not run: {error}; install what dependencies/debian.txt names")
        return 1
    cache = cache_folder()
    sources = sources_of(root, build, sys.argv[3:])
    keys = {path: key_of(root, path, flags, version) for path, flags in sources.items()}
    due = [path for path in sources if cache is None or not (cache / keys[path]).exists()]

    def look(path: pathlib.Path) -> str:
        text = check(path, sources[path])
        if not text and cache is not None:
            (cache / keys[path]).touch()  # at once: a run that is broken off is not lost
        return text

    found = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # The largest first, so that none is left alone at the end.
        due.sort(key=lambda path: -path.stat().st_size)
        for text in pool.map(look, due):
            if text:
                found += 1
                print(text, flush=True)
    print(f"{len(sources)} sources, {len(due)} looked at, {found} with findings")
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
