#!/usr/bin/env python3
"""Extends a signature to the first publication after it: from then on it rests on no key.

usage: extend.py FILE.ksig PUBLICATIONS [HOST:PORT]

PUBLICATIONS is the ledger's publications file (publications.py fetches it). FILE.ksig is replaced.
Nothing here asks whether the publications file is genuine: `pitser verify --trust` does, of the
extended signature as of any other.
"""

import hashlib
import os
import sys

import grpc
from pitser.v1 import pitser_pb2, pitser_pb2_grpc
from retry import with_retries

# TLV types of KSI signatures and publications files.
SIGNATURE, CALENDAR_CHAIN, PUBLICATION_RECORD, AUTHENTICATION_RECORD = 0x800, 0x802, 0x803, 0x805
FILE_RECORD, PUBLICATION_DATA = 0x703, 0x10
LEFT = 0x07  # The chain's own value is the left one, the link the right one. 0x08: the reverse.

HASHES = {0x01: hashlib.sha256, 0x04: hashlib.sha384, 0x05: hashlib.sha512}


def elements(data):
    """The TLV elements in `data`: (type, value, the whole element)."""
    at = 0
    while at < len(data):
        head = 4 if data[at] & 0x80 else 2
        if at + head > len(data):
            raise ValueError("cut off within a header")
        if head == 4:
            kind = (data[at] & 0x1F) << 8 | data[at + 1]
            end = at + head + int.from_bytes(data[at + 2:at + 4], "big")
        else:
            kind = data[at] & 0x1F
            end = at + head + data[at + 1]
        if end > len(data):
            raise ValueError(f"cut off within element 0x{kind:x}")
        yield kind, data[at + head:end], data[at:end]
        at = end


def element(kind, value):
    """An element with a long header, as all elements of a signature have."""
    return (0x8000 | kind).to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def only_value(data, wanted):
    """The value of the element of type `wanted` in `data`."""
    for kind, value, _ in elements(data):
        if kind == wanted:
            return value
    raise LookupError(f"there is no element 0x{wanted:x}")


class CalendarChain:
    def __init__(self, value):
        fields = {kind: value for kind, value, _ in elements(value)}
        self.links = [(kind, value) for kind, value, _ in elements(value) if kind in (0x07, 0x08)]
        self.publication_time = int.from_bytes(fields[0x01], "big")
        self.aggregation_time = int.from_bytes(fields.get(0x02, fields[0x01]), "big")
        self.input_hash = fields[0x05]

    def right_links(self):
        return [value for kind, value in self.links if kind != LEFT]

    def root(self):
        value = self.input_hash
        for kind, link in self.links:
            left, right = (value, link) if kind == LEFT else (link, value)
            # The right one's algorithm counts; 0xFF stands in all nodes of the calendar.
            value = right[:1] + HASHES[right[0]](left + right + b"\xff").digest()
        return value


def first_publication(publications, signing_time):
    """Time, hash and record of the first publication at or after `signing_time`."""
    if publications[:8] != b"KSIPUBLF":
        raise ValueError("not a publications file")
    for kind, record, _ in elements(publications[8:]):
        if kind == FILE_RECORD:
            data = only_value(record, PUBLICATION_DATA)
            time = int.from_bytes(only_value(data, 0x02), "big")
            if time >= signing_time:
                return time, only_value(data, 0x04), record
    raise LookupError("there is no publication after it yet")


def check(new, old, publication_time, published_hash):
    """Refuses a chain that does not go on where the signature is and end where the publication is."""
    if new.input_hash != old.input_hash or new.aggregation_time != old.aggregation_time:
        raise ValueError("the server's chain is of another second")
    if new.right_links() != old.right_links():  # They lead to the seconds before it.
        raise ValueError("the server tells another past than the signature")
    if new.publication_time != publication_time or new.root() != published_hash:
        raise ValueError("the server's chain does not lead to the publication")


def extended(signature, chain, record):
    """The signature with that calendar hash chain, and the publication instead of a key's word."""
    # In a signature the publication data has the F flag, 0x20.
    record = b"".join(bytes([whole[0] | 0x20]) + whole[1:] if kind == PUBLICATION_DATA else whole
                      for kind, _, whole in elements(record))
    body = b""
    for kind, _, whole in elements(only_value(signature, SIGNATURE)):
        if kind == CALENDAR_CHAIN:
            body += chain + element(PUBLICATION_RECORD, record)
        elif kind not in (PUBLICATION_RECORD, AUTHENTICATION_RECORD):
            body += whole
    return element(SIGNATURE, body)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, publications = sys.argv[1:3]
    server = sys.argv[3] if len(sys.argv) == 4 else "127.0.0.1:7380"
    with open(path, "rb") as file:
        signature = file.read()
    with open(publications, "rb") as file:
        publications = file.read()
    try:
        old = CalendarChain(only_value(only_value(signature, SIGNATURE), CALENDAR_CHAIN))
        time, published_hash, record = first_publication(publications, old.aggregation_time)
        request = pitser_pb2.ExtendRequest(aggregation_time=old.aggregation_time,
                                           publication_time=time)
        with grpc.insecure_channel(server) as channel:
            extender = pitser_pb2_grpc.ExtenderStub(channel)
            chain = with_retries(lambda: extender.Extend(request, timeout=10)).calendar_hash_chain
        check(CalendarChain(only_value(chain, CALENDAR_CHAIN)), old, time, published_hash)
        signature = extended(signature, chain, record)
    except grpc.RpcError as error:
        sys.exit(f"{server}: {error.code().name}: {error.details()}")
    except (ValueError, LookupError) as error:
        sys.exit(f"{path}: {error}")
    # The new signature replaces the old one whole or not at all.
    with open(path + ".new", "wb") as file:
        file.write(signature)
    os.replace(path + ".new", path)
    print(f"{path}: extended to {time} (Unix seconds)")


if __name__ == "__main__":
    main()
