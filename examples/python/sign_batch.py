#!/usr/bin/env python3
"""Signs all files of a folder in one call and writes each signature beside its file, as FILE.ksig.

usage: sign_batch.py FOLDER [HOST:PORT]

One call signs up to Limits.max_batch hashes (GetServerInfo tells), all in one second; for more,
make more calls. It is the whole batch or an error.
"""

import hashlib
import pathlib
import sys

import grpc
from ledger import connect, with_retries
from pitser.v1 import pitser_pb2, pitser_pb2_grpc

SHA256 = 1


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 16):
            digest.update(piece)
    return digest.digest()


def sign_batch(signer, digests, timeout):
    """A signature for each digest, in their order."""
    request = pitser_pb2.SignBatchRequest(algorithm=SHA256, digests=b"".join(digests))
    tail, signatures = b"", []
    for answer in signer.SignBatch(request, timeout=timeout):
        # What the signatures share comes once, in the first message. Each is its own part and
        # then the tail, behind the header of a KSI signature.
        tail = answer.tail or tail
        for body in (part + tail for part in answer.parts):
            signatures.append(b"\x88\x00" + len(body).to_bytes(2, "big") + body)
    return signatures


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    server = sys.argv[2] if len(sys.argv) == 3 else "127.0.0.1:7380"
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".ksig")
    digests = [sha256_of(path) for path in files]
    with connect(server) as channel:
        signer = pitser_pb2_grpc.SignerStub(channel)
        try:
            signatures = with_retries(lambda left: sign_batch(signer, digests, left))
        except grpc.RpcError as error:
            sys.exit(f"{server}: {error.code().name}: {error.details()}")
    if len(signatures) != len(files):
        sys.exit(f"{server}: {len(signatures)} signatures for {len(files)} files")
    for path, signature in zip(files, signatures):
        with open(f"{path}.ksig", "xb") as file:  # "x": never over a signature that is there.
            file.write(signature)
    print(f"{folder}: {len(signatures)} files signed")


if __name__ == "__main__":
    main()
