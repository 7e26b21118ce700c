package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.v1.GetPublicationsFileRequest;
import dev.pitser.v1.GetPublicationsFileResponse;
import dev.pitser.v1.PublicationsGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/**
 * Fetches the ledger's publications file: the calendar roots that everybody may hold it to.
 *
 * <p>The file is signed. This program does not check that: who uses the file does, with the ledger's
 * root certificate (pitser verify --trust).
 */
public final class Publications {
  private Publications() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 1 || args.length > 2) {
      System.err.println("usage: Publications OUT [HOST:PORT]");
      System.exit(2);
    }
    String server = args.length == 2 ? args[1] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      PublicationsGrpc.PublicationsBlockingStub stub = PublicationsGrpc.newBlockingStub(channel);
      ByteString content = Ledger.retry(() -> fetch(stub));
      // The new file replaces the old one whole or not at all.
      Path out = Path.of(args[0]);
      Path made = Files.write(Path.of(out + ".new"), content.toByteArray());
      Files.move(made, out, StandardCopyOption.ATOMIC_MOVE);
      System.out.printf("%s: %d bytes%n", out, content.size());
    } catch (StatusRuntimeException error) {
      System.err.println(server + ": " + error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Joins the pieces, of at most 1 MiB, in which the file comes. */
  private static ByteString fetch(PublicationsGrpc.PublicationsBlockingStub stub) {
    Iterator<GetPublicationsFileResponse> pieces =
        stub.withDeadlineAfter(30, TimeUnit.SECONDS)
            .getPublicationsFile(GetPublicationsFileRequest.getDefaultInstance());
    ByteString content = ByteString.EMPTY;
    while (pieces.hasNext()) {
      content = content.concat(pieces.next().getData());
    }
    return content;
  }
}
