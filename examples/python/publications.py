#!/usr/bin/env python3
"""Fetches the ledger's publications file: the calendar roots that everybody may hold it to.

usage: publications.py OUT TRUST [HOST:PORT]

TRUST is the folder with the ledger's root certificate and the name of its publisher, as
`pitser trust fetch` makes it: `pitser publications verify` says yes to the file before it is written.
"""

import sys

import grpc
from ledger import connect, replace_checked, with_retries
from pitser.v1 import pitser_pb2, pitser_pb2_grpc


def fetch(stub, timeout):
    """The file comes in pieces of at most 1 MiB."""
    pieces = stub.GetPublicationsFile(pitser_pb2.GetPublicationsFileRequest(), timeout=timeout)
    return b"".join(piece.data for piece in pieces)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, trust = sys.argv[1:3]
    server = sys.argv[3] if len(sys.argv) == 4 else "127.0.0.1:7380"
    with connect(server) as channel:
        stub = pitser_pb2_grpc.PublicationsStub(channel)
        try:
            content = with_retries(lambda left: fetch(stub, left))
        except grpc.RpcError as error:
            sys.exit(f"{server}: {error.code().name}: {error.details()}")
    replace_checked(path, content, "publications", "verify", "--trust", trust)
    print(f"{path}: {len(content)} bytes")


if __name__ == "__main__":
    main()
