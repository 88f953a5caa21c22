"""A load of writers that remember what was acknowledged, and the check that it is all there afterwards.

A *state* of a key is the SHA-256 of its bytes, its note (metadata) and its tags with blanks between, or None for absent. A change in flight, and one whose answer was an
error of the server's or no answer, allows the state before it and the one after it."""
import dataclasses
import hashlib
import http.client
import random
import threading
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions

import processes

BUCKET = "crash-load"
MEBIBYTE = 1 << 20
PART = 5 * MEBIBYTE
BROKEN = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, http.client.HTTPException, OSError)


@dataclasses.dataclass(frozen=True)
class Mix:
    """How often a writer does what (weights), with bodies of which sizes (size to weight), on how many keys."""
    actions: dict = dataclasses.field(default_factory=lambda: {
        "put": 50, "noted": 5, "tagged": 8, "tag": 5, "delete": 8, "bulk": 4, "copy": 10, "multipart": 7, "abort": 3})
    sizes: dict = dataclasses.field(default_factory=lambda: {0: 5, 1: 20, 100: 25, 4096: 25, 70_000: 25})
    keys: int = 90
    bucket: str = BUCKET
    timeout: int = 20


def client(url: str, timeout: int = 20):
    config = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=timeout, s3={"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=processes.ACCESS_KEY,
                        aws_secret_access_key=processes.SECRET_KEY, config=config)


def state_of(digest: str, note: str = "", tags: dict | None = None) -> str:
    return f"{digest} {note} {urllib.parse.urlencode(sorted((tags or {}).items()))}"


def with_other_tags(state: str, tags: dict) -> str:
    return f"{state.rsplit(' ', 1)[0]} {urllib.parse.urlencode(tags)}"


def read_state(s3, bucket: str, key: str, with_tags: bool):
    """What is there now. Tags cost a request of their own and are asked for only where there may be some."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
        digest = hashlib.sha256()
        for chunk in answer["Body"].iter_chunks(MEBIBYTE):
            digest.update(chunk)
        tags = {}
        if with_tags or answer.get("TagCount"):
            tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
        return state_of(digest.hexdigest(), answer["Metadata"].get("note", ""), tags)
    except s3.exceptions.NoSuchKey:
        return None


def has_tags(states) -> bool:
    return any(state and not state.endswith(" ") for state in states)


class Bodies:
    """Bodies of any size, no two alike, without making new random bytes for each."""
    POOL = random.Random(0).randbytes(MEBIBYTE)

    def __init__(self, source: random.Random):
        self.random = source

    def make(self, size: int) -> bytes:
        start = self.random.randbytes(min(size, 16))
        at = self.random.randrange(MEBIBYTE)
        rest = size - len(start)
        return (start + (self.POOL[at:] + self.POOL * (rest // MEBIBYTE + 1))[:rest]) if rest else start


@dataclasses.dataclass
class Upload:
    key: str
    parts: dict  # acknowledged ones: number to ETag


class Worker(threading.Thread):
    """Does one of `actions` (name to weight) after the other while `gate` is open, until `stop`."""

    def __init__(self, number: int, actions: dict, crew: "Crew", seed: int):
        super().__init__(daemon=True)
        self.number, self.actions, self.crew = number, actions, crew
        self.random = random.Random(seed * 1000 + number)
        self.resting = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged = self.refused = 0
        self.counts: dict[str, int] = {}
        self.surprises: list[str] = []

    def run(self):
        while not self.crew.stop_event.is_set():
            if not self.crew.gate.is_set():
                self.resting.set()
                self.crew.gate.wait(0.2)
                continue
            self.resting.clear()
            action = self.random.choices(list(self.actions), list(self.actions.values()))[0]
            try:
                getattr(self, action)()
                self.counts[action] = self.counts.get(action, 0) + 1
            except BROKEN as error:
                self.note(action, error)
        self.resting.set()

    def note(self, action: str, error: Exception):
        """Errors of the server's may come when what is behind it fails; any other answer is one that nobody should get here."""
        self.refused += 1
        status = error.response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(error, botocore.exceptions.ClientError) else 0
        if 0 < status < 500:
            self.surprises.append(f"{action}: {error}")


class Crew:
    """Workers that work between go() and pause(); end() is for good."""

    def __init__(self):
        self.gate, self.stop_event = threading.Event(), threading.Event()
        self.workers: list[Worker] = []

    def start(self, workers: list):
        self.workers = workers
        for worker in workers:
            worker.start()

    def go(self):
        for worker in self.workers:
            worker.resting.clear()
        self.gate.set()

    def pause(self, seconds: float = 180):
        """Returns when no request is under way: every worker has had its answer, or knows that none will come."""
        self.gate.clear()
        for worker in self.workers:
            if not worker.resting.wait(seconds):
                raise TimeoutError("a client got no answer")

    def end(self):
        self.stop_event.set()
        self.gate.set()
        for worker in self.workers:
            worker.join(60)

    def acknowledged(self) -> int:
        return sum(worker.acknowledged for worker in self.workers)

    def refused(self) -> int:
        return sum(worker.refused for worker in self.workers)

    def surprises(self) -> list[str]:
        return [text for worker in self.workers for text in worker.surprises]


class Writer(Worker):
    """Works on keys that only it uses. `expected` maps a key to the set of states it may be in; of `unsure` keys that is more than one,
    and they are left alone until settle()."""

    def __init__(self, url: str, number: int, mix: Mix, crew: Crew, seed: int):
        super().__init__(number, mix.actions, crew, seed)
        self.s3, self.mix = client(url, mix.timeout), mix
        self.bodies = Bodies(self.random)
        self.expected: dict[str, set] = {}
        self.passed_through: dict[str, set] = {}  # states since the last snapshot
        self.unsure: set[str] = set()
        self.uploads: dict[str, Upload] = {}  # begun and neither completed nor aborted, as far as was acknowledged
        self.ended: set[str] = set()          # uploads whose end was acknowledged

    def change(self, states: dict, act):
        """`states`: key to the state it shall have."""
        with self.lock:
            for key, state in states.items():
                self.expected[key] = self.expected.get(key, {None}) | {state}
                self.passed_through[key] = self.passed_through.get(key, set()) | self.expected[key]
                self.unsure.add(key)
        act()
        with self.lock:
            for key, state in states.items():
                self.expected[key] = {state}
                self.unsure.discard(key)
            self.acknowledged += 1

    def snapshot(self, all_since_last: bool) -> dict:
        with self.lock:
            states = {key: set(allowed) for key, allowed in self.expected.items()}
            if all_since_last:
                for key, passed in self.passed_through.items():
                    states[key] = states[key] | passed
            # What is under way now began before, and may be done by the next snapshot.
            self.passed_through = {key: set(self.expected[key]) for key in self.unsure}
            return states

    def open_uploads(self) -> dict[str, Upload]:
        with self.lock:
            return {name: Upload(upload.key, dict(upload.parts)) for name, upload in self.uploads.items()}

    def settle(self, states: dict):
        """Takes what a check found to be there for what is expected from now on."""
        with self.lock:
            for key in self.unsure:
                if key in states:
                    self.expected[key] = {states[key]}
            self.unsure.clear()

    # --- what it does

    def some_key(self) -> str | None:
        key = f"w{self.number}/{self.random.choice('abc')}/{self.random.randrange(self.mix.keys // 3)}"
        return None if key in self.unsure else key

    def known(self) -> tuple[str, str] | None:
        """A key that surely has an object, and its state."""
        key = self.some_key()
        state = next(iter(self.expected.get(key, {None}))) if key else None
        return (key, state) if state else None

    def body(self) -> tuple[bytes, str]:
        body = self.bodies.make(self.random.choices(list(self.mix.sizes), list(self.mix.sizes.values()))[0])
        return body, hashlib.sha256(body).hexdigest()

    def put(self, note: str = "", tags=None):
        key = self.some_key()
        if not key:
            return
        body, digest = self.body()
        more = {"Metadata": {"note": note}} if note else {}
        if tags:
            more["Tagging"] = urllib.parse.urlencode(tags)
        self.change({key: state_of(digest, note, tags)}, lambda: self.s3.put_object(Bucket=self.mix.bucket, Key=key, Body=body, **more))

    def noted(self):
        self.put(note=f"{self.acknowledged}-" + "n" * 120)

    def tagged(self):
        self.put(tags={"n": str(self.acknowledged), "writer": str(self.number)})

    def tag(self):
        known = self.known()
        if not known:
            return self.put()
        tags = {} if self.random.random() < 0.3 else {"changed": str(self.acknowledged)}
        where = {"Bucket": self.mix.bucket, "Key": known[0]}
        act = (lambda: self.s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})) if tags else (
            lambda: self.s3.delete_object_tagging(**where))
        return self.change({known[0]: with_other_tags(known[1], tags)}, act)

    def delete(self):
        key = self.some_key()
        if key:
            self.change({key: None}, lambda: self.s3.delete_object(Bucket=self.mix.bucket, Key=key))

    def bulk(self):
        keys = {key for key in (self.some_key() for _ in range(4)) if key}

        def act():
            answer = self.s3.delete_objects(Bucket=self.mix.bucket, Delete={"Objects": [{"Key": key} for key in keys]})
            if answer.get("Errors"):
                raise OSError(f"not all removed: {answer['Errors']}")
        if keys:
            self.change({key: None for key in keys}, act)

    def copy(self):
        known, key = self.known(), self.some_key()
        if not known or not key or key == known[0]:
            return self.put()
        source = {"Bucket": self.mix.bucket, "Key": known[0]}
        return self.change({key: known[1]}, lambda: self.s3.copy_object(Bucket=self.mix.bucket, Key=key, CopySource=source))

    def begin(self, key: str) -> tuple[str, bytes]:
        """An upload with two parts: its id and the bytes."""
        name = self.s3.create_multipart_upload(Bucket=self.mix.bucket, Key=key)["UploadId"]
        parts = [self.bodies.make(PART), self.bodies.make(1000)]
        upload = Upload(key, {})
        with self.lock:
            self.uploads[name] = upload
        for number, part in enumerate(parts, 1):
            etag = self.s3.upload_part(Bucket=self.mix.bucket, Key=key, UploadId=name, PartNumber=number, Body=part)["ETag"]
            with self.lock:
                upload.parts[number] = etag
        return name, b"".join(parts)

    def finish(self, name: str):
        """From here on the upload may be there or not, until its end is acknowledged."""
        with self.lock:
            return self.uploads.pop(name)

    def multipart(self):
        key = self.some_key()
        if not key:
            return
        name, body = self.begin(key)
        upload = self.finish(name)
        listed = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in upload.parts.items()]}
        self.change({key: state_of(hashlib.sha256(body).hexdigest())}, lambda: self.s3.complete_multipart_upload(
            Bucket=self.mix.bucket, Key=key, UploadId=name, MultipartUpload=listed))
        self.ended.add(name)

    def abort(self):
        key = self.some_key() or f"w{self.number}/aborted"
        name, _ = self.begin(key)
        self.finish(name)
        self.s3.abort_multipart_upload(Bucket=self.mix.bucket, Key=key, UploadId=name)
        self.ended.add(name)
        self.acknowledged += 1

    def get(self):
        key = self.some_key()
        if key:
            allowed = self.expected.get(key, {None})
            found = read_state(self.s3, self.mix.bucket, key, has_tags(allowed))
            if found not in allowed:
                self.surprises.append(f"get {key}: {found} and not {allowed}")

    def peek(self):
        """Another one's object, which may be replaced or removed this very moment: what comes must be one version, whole."""
        key = f"w{self.random.randrange(len(self.crew.workers))}/{self.random.choice('abc')}/{self.random.randrange(self.mix.keys // 3)}"
        try:
            answer = self.s3.get_object(Bucket=self.mix.bucket, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return
        digest, etag = hashlib.md5(), answer["ETag"].strip('"')
        for chunk in answer["Body"].iter_chunks(MEBIBYTE):
            digest.update(chunk)
        if "-" not in etag and digest.hexdigest() != etag:
            self.surprises.append(f"peek at {key}: the bytes are not those of ETag {etag}")

    def range(self):
        known = self.known()
        if known:
            size = self.s3.head_object(Bucket=self.mix.bucket, Key=known[0])["ContentLength"]
            if size > 1:
                body = self.s3.get_object(Bucket=self.mix.bucket, Key=known[0], Range=f"bytes={size // 2}-")["Body"].read()
                if len(body) != size - size // 2:
                    self.surprises.append(f"range of {known[0]}: {len(body)} bytes")

    def list(self):
        found = set()
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.mix.bucket, Prefix=f"w{self.number}/"):
            found.update(item["Key"] for item in page.get("Contents", []))
        for key, allowed in self.expected.items():
            if len(allowed) == 1 and (allowed != {None}) != (key in found):
                self.surprises.append(f"list: {key} {'is there' if key in found else 'is missing'}")


class Load(Crew):
    """Writers on one bucket, which it makes."""

    def __init__(self, url: str, writers: int = 6, mix: Mix = Mix(), seed: int = 0, make_bucket: bool = True):
        super().__init__()
        self.mix = mix
        s3 = client(url)
        if make_bucket and mix.bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=mix.bucket)
        self.start([Writer(url, number, mix, self, seed) for number in range(writers)])

    def snapshot(self, all_since_last: bool = False) -> dict:
        """What must be there now: every key with the states that it may be in; on demand also those that it went through since the
        snapshot before."""
        states = {}
        for writer in self.workers:
            states.update(writer.snapshot(all_since_last))
        return states

    def uploads(self) -> dict[str, Upload]:
        return {name: upload for writer in self.workers for name, upload in writer.open_uploads().items()}

    def ended_uploads(self) -> set[str]:
        return {name for writer in self.workers for name in set(writer.ended)}

    def forget_uploads(self):
        for writer in self.workers:
            writer.uploads.clear()

    def counts(self) -> dict:
        return {action: sum(writer.counts.get(action, 0) for writer in self.workers) for action in self.mix.actions}

    def settle(self, states: dict):
        for writer in self.workers:
            writer.settle(states)


def check(url: str, states: dict, bucket: str = BUCKET) -> tuple[list[str], dict]:
    """Keys that are in none of their allowed states, torn or missing objects, and list entries that nobody wrote; and the states found."""
    s3, found, now = client(url, 120), [], {}
    listed = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        listed.update(item["Key"] for item in page.get("Contents", []))
    for key, allowed in sorted(states.items()):
        try:
            state = read_state(s3, bucket, key, has_tags(allowed))
        except BROKEN as error:
            found.append(f"{urllib.parse.quote(key)}: {error}")
            continue
        now[key] = state
        if state not in allowed:
            found.append(f"{urllib.parse.quote(key)}: {'missing' if state is None else 'wrong bytes or tags'}")
        if (state is not None) != (key in listed):
            found.append(f"{urllib.parse.quote(key)}: list and get disagree")
    found += [f"{key}: listed, never written" for key in listed - set(states)]
    return found, now


def problems(url: str, states: dict, bucket: str = BUCKET) -> list[str]:
    return check(url, states, bucket)[0]


def listed_uploads(s3, bucket: str = BUCKET) -> dict[str, str]:
    """Upload id to key."""
    found = {}
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        found.update({upload["UploadId"]: upload["Key"] for upload in page.get("Uploads", [])})
    return found


def upload_problems(url: str, kept: dict[str, Upload], ended: set[str], bucket: str = BUCKET) -> list[str]:
    """`kept`: uploads that must be there with their parts; `ended`: those that must not."""
    s3, found = client(url), []
    listed = listed_uploads(s3, bucket)
    for name, upload in kept.items():
        if listed.get(name) != upload.key:
            found.append(f"upload of {upload.key}: not listed")
            continue
        parts = {part["PartNumber"]: part["ETag"] for part in s3.list_parts(Bucket=bucket, Key=upload.key, UploadId=name).get("Parts", [])}
        if not upload.parts.items() <= parts.items():
            found.append(f"upload of {upload.key}: parts {sorted(parts)} and not {sorted(upload.parts)}")
    return found + [f"upload of {listed[name]}: still listed after its end" for name in ended & set(listed)]


def remove_objects(url: str, bucket: str = BUCKET):
    s3 = client(url, 120)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
            assert "Errors" not in answer, answer


def abort_uploads(url: str, bucket: str = BUCKET):
    s3 = client(url, 120)
    for name, key in listed_uploads(s3, bucket).items():
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=name)
