#!/usr/bin/env python3
"""Fetches the ledger's publications file: the calendar roots that everybody may hold it to.

usage: publications.py OUT [HOST:PORT]

The file is signed. This program does not check that: who uses the file does, with the ledger's root
certificate (`pitser verify --trust`).
"""

import os
import sys

import grpc
from pitser.v1 import pitser_pb2, pitser_pb2_grpc
from retry import with_retries


def fetch(stub):
    """The file comes in pieces of at most 1 MiB."""
    pieces = stub.GetPublicationsFile(pitser_pb2.GetPublicationsFileRequest(), timeout=30)
    return b"".join(piece.data for piece in pieces)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    path = sys.argv[1]
    server = sys.argv[2] if len(sys.argv) == 3 else "127.0.0.1:7380"
    with grpc.insecure_channel(server) as channel:
        stub = pitser_pb2_grpc.PublicationsStub(channel)
        try:
            content = with_retries(lambda: fetch(stub))
        except grpc.RpcError as error:
            sys.exit(f"{server}: {error.code().name}: {error.details()}")
    # The new file replaces the old one whole or not at all.
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.replace(path + ".new", path)
    print(f"{path}: {len(content)} bytes")


if __name__ == "__main__":
    main()
