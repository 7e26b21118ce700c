#!/usr/bin/env python3
"""Extends a signature to the first publication after it: from then on it rests on no key.

usage: extend.py FILE.ksig TRUST [HOST:PORT]

TRUST is the folder with the ledger's root certificate, the name of its publisher, and its publications
file, as `pitser trust fetch` makes it. FILE.ksig is replaced, once `pitser verify` says yes to the
extended signature: who extends need not be believed.
"""

import sys

import grpc
from ledger import connect, replace_checked, with_retries
from pitser.v1 import pitser_pb2, pitser_pb2_grpc


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, trust = sys.argv[1:3]
    server = sys.argv[3] if len(sys.argv) == 4 else "127.0.0.1:7380"
    with open(path, "rb") as file:
        request = pitser_pb2.ExtendSignatureRequest(signature=file.read())
    with connect(server) as channel:
        extender = pitser_pb2_grpc.ExtenderStub(channel)
        try:
            answer = with_retries(lambda left: extender.ExtendSignature(request, timeout=left))
        except grpc.RpcError as error:
            sys.exit(f"{server}: {error.code().name}: {error.details()}")
    replace_checked(path, answer.signature, "verify", "--policy", "publications-file", "--trust", trust)
    print(f"{path}: extended to {answer.publication.time} (Unix seconds)")


if __name__ == "__main__":
    main()
