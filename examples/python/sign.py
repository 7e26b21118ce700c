#!/usr/bin/env python3
"""Signs a file through a Pitser ledger and writes the signature beside it, as FILE.ksig.

usage: sign.py FILE [HOST:PORT]

The stubs are generated from the project's proto/ (docs/issuer.md shows how) and found through
PYTHONPATH. Only the hash of the file goes to the server.
"""

import hashlib
import sys

import grpc
from ledger import connect, with_retries
from pitser.v1 import pitser_pb2, pitser_pb2_grpc

SHA256_ID = b"\x01"  # An imprint is the algorithm's id byte and the digest.


def imprint_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 16):
            digest.update(piece)
    return SHA256_ID + digest.digest()


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    path = sys.argv[1]
    server = sys.argv[2] if len(sys.argv) == 3 else "127.0.0.1:7380"
    request = pitser_pb2.SignRequest(imprint=imprint_of(path))
    with connect(server) as channel:
        signer = pitser_pb2_grpc.SignerStub(channel)
        try:
            # The answer comes when the current second is over.
            answer = with_retries(lambda left: signer.Sign(request, timeout=left))
        except grpc.RpcError as error:
            sys.exit(f"{server}: {error.code().name}: {error.details()}")
    with open(path + ".ksig", "xb") as file:  # "x": never over a signature that is there.
        file.write(answer.signature)
    print(f"{path}.ksig: signed at {answer.aggregation_time} (Unix seconds), "
          f"through {' :: '.join(answer.account_path)}")


if __name__ == "__main__":
    main()
