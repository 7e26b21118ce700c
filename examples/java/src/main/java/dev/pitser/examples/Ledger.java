package dev.pitser.examples;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.AbstractStub;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What the examples share: the connection, calls that are repeated, and the check of what came. Set in
 * the environment, as for the command pitser:
 *
 * <ul>
 *   <li>PITSER_TLS_CA: certificates to believe the server by, PEM; without it, Java's own
 *   <li>PITSER_CLIENT_TLS_CERT: our certificate for the server, PEM
 *   <li>PITSER_CLIENT_TLS_KEY: its key, PEM (PKCS#8)
 *   <li>PITSER_TIMEOUT: seconds after which to give up (30)
 * </ul>
 */
final class Ledger {
  private static final Metadata.Key<String> RETRY_AFTER_MS =
      Metadata.Key.of("pitser-retry-after-ms", Metadata.ASCII_STRING_MARSHALLER);

  private Ledger() {}

  /**
   * A connection to HOST:PORT, which is opened by the first call: over TLS, but for this machine where no
   * certificate is named.
   */
  static ManagedChannel connect(String server) throws IOException {
    return Grpc.newChannelBuilder(server, credentials(server)).build();
  }

  private static ChannelCredentials credentials(String server) throws IOException {
    String ca = setting("PITSER_TLS_CA");
    String cert = setting("PITSER_CLIENT_TLS_CERT");
    String key = setting("PITSER_CLIENT_TLS_KEY");
    boolean named = !ca.isEmpty() || !cert.isEmpty() || !key.isEmpty();
    if (!named && server.matches("(127\\.0\\.0\\.1|localhost|\\[::1\\]):\\d+")) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
    if (!ca.isEmpty()) {
      tls.trustManager(new File(ca));
    }
    if (!cert.isEmpty() || !key.isEmpty()) {
      tls.keyManager(new File(cert), new File(key));
    }
    return tls.build();
  }

  private static String setting(String name) {
    String value = System.getenv(name);
    return value == null ? "" : value;
  }

  /**
   * What the call gives on a stub that has what is left of PITSER_TIMEOUT. It is repeated until that is
   * over. Repeating is always harmless: it makes another signature of the same hash. A stream must be read
   * to its end within the call, so that it is repeated as a whole.
   */
  static <S extends AbstractStub<S>, T> T retry(S stub, Function<S, T> call)
      throws InterruptedException {
    String timeout = setting("PITSER_TIMEOUT");
    double seconds = timeout.isEmpty() ? 30 : Double.parseDouble(timeout);
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long pauseMs = 100;
    while (true) {
      long left = end - System.nanoTime();
      try {
        return call.apply(stub.withDeadlineAfter(left, TimeUnit.NANOSECONDS));
      } catch (StatusRuntimeException error) {
        // By chance a little apart from all others that were refused at the same moment; and never
        // earlier than the server asked for.
        long spread = (long) (pauseMs * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
        long waitMs = Math.max(spread, wantedPauseMs(error));
        if (!worthRepeating(error) || System.nanoTime() + waitMs * 1_000_000 >= end) {
          throw error;
        }
        Thread.sleep(waitMs);
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

  /** Writes `path`, whole or not at all, if "pitser CHECK... path" says yes to the content. */
  static void replaceChecked(Path path, byte[] content, List<String> check) throws Exception {
    Path made = Files.write(path.resolveSibling(".new-" + path.getFileName()), content);
    List<String> command = new ArrayList<>(List.of("pitser"));
    command.addAll(check);
    command.add(made.toString());
    Process checking = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(checking.getInputStream().readAllBytes());
    if (checking.waitFor() != 0) {
      Files.delete(made);
      throw new IOException(path + ": not taken: " + said);
    }
    Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
  }
}
