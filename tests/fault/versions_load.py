"""Writers on a bucket with object lock that remember which versions, tags and locks were acknowledged, and the check of all that."""
import datetime
import hashlib
import random

import botocore.exceptions

import crash_load

BUCKET = "crash-versions"
UNTIL = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)


class VersionWriter(crash_load.Worker):
    """`versions` maps (key, version id) to what is known of it: digest, tags, hold, locked; None: it was removed for good or is just
    being removed. What a call in flight changes is not known, so it is taken out before and put in after."""

    def __init__(self, url: str, number: int, crew: crash_load.Crew, seed: int):
        super().__init__(number, {"change": 1}, crew, seed)
        self.s3, self.versions, self.taken = crash_load.client(url), {}, set()

    def take(self, name):
        """Out of what is known, until its change is acknowledged."""
        with self.lock:
            self.taken.add(name)
            return self.versions.pop(name)

    def known_now(self) -> dict:
        """What must be there; unless taken() names it afterwards, it must stay so."""
        with self.lock:
            self.taken = set()
            return dict(self.versions)

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

    def change(self):
        self.change_something()
        self.acknowledged += 1

    def change_something(self):
        key, kind = f"v{self.number}/{self.random.randrange(6)}", self.random.random()
        mine = [name for name, known in self.versions.items() if known and name[0] == key]
        if kind < 0.5 or not mine:
            return self.put(key)
        if kind < 0.65:
            self.versions[key, self.s3.delete_object(Bucket=BUCKET, Key=key)["VersionId"]] = {"marker": True}
            return None
        name = self.random.choice(mine)
        known = self.take(name)
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


class VersionLoad(crash_load.Crew):
    def __init__(self, url: str, writers: int = 4, seed: int = 0):
        super().__init__()
        s3 = crash_load.client(url)
        if BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        self.start([VersionWriter(url, number, self, seed) for number in range(writers)])

    def known_now(self) -> dict:
        return {name: known for worker in self.workers for name, known in worker.known_now().items()}

    def taken(self) -> set:
        """What was changed, or began to be, since known_now()."""
        return {name for worker in self.workers for name in set(worker.taken)}


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


def problems(url: str, versions: dict, most_read: int = 1000) -> list[str]:
    """Every version is looked for in the list; bytes, tags and locks are compared for `most_read` of them, drawn by lot."""
    s3, out = crash_load.client(url), []
    read = set(random.sample(sorted(versions), min(most_read, len(versions))))
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
        if (key, version) not in read:
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
