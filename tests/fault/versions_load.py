"""Writers on a bucket with object lock that remember which versions, tags and locks were acknowledged, and the check of all that."""
import datetime
import hashlib
import http.client
import random
import threading

import botocore.exceptions

import crash_load

BUCKET = "crash-versions"
UNTIL = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
BROKEN = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, http.client.HTTPException, OSError)


class VersionWriter(threading.Thread):
    """`versions` maps (key, version id) to what is known of it: digest, tags, hold, locked; None: it was removed for good or is just
    being removed. What a call in flight changes is not known, so it is taken out before and put in after."""

    def __init__(self, url: str, number: int, stop: threading.Event):
        super().__init__(daemon=True)
        self.s3, self.number, self.stop_event = crash_load.client(url), number, stop
        self.random, self.versions, self.acknowledged = random.Random(number), {}, 0

    def run(self):
        while not self.stop_event.is_set():
            try:
                self.step()
                self.acknowledged += 1
            except BROKEN:
                return

    def put(self, key: str):
        body, number = self.random.randbytes(self.random.choice([1, 3000, 70_000])), self.random.randrange(4)
        tags = {"n": str(self.acknowledged)} if number > 0 else {}
        more = {"ObjectLockLegalHoldStatus": "ON"} if number == 2 else {}
        if number == 3:
            more = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": UNTIL}
        if tags:
            more["Tagging"] = "&".join(f"{name}={value}" for name, value in tags.items())
        version = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)["VersionId"]
        self.versions[key, version] = {"digest": hashlib.sha256(body).hexdigest(), "tags": tags, "hold": number == 2, "locked": number == 3}

    def step(self):
        key, kind = f"v{self.number}/{self.random.randrange(6)}", self.random.random()
        mine = [name for name, known in self.versions.items() if known and name[0] == key]
        if kind < 0.5 or not mine:
            return self.put(key)
        if kind < 0.65:
            self.versions[key, self.s3.delete_object(Bucket=BUCKET, Key=key)["VersionId"]] = {"marker": True}
            return None
        name = self.random.choice(mine)
        known = self.versions.pop(name)
        if "marker" not in known and kind < 0.75:
            tags = {"changed": str(self.acknowledged)}
            self.s3.put_object_tagging(Bucket=BUCKET, Key=key, VersionId=name[1],
                                       Tagging={"TagSet": [{"Key": "changed", "Value": tags["changed"]}]})
            self.versions[name] = {**known, "tags": tags}
        elif known.get("hold") or known.get("locked"):
            self.versions[name] = known
            try:
                self.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=name[1])
                self.versions[name] = {**known, "digest": "a locked version was removed"}
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "AccessDenied":
                    raise
        else:
            self.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=name[1])
            self.versions[name] = None
        return None


class VersionLoad:
    def __init__(self, url: str, writers: int = 4):
        s3 = crash_load.client(url)
        if BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        self.stop_event = threading.Event()
        self.writers = [VersionWriter(url, number, self.stop_event) for number in range(writers)]

    def start(self, versions: dict):
        for writer in self.writers:
            writer.versions = {name: known for name, known in versions.items() if name[0].startswith(f"v{writer.number}/")}
            writer.start()

    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def end(self) -> dict:
        self.stop_event.set()
        for writer in self.writers:
            writer.join(60)
        return {name: known for writer in self.writers for name, known in writer.versions.items()}


def listed_versions(s3) -> tuple[dict, dict]:
    """(key, version id) to "version" or "marker", and the latest of each key."""
    found, latest = {}, {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for kind, entries in (("version", page.get("Versions", [])), ("marker", page.get("DeleteMarkers", []))):
            for entry in entries:
                found[entry["Key"], entry["VersionId"]] = kind
                if entry["IsLatest"]:
                    assert entry["Key"] not in latest, f"two latest versions of {entry['Key']}"
                    latest[entry["Key"]] = kind
    return found, latest


def problems(url: str, versions: dict) -> list[str]:
    s3, out = crash_load.client(url), []
    found, latest = listed_versions(s3)
    for (key, version), known in versions.items():
        where = f"{key} {version}"
        if known is None or "marker" in known:
            if found.get((key, version)) != ("marker" if known else None):
                out.append(f"{where}: listed as {found.get((key, version))}")
            continue
        if found.get((key, version)) != "version":
            out.append(f"{where}: not listed")
            continue
        answer = s3.get_object(Bucket=BUCKET, Key=key, VersionId=version)
        if hashlib.sha256(answer["Body"].read()).hexdigest() != known["digest"]:
            out.append(f"{where}: wrong bytes ({known['digest']})")
        tags = s3.get_object_tagging(Bucket=BUCKET, Key=key, VersionId=version)["TagSet"]
        if {tag["Key"]: tag["Value"] for tag in tags} != known["tags"]:
            out.append(f"{where}: tags are {tags}, not {known['tags']}")
        if (answer.get("ObjectLockLegalHoldStatus") == "ON") != known["hold"] or ("ObjectLockMode" in answer) != known["locked"]:
            out.append(f"{where}: another lock")
    current = {item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET) for item in page.get("Contents", [])}
    if current != {key for key, kind in latest.items() if kind == "version"}:
        out.append("the lists of objects and of versions disagree")
    return out
