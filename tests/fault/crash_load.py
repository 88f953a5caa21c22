"""A load of writers that remember what was acknowledged, and the check that it is all there afterwards."""
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


def client(url: str):
    config = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20, s3={"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=processes.ACCESS_KEY,
                        aws_secret_access_key=processes.SECRET_KEY, config=config)


class Writer(threading.Thread):
    """Puts, overwrites, copies, multipart uploads and deletes on keys that only it uses, until told to stop or the gateway is gone.
    `expected` maps a key to the set of states it may be in: a digest, or None for absent. A change in flight allows both."""

    def __init__(self, url: str, number: int, expected: dict, stop: threading.Event):
        super().__init__(daemon=True)
        self.s3, self.number, self.expected, self.stop_event = client(url), number, expected, stop
        self.random = random.Random(number)
        self.acknowledged = 0
        self.lock = threading.Lock()
        self.passed_through: dict[str, set] = {}  # states since the last snapshot

    def run(self):
        while not self.stop_event.is_set():
            try:
                self.step()
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, http.client.HTTPException, OSError):
                return

    def change(self, key: str, new_state, act):
        with self.lock:
            self.expected[key] = self.expected.get(key, {None}) | {new_state}
            self.passed_through[key] = self.passed_through.get(key, set()) | self.expected[key]
        act()
        with self.lock:
            self.expected[key] = {new_state}
            self.acknowledged += 1

    def snapshot(self, all_since_last: bool) -> dict:
        with self.lock:
            states = {key: set(allowed) for key, allowed in self.expected.items()}
            if all_since_last:
                for key, passed in self.passed_through.items():
                    states[key] = states[key] | passed
            self.passed_through = {}
            return states

    def step(self):
        key = f"w{self.number}/{self.random.choice('abc')}/{self.random.randrange(200)}"
        body = self.random.randbytes(self.random.choice([1, 100, 4096, 70_000]))
        digest = hashlib.sha256(body).hexdigest()
        kind = self.random.random()
        if kind < 0.70:
            self.change(key, digest, lambda: self.s3.put_object(Bucket=BUCKET, Key=key, Body=body))
        elif kind < 0.80:
            self.change(key, None, lambda: self.s3.delete_object(Bucket=BUCKET, Key=key))
        elif kind < 0.92:
            source = f"w{self.number}/source"
            self.change(source, digest, lambda: self.s3.put_object(Bucket=BUCKET, Key=source, Body=body))
            self.change(key, digest, lambda: self.s3.copy_object(Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": source}))
        else:
            self.multipart(key)

    def multipart(self, key: str):
        parts = [self.random.randbytes(5 << 20), self.random.randbytes(1000)]
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        etags = [self.s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=i + 1, Body=part)["ETag"]
                 for i, part in enumerate(parts)]
        listed = {"Parts": [{"PartNumber": i + 1, "ETag": etag} for i, etag in enumerate(etags)]}
        self.change(key, digest, lambda: self.s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=listed))


class Load:
    def __init__(self, url: str, writers: int = 6):
        try:
            client(url).create_bucket(Bucket=BUCKET)
        except botocore.exceptions.ClientError:
            pass
        self.stop_event = threading.Event()
        self.writers = [Writer(url, number, {}, self.stop_event) for number in range(writers)]
        for writer in self.writers:
            writer.start()

    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def snapshot(self, all_since_last: bool = False) -> dict:
        """What must be there now: every key with the states that it may be in; on demand also those that it went through since the
        snapshot before."""
        states = {}
        for writer in self.writers:
            states.update(writer.snapshot(all_since_last))
        return states

    def end(self):
        self.stop_event.set()
        for writer in self.writers:
            writer.join(60)


def problems(url: str, states: dict) -> list[str]:
    """Keys that are in none of their allowed states, torn or missing objects, and list entries that nobody wrote."""
    s3, found = client(url), []
    listed = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        listed.update(item["Key"] for item in page.get("Contents", []))
    for key, allowed in sorted(states.items()):
        try:
            body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            state = hashlib.sha256(body).hexdigest()
        except s3.exceptions.NoSuchKey:
            state = None
        if state not in allowed:
            found.append(f"{urllib.parse.quote(key)}: {'missing' if state is None else 'wrong bytes'}")
        if (state is not None) != (key in listed):
            found.append(f"{urllib.parse.quote(key)}: list and get disagree")
    found += [f"{key}: listed, never written" for key in listed - set(states)]
    return found
