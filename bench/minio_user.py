"""Makes a user in MinIO that may do all in one bucket, see its own buckets and no more: minio_user.py HOST:PORT; keys in the environment.
Runs in the Python of dependencies/s3-tests.txt."""
import os
import sys

from minio.credentials import StaticProvider
from minio.minioadmin import MinioAdmin


def main():
    user, bucket = os.environ["USER_KEY"], os.environ["USER_BUCKET"]
    admin = MinioAdmin(endpoint=sys.argv[1], credentials=StaticProvider(os.environ["ROOT_KEY"], os.environ["ROOT_SECRET"]), secure=False)
    admin.user_add(user, os.environ["USER_SECRET"])
    admin.policy_add("own-bucket", policy={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]})
    admin.policy_set("own-bucket", user=user)


if __name__ == "__main__":
    main()
