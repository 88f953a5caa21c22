"""The format of docs/formats/sealed.md by another implementation than ours: opens what lies in a folder, and makes test vectors."""
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER, CHUNK, TAG = 132, 1 << 16, 16
CUSTOMER, OWN = 1, 2


def derived(key: bytes, salt: bytes, info: bytes, size: int = 32) -> bytes:
    return HKDF(hashes.SHA256(), size, salt, info).derive(key)


def crc32c(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "big")


def nonce(number: int) -> bytes:
    return bytes(4) + struct.pack("<Q", number)


def seal(plain: bytes, key: bytes, salt: bytes, segment_key: bytes, object_id: bytes, kind: int = CUSTOMER, part: int = 0) -> bytes:
    key_id = derived(key, b"", b"holdfast sealed 1 key id", 8) if kind == OWN else bytes(8)
    head = b"hfsealed" + struct.pack("<BBBBIQ", 1, kind, 16, 0, part, len(plain)) + object_id + key_id + salt
    head += AESGCM(derived(key, salt, b"holdfast sealed 1 wrap")).encrypt(bytes(12), segment_key, head)
    chunks = [AESGCM(segment_key).encrypt(nonce(at // CHUNK), plain[at:at + CHUNK], None) for at in range(0, len(plain), CHUNK)]
    return head + crc32c(head) + b"".join(chunks)


def segments(sealed: bytes, key: bytes) -> list[tuple[int, bytes, bytes]]:
    """Part number, object id and plain bytes of every segment in a file."""
    found = []
    while sealed:
        head, rest = sealed[:HEADER], sealed[HEADER:]
        magic, version, kind, bits, zero, part, size = struct.unpack("<8sBBBBIQ", head[:24])
        assert (magic, version, bits, zero) == (b"hfsealed", 1, 16, 0) and kind in (CUSTOMER, OWN)
        assert head[128:] == crc32c(head[:128])
        expected = derived(key, b"", b"holdfast sealed 1 key id", 8) if kind == OWN else bytes(8)
        assert head[40:48] == expected
        segment_key = AESGCM(derived(key, head[48:80], b"holdfast sealed 1 wrap")).decrypt(bytes(12), head[80:128], head[:80])
        plain = b""
        for number in range((size + CHUNK - 1) // CHUNK):
            length = min(CHUNK, size - len(plain)) + TAG
            plain += AESGCM(segment_key).decrypt(nonce(number), rest[:length], None)
            rest = rest[length:]
        found.append((part, head[24:40], plain))
        sealed = rest
    return found
