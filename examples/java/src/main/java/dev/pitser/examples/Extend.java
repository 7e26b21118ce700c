package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.v1.ExtendSignatureRequest;
import dev.pitser.v1.ExtendSignatureResponse;
import dev.pitser.v1.ExtenderGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Extends a signature to the first publication after it: from then on it rests on no key.
 *
 * <p>TRUST is the folder with the ledger's root certificate, the name of its publisher, and its
 * publications file, as pitser trust fetch makes it. FILE.ksig is replaced, once pitser verify says yes to
 * the extended signature: who extends need not be believed.
 */
public final class Extend {
  private Extend() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 2 || args.length > 3) {
      System.err.println("usage: Extend FILE.ksig TRUST [HOST:PORT]");
      System.exit(2);
    }
    String server = args.length == 3 ? args[2] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      extend(Path.of(args[0]), args[1], ExtenderGrpc.newBlockingStub(channel));
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

  private static void extend(Path path, String trust, ExtenderGrpc.ExtenderBlockingStub extender)
      throws Exception {
    ByteString signature = ByteString.copyFrom(Files.readAllBytes(path));
    ExtendSignatureRequest request =
        ExtendSignatureRequest.newBuilder().setSignature(signature).build();
    ExtendSignatureResponse answer = Ledger.retry(extender, stub -> stub.extendSignature(request));
    Ledger.replaceChecked(
        path,
        answer.getSignature().toByteArray(),
        List.of("verify", "--policy", "publications-file", "--trust", trust));
    System.out.printf("%s: extended to %d (Unix seconds)%n", path, answer.getPublication().getTime());
  }
}
