#!/usr/bin/env python3
"""The hash of a graph file, by a second program: made from docs/formats/stackgraph-graphson.md alone, holding all in memory.

usage: graph_hash.py FILE [HASH]: prints the hash; exit 1 when HASH is given and another one. Types that it does not know are an error.
"""
import base64
import decimal
import hashlib
import json
import struct
import sys

TEXTS = {"Duration": "P", "Instant": "I", "LocalDate": "A", "LocalDateTime": "J", "LocalTime": "K", "OffsetDateTime": "O",
         "ZonedDateTime": "Z", "InetAddress": "H", "Year": "Y", "YearMonth": "V", "MonthDay": "W", "Period": "R",
         "ZoneOffset": "X", "OffsetTime": "Q", "Char": "c"}
INTEGERS = {"g:Int32": "i", "g:Int64": "l", "gx:Int16": "h", "gx:Byte": "y", "g:Date": "D", "g:Timestamp": "T"}
MODULUS = 1 << 256


class Number(str):
    """A number as it is written."""


def count(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def counted(letter: str, content: bytes) -> bytes:
    return letter.encode() + count(len(content)) + content


def text(content: str) -> bytes:
    return counted("s", content.encode())


def decimal_form(number: str) -> bytes:
    parts = decimal.Decimal(number).as_tuple()
    digits = "".join(map(str, parts.digits)).lstrip("0")
    if not digits:
        return b"0"
    short = digits.rstrip("0")
    return f"{'-' if parts.sign else ''}{short}e{parts.exponent + len(digits) - len(short)}".encode()


def floating(kind: str, content: str) -> bytes:
    number = float(content)
    if kind == "g:Float" and number == number and abs(number) != float("inf"):
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    bits = struct.pack("<d", number) if number == number else struct.pack("<Q", 0x7FF8000000000000)
    return (b"d" if kind == "g:Double" else b"e") + bits


def ordered(pieces: list) -> bytes:
    return count(len(pieces)) + b"".join(sorted(pieces))


def value(it) -> bytes:
    if it is None or isinstance(it, bool):
        return {None: b"z", True: b"t", False: b"f"}[it]
    if isinstance(it, str) and not isinstance(it, Number):
        return text(it)
    kind, content = it["@type"], it["@value"]
    if kind in INTEGERS:
        return INTEGERS[kind].encode() + struct.pack("<q", int(content))
    if kind in ("g:Double", "g:Float"):
        return floating(kind, content)
    if kind == "g:UUID":
        return counted("u", content.lower().encode())
    if kind in ("gx:BigInteger", "gx:BigDecimal"):
        return counted("N" if kind == "gx:BigInteger" else "F", decimal_form(content))
    if kind == "gx:ByteBuffer":
        return counted("B", base64.b64decode(content))
    if kind == "g:List":
        return b"L" + count(len(content)) + b"".join(map(value, content))
    if kind == "g:Set":
        return b"S" + ordered([value(item) for item in content])
    if kind == "g:Map":
        return b"M" + ordered([value(content[i]) + value(content[i + 1]) for i in range(0, len(content), 2)])
    return counted(TEXTS[kind.removeprefix("gx:")], content.encode())


def properties(members: dict) -> bytes:
    return ordered([text(key) + value(content) for key, content in members.items()])


def digest(content: bytes) -> int:
    return int.from_bytes(hashlib.sha256(content).digest(), "little")


def graph_hash(file: str) -> str:
    vertices = out = into = 0
    counts = [0] * 5
    with open(file, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            vertex = json.loads(line, parse_int=Number, parse_float=Number)
            own = value(vertex["id"])
            pieces = []
            for key, values in vertex.get("properties", {}).items():
                for one in values:
                    counts[3] += len(one.get("properties", {}))
                    pieces.append(text(key) + value(one["value"]) + properties(one.get("properties", {})))
            counts[0] += 1
            counts[2] += len(pieces)
            vertices += digest(b"V" + own + text(vertex["label"]) + ordered(pieces))
            for label, edges in vertex.get("outE", {}).items():
                for edge in edges:
                    counts[1] += 1
                    counts[4] += len(edge.get("properties", {}))
                    out += digest(b"E" + own + text(label) + value(edge["inV"]) + properties(edge.get("properties", {})))
            for label, edges in vertex.get("inE", {}).items():
                for edge in edges:
                    into += digest(b"E" + value(edge["outV"]) + text(label) + own + properties(edge.get("properties", {})))
    if out % MODULUS != into % MODULUS:
        sys.exit("an edge is not the same at both its ends")
    sums = b"".join((number % MODULUS).to_bytes(32, "little") for number in (vertices, out))
    return hashlib.sha256(b"holdfast graph 1" + struct.pack("<5Q", *counts) + sums).hexdigest()


if __name__ == "__main__":
    found = graph_hash(sys.argv[1])
    print(found)
    sys.exit(found not in sys.argv[2:] and len(sys.argv) > 2)
