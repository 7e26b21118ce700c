"""Repeats calls that are worth repeating."""

import random
import time

import grpc

# Full, starting or shutting down: later it may work. All other errors would only come again.
# CANCELLED that we did not ask for is how gRPC drops a call that meets a server's shutdown.
WORTH_REPEATING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED,
                   grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED}


def with_retries(call, attempts=6):
    """What call() returns. Repeating is always harmless: it makes another signature of the hash.

    A stream must be read to its end within `call`, so that it is repeated as a whole.
    """
    pause = 0.1
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() not in WORTH_REPEATING or attempt == attempts:
                raise
            # By chance a little apart from all others that were refused at the same moment; and
            # never earlier than the server asked for.
            time.sleep(max(pause * random.uniform(0.8, 1.2), wanted_pause(error)))
            pause = min(2 * pause, 5)


def wanted_pause(error):
    """The pause that the server asks for, in seconds; 0 when it asks for none."""
    metadata = dict(error.trailing_metadata() or ())
    return int(metadata.get("pitser-retry-after-ms", 0)) / 1000
