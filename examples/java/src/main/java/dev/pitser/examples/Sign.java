package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.v1.SignRequest;
import dev.pitser.v1.SignResponse;
import dev.pitser.v1.SignerGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Signs a file through a Pitser ledger and writes the signature beside it, as FILE.ksig. Only the hash
 * of the file goes to the server.
 */
public final class Sign {
  private Sign() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 1 || args.length > 2) {
      System.err.println("usage: Sign FILE [HOST:PORT]");
      System.exit(2);
    }
    String server = args.length == 2 ? args[1] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      sign(Path.of(args[0]), SignerGrpc.newBlockingStub(channel));
    } catch (StatusRuntimeException error) {
      System.err.println(server + ": " + error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void sign(Path file, SignerGrpc.SignerBlockingStub signer) throws Exception {
    SignRequest request = SignRequest.newBuilder().setImprint(imprintOf(file)).build();
    // The answer comes when the current second is over.
    SignResponse answer = Ledger.retry(signer, stub -> stub.sign(request));
    Path signature = Path.of(file + ".ksig");
    // CREATE_NEW: never over a signature that is there.
    Files.write(signature, answer.getSignature().toByteArray(), StandardOpenOption.CREATE_NEW);
    System.out.printf(
        "%s: signed at %d (Unix seconds), through %s%n",
        signature,
        answer.getAggregationTime(),
        String.join(" :: ", answer.getAccountPathList()));
  }

  /** An imprint is the algorithm's id byte, 1 for SHA-256, and the digest. */
  private static ByteString imprintOf(Path file) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return ByteString.copyFrom(new byte[] {1}).concat(ByteString.copyFrom(digest.digest()));
  }
}
