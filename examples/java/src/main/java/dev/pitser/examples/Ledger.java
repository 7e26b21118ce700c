package dev.pitser.examples;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/** What the examples share: the connection, and calls that are repeated. */
final class Ledger {
  private static final Metadata.Key<String> RETRY_AFTER_MS =
      Metadata.Key.of("pitser-retry-after-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final int ATTEMPTS = 6;

  private Ledger() {}

  /** A connection; it is opened by the first call. */
  static ManagedChannel connect(String server) {
    // Plain text is for this machine. To another one: TlsChannelCredentials.create().
    return Grpc.newChannelBuilder(server, InsecureChannelCredentials.create()).build();
  }

  /**
   * What the call gives. Repeating is always harmless: it makes another signature of the same hash. A
   * stream must be read to its end within the call, so that it is repeated as a whole.
   */
  static <T> T retry(Supplier<T> call) throws InterruptedException {
    long pauseMs = 100;
    for (int attempt = 1; ; attempt++) {
      try {
        return call.get();
      } catch (StatusRuntimeException error) {
        if (!worthRepeating(error) || attempt == ATTEMPTS) {
          throw error;
        }
        // By chance a little apart from all others that were refused at the same moment; and never
        // earlier than the server asked for.
        long spread = (long) (pauseMs * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
        Thread.sleep(Math.max(spread, wantedPauseMs(error)));
        pauseMs = Math.min(2 * pauseMs, 5_000);
      }
    }
  }

  private static boolean worthRepeating(StatusRuntimeException error) {
    return switch (error.getStatus().getCode()) {
      // Full, starting or shutting down: later it may work. All others would only come again.
      case UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED -> true;
      // Not by us: so gRPC drops a call that meets a server's shutdown.
      case CANCELLED -> true;
      default -> false;
    };
  }

  /** The pause that the server asks for; 0 when it asks for none. */
  private static long wantedPauseMs(StatusRuntimeException error) {
    Metadata trailers = error.getTrailers();
    String text = trailers == null ? null : trailers.get(RETRY_AFTER_MS);
    return text == null ? 0 : Long.parseLong(text);
  }
}
