#!/usr/bin/env python3
"""Our schedules and retentions beside the programs whose rules they follow, on random text: differential.py [CASES [SEED [RULE...]]].

Each side answers whole batches in one process. What docs/design names as a deliberate difference is told by a rule over the text and
the answers below, never by a list of cases. Prints one line a rule; exit 1 when answers differ.
"""
import collections
import datetime
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import expressions  # noqa: E402

ROOT = HERE.parents[1]
RULES = ["kubernetes", "cronexpr", "elasticsearch", "date", "timevalue", "slm"]
TIMES = 6  # asked of each schedule
FAKETIME = "libfaketime.so.1"
SHOWN = 20
SHOW = "+%Y %m %d %H %M %S %::z"  # %s itself errs in some hours that a clock shows twice
LAST_MOMENT = 9_223_372_036  # WallTime ends in 2262
# The zone left out 30 December 2011, and robfig/cron never returns from a search over a day that is not there.
LIBRARY_RETURNS_IN_APIA = 1_325_300_000


class Missing(Exception):
    """The other side is not at hand; the text says what is missing."""


def answers(command, lines: list[str], may_crash: bool = False) -> list[str]:
    """One answer a line. A question at which the other side's program dies is answered "panic", and it is started again for the others."""
    done = subprocess.run([str(word) for word in command], input="\n".join(lines) + "\n", capture_output=True, text=True)
    given = done.stdout.split("\n")[:-1]
    if may_crash and done.returncode == 2 and "stack overflow" in done.stderr and len(given) < len(lines):
        rest = lines[len(given) + 1:]
        return given + ["panic"] + (answers(command, rest, may_crash) if rest else [])
    if done.returncode != 0 or len(given) != len(lines):
        raise RuntimeError(f"{command}: {len(given)} answers to {len(lines)} questions, status {done.returncode}: {done.stderr[-2000:]}")
    return given


class Sides:
    """The programs of both sides, built into `work` when they are asked for."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        self.driver = os.environ.get("HOLDFAST_RULES_DRIVER", str(ROOT / "build/release/tests/differential/rules_driver"))
        self.starts = expressions.Starts()

    def ours(self, rule: str, lines: list[str]) -> list[str]:
        return answers([self.driver, rule, TIMES], lines)

    def cron_library(self, rule: str) -> pathlib.Path:
        program = self.work / f"cron_library_{rule}"
        go = shutil.which("go") or "/usr/local/go/bin/go"
        choices = [[]] + ([["-tags", "kubernetes_only", "-modfile", "go1.19.mod"]] if rule == "kubernetes" else [])
        for options in choices:
            try:
                done = subprocess.run([go, "build", "-mod=readonly", "-buildvcs=false", *options, "-o", program, "."], cwd=HERE / "cron_libraries",
                                      capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "local"})
            except FileNotFoundError:
                raise Missing("no Go is installed") from None
            if done.returncode == 0:
                return program
        raise Missing(f"Go cannot build it: {done.stderr.strip().splitlines()[-1]}")

    def elasticsearch(self) -> list:
        jars = pathlib.Path(os.environ.get("HOLDFAST_CLIENTS_HOME", ROOT / "build/clients")) / "elasticsearch-policy"
        if not any(jars.glob("x-pack-core-*.jar")) or not shutil.which("javac"):
            raise Missing(f"no x-pack-core in {jars}, or no javac")
        classes = self.work / "classes"
        if not classes.exists():
            subprocess.run(["javac", "-d", classes, "-cp", f"{jars}/*", HERE / "ElasticsearchRules.java"], check=True)
        return ["java", "-Xmx512m", "-cp", f"{classes}:{jars}/*", "ElasticsearchRules"]

    def theirs(self, rule: str, lines: list[str]) -> list[str]:
        if rule in ("kubernetes", "cronexpr"):
            return answers([self.cron_library(rule), rule, TIMES], lines, may_crash=True)
        if rule == "elasticsearch":
            return answers([*self.elasticsearch(), "cron", TIMES], lines)
        if rule in ("timevalue", "slm"):
            return answers([*self.elasticsearch(), rule], lines)
        return self.gnu_date(lines)

    @staticmethod
    def clock_at(zone: str, now) -> dict:
        """The environment in which `date` sees that clock."""
        folders = [folder for folder in pathlib.Path("/usr/lib").glob("*/faketime") if (folder / FAKETIME).exists()]
        if not folders:
            raise Missing("the package faketime is not installed")
        return {"LD_PRELOAD": str(folders[0] / FAKETIME), "FAKETIME_FMT": "%s", "FAKETIME": str(now), "TZ": zone, "LC_ALL": "C", "PATH": os.environ["PATH"]}

    def clocks(self, r: random.Random, count: int) -> list[tuple[str, int]]:
        """Zones and times to ask `date` at. faketime itself misses some times that a clock shows twice: these are left out."""
        chosen = [(zone := r.choice(expressions.ZONES), self.starts.any(r, zone)) for _ in range(count)]
        shown = [subprocess.check_output(["date", SHOW], env=self.clock_at(zone, now), text=True) for zone, now in chosen]
        return [clock for clock, text in zip(chosen, shown) if seconds_of(text) == clock[1]]

    def gnu_date(self, lines: list[str]) -> list[str]:
        """One `date -f` with a held clock for all lines of the same zone and time; a line of its own behind each tells where it ends."""
        by_clock = collections.defaultdict(list)
        for number, line in enumerate(lines):
            zone, now, text = line.split("\t")
            by_clock[zone, now].append((number, bytes.fromhex(text)))
        result = [""] * len(lines)
        for (zone, now), asked in by_clock.items():
            marks = [91_000_000_000 + i for i in range(len(asked))]
            given = b"".join(text + b"\n@%d\n" % mark for (_, text), mark in zip(asked, marks))
            done = subprocess.run(["date", "-f", "-", SHOW], input=given, capture_output=True, env=self.clock_at(zone, now))
            answer, at = "invalid", 0
            for line in done.stdout.decode().split("\n")[:-1]:
                if seconds_of(line) == marks[at]:
                    result[asked[at][0]], answer, at = answer, "invalid", at + 1
                else:
                    answer = str(seconds_of(line))
            if at != len(asked):
                raise RuntimeError(f"date answered {at} of {len(asked)} lines")
        return result


def seconds_of(shown: str) -> int:
    """What SHOW makes, as Unix seconds, in any year."""
    year, month, day, hour, minute, second, sign, *offset = re.fullmatch(r"(-?\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([+-])(\d+):(\d+):(\d+)", shown.strip()).groups()
    # Four hundred years always have the same number of days.
    cycles, place = divmod(int(year), 400)
    days = datetime.date(2000 + place, int(month), int(day)).toordinal() - datetime.date(1970, 1, 1).toordinal() + (cycles - 5) * 146_097
    east = sum(int(part) * size for part, size in zip(offset, (3600, 60, 1)))
    return days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second) - (east if sign == "+" else -east)


def question(r: random.Random, rule: str, starts: expressions.Starts, clocks: list) -> str:
    if rule == "slm":
        return expressions.slm(r)
    if rule == "timevalue":
        return expressions.time_value(r).encode().hex()
    text = getattr(expressions, rule)(r)
    if rule == "elasticsearch":
        text = re.sub(r"([0-9]{4})[0-9]+", r"\1", text)  # the class makes every year of a range up to 2024123456, for minutes
    zone, now = r.choice(clocks) if rule == "date" else (z := "UTC" if rule == "elasticsearch" else r.choice(expressions.ZONES), starts.any(r, z))
    if rule == "kubernetes" and zone == "Pacific/Apia" and now < LIBRARY_RETURNS_IN_APIA:
        now += 20 * 365 * 86_400
    return f"{zone}\t{now}\t{text.encode().hex()}"


def moment_after_gap(zone: str, time: int) -> bool:
    info = zoneinfo.ZoneInfo(zone)
    before, after = (datetime.datetime.fromtimestamp(t, info).utcoffset() for t in (time - 1, time))
    return after > before


def is_right_where_stuck(zone: str, asked: str, mine: list[str], before: list[str]) -> bool:
    """Equal until the time at which the library gets stuck, which may lie before a gap although nothing is due there; then the first
    instant after the gap. In a doubled hour's second pass the library goes back, and ours only has to go on."""
    if before and mine[:len(before) - 1] != before[:-1]:
        return False
    at = len(before) if mine[:len(before)] == before else len(before) - 1
    if at < 0:
        return False
    if at >= len(mine) or mine[at] == "end":
        return True
    from_time = int(before[-1] if before else asked)
    in_second_pass = datetime.datetime.fromtimestamp(from_time, zoneinfo.ZoneInfo(zone)).fold == 1
    return moment_after_gap(zone, int(mine[at])) or (in_second_pass and at == len(before))


def is_backwards(first: str, last: str) -> bool:
    def value(text: str) -> int:
        if text.isdigit():
            return int(text)
        return 1 + next((i for i, name in enumerate(expressions.MONTHS) if text.upper().startswith(name)), -1)
    return value(first) > value(last)


def is_deliberate(rule: str, line: str, ours: str, theirs: str) -> bool:
    """Whether docs/design/{schedules,retention}.md says that these answers differ."""
    fields = line.split("\t")
    text = bytes.fromhex(fields[-1]).decode() if rule != "slm" else ""
    if rule in ("kubernetes", "cronexpr") and theirs == "panic":
        return ours == "invalid" or (rule == "cronexpr" and not ours.startswith("not"))
    if rule == "kubernetes" and (named := re.match(r"(?:CRON_)?TZ=([^ ]*)", text)) and named[1] not in expressions.ZONES:
        return ours == "invalid"  # names that only lead to the same file, such as Africa//Casablanca
    if rule == "kubernetes" and ours.endswith("end"):
        mine, other = ours.split(",")[:-1], theirs.split(",")
        return other[:len(mine)] == mine and other[len(mine)].isdigit() and int(other[len(mine)]) > LAST_MOMENT
    if rule == "cronexpr" and theirs.endswith("stuck"):
        return ours != "invalid" and is_right_where_stuck(fields[0], fields[1], ours.split(","), theirs.split(",")[:-1])
    if rule == "cronexpr" and "," in theirs and ours.rpartition(",")[0] == theirs.rpartition(",")[0]:
        last, other = ours.rpartition(",")[2], theirs.rpartition(",")[2]
        return last.isdigit() and other.isdigit() and moment_after_gap(fields[0], int(last)) and int(other) < int(last)
    if rule == "kubernetes" and theirs.endswith("stuck"):
        # Clocks that were set back at 00:01: the library finds the same midnight again. Ours only has to go on.
        return ours.split(",")[:theirs.count(",")] == theirs.split(",")[:-1]
    if rule == "cronexpr" and ours == "invalid":
        # A range with a step that ends before it begins: taken by the program until it is due.
        return any(is_backwards(match[1], match[2]) for match in re.finditer(r"(?i)([0-9]+|[a-z]+)-([0-9]+|[a-z]+)/", text))
    if rule == "elasticsearch":
        parts = text.upper().split()
        no_value = any(re.fullmatch(r"L(W|-[0-9]*W?)?", entry) for i, part in enumerate(parts) if i not in (3, 5) for entry in part.split(","))
        marks = re.search(r"9[89]", text) or re.search(r"/[+-]", text) or any(re.search(r"\b0+W", part) for part in parts[3:4])
        beyond = any(re.search(r"\b(0+|[089]|[0-9]{2,})(#|L)", part) for part in parts[5:6])
        if ours == "invalid":
            return theirs == "panic" or no_value or bool(marks) or beyond
        # Months that are too short for it.
        return any(re.search(r"L-(2[89]|30)W", part) for part in parts[3:4]) and not ours.startswith("not")
    if rule == "date":
        named = re.match(r'\s*TZ="([^"]*)"', text)
        if named and named[1] not in expressions.ZONES:
            return True
        return any(side != "invalid" and abs(int(side)) > 31_556_952_000_000 for side in (ours, theirs))  # a million years
    return False


def run(rule: str, cases: int, seed: str, sides: Sides, batch: int = 50_000) -> list[str]:
    """Asks both sides; returns the differences, each as a line to read."""
    r = random.Random(f"{rule} {seed}")
    clocks = sides.clocks(r, max(20, cases // 400)) if rule == "date" else []
    differences, deliberate, valid = [], 0, 0
    for begin in range(0, cases, batch):
        lines = [question(r, rule, sides.starts, clocks) for _ in range(min(batch, cases - begin))]
        for line, ours, theirs in zip(lines, sides.ours(rule, lines), sides.theirs(rule, lines)):
            valid += theirs != "invalid"
            if ours == theirs or (rule == "date" and ours == sides.gnu_date([line])[0]):
                continue  # the C library remembers the season of the line before
            if is_deliberate(rule, line, ours, theirs):
                deliberate += 1
                continue
            *clock, text = line.split("\t")
            shown = line if rule == "slm" else f"{' '.join(clock)} {bytes.fromhex(text).decode()!r}"
            differences.append(f"{rule}: {shown}\n    ours   {ours}\n    theirs {theirs}")
    print(f"{rule}: {cases} cases, {valid} of them valid, seed {seed}: {len(differences)} differences, {deliberate} deliberate ones", flush=True)
    return differences


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = sys.argv[2] if len(sys.argv) > 2 else str(random.SystemRandom().randint(0, 10**9))
    found = 0
    with tempfile.TemporaryDirectory(prefix="holdfast-differential-") as folder:
        sides = Sides(pathlib.Path(folder))
        for rule in sys.argv[3:] or RULES:
            try:
                differences = run(rule, cases, seed, sides)
            except Missing as missing:
                print(f"{rule}: skipped: {missing}", flush=True)
                continue
            found += len(differences)
            print("\n".join(differences[:SHOWN]), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
