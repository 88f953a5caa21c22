"""Tests of tidy.py: what it looks at, and when it looks again."""
import json
import pathlib
import tempfile
import unittest

import tidy


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name).resolve()
        self.write(".clang-tidy", "Checks: '-*'")
        self.write("src/base/a.h", '#include "base/b.h"\n#include <vector>\n')
        self.write("src/base/b.h", '  #  include "base/a.h"\n')
        self.write("src/base/a.cpp", '#include "base/a.h"\n')
        self.write("src/base/other.h", "")

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def key(self, flags=("-std=c++20",), version="1"):
        return tidy.key_of(self.root, self.root / "src/base/a.cpp", list(flags), version)

    def test_keeps_only_the_flags_that_shape_the_meaning(self):
        command = ('/usr/bin/ccache /usr/bin/c++ -DA=\\"1\\" -I/x/src -isystem /y -O2 -Wno-restrict -std=c++20 '
                   '-Winvalid-pch -include /x/cmake_pch.hxx -o a.o -c a.cpp')
        self.assertEqual(tidy.flags_of(command), ['-DA="1"', "-I/x/src", "-isystem", "/y", "-std=c++20"])

    def test_a_closure_follows_headers_of_ours_also_in_a_ring(self):
        closure = tidy.closure_of(self.root, self.root / "src/base/a.cpp")
        self.assertEqual([path.name for path in closure], ["a.cpp", "a.h", "b.h"])

    def test_the_key_changes_with_everything_that_matters_and_nothing_else(self):
        first = self.key()
        self.write("src/base/other.h", "changed")
        self.assertEqual(self.key(), first)
        self.assertNotEqual(self.key(flags=["-DX"]), first)
        self.assertNotEqual(self.key(version="2"), first)
        self.write("src/base/b.h", "// changed")
        second = self.key()
        self.assertNotEqual(second, first)
        self.write(".clang-tidy", "Checks: 'bugprone-*'")
        self.assertNotEqual(self.key(), second)

    def test_looks_at_sources_of_ours_that_are_no_tests(self):
        names = ["src/base/a.cpp", "src/base/a_test.cpp", "tests/x.cpp", "build/gen.cpp"]
        self.write("compile_commands.json", json.dumps(
            [{"directory": str(self.root), "file": name, "command": "c++ -c " + name} for name in names]))
        chosen = tidy.sources_of(self.root, self.root, [])
        self.assertEqual([path.name for path in chosen], ["a.cpp"])


if __name__ == "__main__":
    unittest.main()
