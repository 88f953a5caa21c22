#!/usr/bin/env python3
"""Runs the storage suite (the program named first; further arguments are its own) against an Azurite of its own."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import azurite  # noqa: E402


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="holdfast-azurite-") as work, azurite.Azurite(pathlib.Path(work)) as server:
        settings = {"HOLDFAST_AZURITE_URL": server.endpoint, "HOLDFAST_AZURITE_ACCOUNT": azurite.ACCOUNT,
                    "HOLDFAST_AZURITE_KEY": azurite.KEY, "HOLDFAST_AZURITE_SIGNATURE": azurite.account_signature()}
        return subprocess.run(sys.argv[1:], env={**os.environ, **settings}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
