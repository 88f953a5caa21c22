#!/usr/bin/env python3
"""The house rules' own test: each breach is made in a scratch tree and must be found."""
import pathlib
import sys
import tempfile

import check


def breaches(name: str, text: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return check.check_tree(root)


CASES = [
    ("src/storage/a.h", '#include "gateway/server.h"\n', 1),
    ("src/storage/a.h", '#include "http/client.h"\n', 0),
    ("src/storage/folder/a.h", '#include "storage/storage.h"\n', 0),
    ("src/gateway/a.h", '#include "job/engine.h"\n', 1),
    ("src/codec/a.h", '#include "http/client.h"\n', 1),
    ("src/attic/a.h", "\n", 1),
    ("src/job/a.cpp", "auto t = std::chrono::system_clock::now();\n", 1),
    ("src/base/clock.cpp", "auto t = std::chrono::system_clock::now();\n", 0),
    ("src/job/a.cpp", "// steady_clock::now() is explained here\n", 0),
    ("src/job/a_test.cpp", "std::this_thread::sleep_for(1s);\n", 1),
    ("src/job/a.cpp", "auto t = time(nullptr);\n", 1),
    ("src/job/a.cpp", "run.time(0);\n", 0),
    ("src/storage/a.cpp", "#include <curl/curl.h>\n", 1),
    ("src/http/a.cpp", "#include <curl/curl.h>\n", 0),
    ("src/job/a.cpp", "int x;\n" * 501, 1),
    ("src/job/a.cpp", "int x;\n" * 500, 0),
    ("src/job/a.cpp", "void f() {\n" + "  g();\n" * 58 + "}\n", 0),
    ("src/job/a.cpp", "void f() {\n" + "  g();\n" * 59 + "}\n", 1),
    ("src/job/a.cpp", "void f(int first,\n       int second) {\n" + "  g();\n" * 59 + "}\n", 1),
    ("src/job/a.h", "class A {\n  void f() const {\n    x = h() = {\n        1};\n" + "    g();\n" * 57 + "  }\n};\n", 1),
    ("src/job/a.h", "class A {\n" + "  void f() {\n    g();\n  }\n" * 40 + "};\n", 0),
    ("tests/fault/a.py", "x = 1\n" * 501, 1),
]

failed = 0
for name, text, expected in CASES:
    found = breaches(name, text)
    if len(found) != expected:
        failed += 1
        print(f"{name}: expected {expected} breaches of {text[:60]!r}, found {found}")
print(f"{len(CASES) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
