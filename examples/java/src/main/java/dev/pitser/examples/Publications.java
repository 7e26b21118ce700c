package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.v1.GetPublicationsFileRequest;
import dev.pitser.v1.GetPublicationsFileResponse;
import dev.pitser.v1.PublicationsGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/**
 * Fetches the ledger's publications file: the calendar roots that everybody may hold it to.
 *
 * <p>TRUST is the folder with the ledger's root certificate and the name of its publisher, as pitser trust
 * fetch makes it: pitser publications verify says yes to the file before it is written.
 */
public final class Publications {
  private Publications() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 2 || args.length > 3) {
      System.err.println("usage: Publications OUT TRUST [HOST:PORT]");
      System.exit(2);
    }
    String server = args.length == 3 ? args[2] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      PublicationsGrpc.PublicationsBlockingStub stub = PublicationsGrpc.newBlockingStub(channel);
      ByteString content = Ledger.retry(stub, Publications::fetch);
      Path out = Path.of(args[0]);
      Ledger.replaceChecked(
          out, content.toByteArray(), List.of("publications", "verify", "--trust", args[1]));
      System.out.printf("%s: %d bytes%n", out, content.size());
    } catch (StatusRuntimeException error) {
      System.err.println(server + ": " + error.getMessage());
      System.exit(1);
    } catch (IOException error) {
      System.err.println(error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Joins the pieces, of at most 1 MiB, in which the file comes. */
  private static ByteString fetch(PublicationsGrpc.PublicationsBlockingStub stub) {
    Iterator<GetPublicationsFileResponse> pieces =
        stub.getPublicationsFile(GetPublicationsFileRequest.getDefaultInstance());
    ByteString content = ByteString.EMPTY;
    while (pieces.hasNext()) {
      content = content.concat(pieces.next().getData());
    }
    return content;
  }
}
