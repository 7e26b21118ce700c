package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.v1.SignBatchRequest;
import dev.pitser.v1.SignBatchResponse;
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
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Signs all files of a folder in one call and writes each signature beside its file, as FILE.ksig.
 *
 * <p>One call signs up to Limits.max_batch hashes (GetServerInfo tells), all in one second; for more,
 * make more calls. It is the whole batch or an error.
 */
public final class SignBatch {
  private static final int SHA256 = 1;

  private SignBatch() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 1 || args.length > 2) {
      System.err.println("usage: SignBatch FOLDER [HOST:PORT]");
      System.exit(2);
    }
    String server = args.length == 2 ? args[1] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      signFolder(Path.of(args[0]), SignerGrpc.newBlockingStub(channel));
    } catch (StatusRuntimeException error) {
      System.err.println(server + ": " + error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void signFolder(Path folder, SignerGrpc.SignerBlockingStub signer)
      throws Exception {
    List<Path> files = filesOf(folder);
    List<ByteString> digests = new ArrayList<>();
    for (Path file : files) {
      digests.add(digestOf(file));
    }
    List<ByteString> signatures = Ledger.retry(signer, stub -> signBatch(stub, digests));
    if (signatures.size() != files.size()) {
      throw new IOException(signatures.size() + " signatures for " + files.size() + " files");
    }
    for (int i = 0; i < files.size(); i++) {
      // CREATE_NEW: never over a signature that is there.
      Path path = Path.of(files.get(i) + ".ksig");
      Files.write(path, signatures.get(i).toByteArray(), StandardOpenOption.CREATE_NEW);
    }
    System.out.printf("%s: %d files signed%n", folder, files.size());
  }

  /** A signature for each digest, in their order. */
  private static List<ByteString> signBatch(
      SignerGrpc.SignerBlockingStub signer, List<ByteString> digests) {
    SignBatchRequest request =
        SignBatchRequest.newBuilder()
            .setAlgorithm(SHA256)
            .setDigests(ByteString.copyFrom(digests))
            .build();
    Iterator<SignBatchResponse> answers = signer.signBatch(request);
    ByteString tail = ByteString.EMPTY;
    List<ByteString> signatures = new ArrayList<>();
    while (answers.hasNext()) {
      SignBatchResponse answer = answers.next();
      // What the signatures share comes once, in the first message. Each is its own part and then the
      // tail, behind the header of a KSI signature.
      tail = answer.getTail().isEmpty() ? tail : answer.getTail();
      for (ByteString part : answer.getPartsList()) {
        int length = part.size() + tail.size();
        byte[] header = {(byte) 0x88, 0x00, (byte) (length >> 8), (byte) length};
        signatures.add(ByteString.copyFrom(header).concat(part).concat(tail));
      }
    }
    return signatures;
  }

  private static List<Path> filesOf(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> Files.isRegularFile(path) && !path.toString().endsWith(".ksig"))
          .sorted()
          .toList();
    }
  }

  private static ByteString digestOf(Path file) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return ByteString.copyFrom(digest.digest());
  }
}
