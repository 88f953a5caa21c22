"""Drives bench/power-cuts.sh; see there."""
import argparse
import pathlib
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import power_cut  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/power-cuts.sh")
    parser.add_argument("--cuts", type=int, default=50, help="on each file system (50)")
    parser.add_argument("--file-system", choices=[*power_cut.MAKE, "both"], default="both")
    parser.add_argument("--seed", type=int, default=0, help="what the writers do; when they do it is up to the machine")
    parser.add_argument("--between", type=int, default=150, help="acknowledged changes from one cut to the next (150)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started and mounted is cleared away
    kinds = list(power_cut.MAKE) if arguments.file_system == "both" else [arguments.file_system]
    rows, failed = [], False
    for kind in kinds:
        why = power_cut.why_not(kind)
        if why:
            print(f"power-cuts: no power cuts on {kind}: {why}", file=sys.stderr)
            failed = True
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="holdfast-power-cuts-") as folder:
            wrong = power_cut.run_cuts(pathlib.Path(folder), kind, arguments.cuts, arguments.seed, arguments.between)
        rows.append((kind, arguments.cuts, len(wrong), round(time.monotonic() - began)))
        failed = failed or bool(wrong)
        for text in wrong[:50]:
            print(f"  {kind}: {text}")
    print(f"\n{'file system':12} {'cuts':>6} {'problems':>9} {'seconds':>8}")
    for kind, cuts, wrong, seconds in rows:
        print(f"{kind:12} {cuts:6} {wrong:9} {seconds:8}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
