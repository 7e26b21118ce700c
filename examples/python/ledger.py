"""What the examples share: the connection, calls that are repeated, and the check of what came.

Set in the environment, as for the command pitser:
  PITSER_TLS_CA            certificates to believe the server by, PEM; without it, gRPC's own
  PITSER_CLIENT_TLS_CERT   our certificate for the server, PEM, and
  PITSER_CLIENT_TLS_KEY    its key
  PITSER_TIMEOUT           seconds after which to give up (30)
"""

import os
import pathlib
import random
import subprocess
import sys
import time

import grpc

# Full, starting or shutting down: later it may work. All other errors would only come again.
# CANCELLED that we did not ask for is how gRPC drops a call that meets a server's shutdown.
WORTH_REPEATING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED,
                   grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED}


def connect(server):
    """A channel to HOST:PORT: over TLS, but for this machine where no certificate is named."""
    ca, cert, key = (os.environ.get(f"PITSER_{name}")
                     for name in ("TLS_CA", "CLIENT_TLS_CERT", "CLIENT_TLS_KEY"))
    if not (ca or cert or key) and server.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]"):
        # By no proxy, whatever http_proxy says: that could not reach this machine's loopback.
        return grpc.insecure_channel(server, options=[("grpc.enable_http_proxy", 0)])
    pems = (pathlib.Path(name).read_bytes() if name else None for name in (ca, key, cert))
    return grpc.secure_channel(server, grpc.ssl_channel_credentials(*pems))


def with_retries(call):
    """What call(seconds that are left) returns. It is repeated until PITSER_TIMEOUT is over.

    Repeating is always harmless: it makes another signature of the hash. A stream must be read to its
    end within `call`, so that it is repeated as a whole.
    """
    end = time.monotonic() + float(os.environ.get("PITSER_TIMEOUT", "30"))
    pause = 0.1
    while True:
        try:
            return call(end - time.monotonic())
        except grpc.RpcError as error:
            # By chance a little apart from all others that were refused at the same moment; and
            # never earlier than the server asked for.
            wait = max(pause * random.uniform(0.8, 1.2), wanted_pause(error))
            if error.code() not in WORTH_REPEATING or time.monotonic() + wait >= end:
                raise
            time.sleep(wait)
            pause = min(2 * pause, 5)


def wanted_pause(error):
    """The pause that the server asks for, in seconds; 0 when it asks for none."""
    metadata = dict(error.trailing_metadata() or ())
    return int(metadata.get("pitser-retry-after-ms", 0)) / 1000


def replace_checked(path, content, *check):
    """Writes `path`, whole or not at all, if `pitser CHECK... path` says yes to the content."""
    folder, name = os.path.split(path)
    new = os.path.join(folder, ".new-" + name)
    with open(new, "wb") as file:
        file.write(content)
    checked = subprocess.run(["pitser", *check, new], check=False, text=True, capture_output=True)
    if checked.returncode != 0:
        os.remove(new)
        sys.exit(f"{path}: not taken: {checked.stdout}{checked.stderr}")
    os.replace(new, path)
