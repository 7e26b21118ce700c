package dev.pitser.examples;

import com.google.protobuf.ByteString;
import dev.pitser.examples.Tlv.FormatException;
import dev.pitser.v1.ExtendRequest;
import dev.pitser.v1.ExtenderGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Extends a signature to the first publication after it: from then on it rests on no key.
 *
 * <p>PUBLICATIONS is the ledger's publications file (Publications fetches it). FILE.ksig is replaced.
 * Nothing here asks whether the publications file is genuine: pitser verify --trust does, of the
 * extended signature as of any other.
 */
public final class Extend {
  private Extend() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 2 || args.length > 3) {
      System.err.println("usage: Extend FILE.ksig PUBLICATIONS [HOST:PORT]");
      System.exit(2);
    }
    Path path = Path.of(args[0]);
    String server = args.length == 3 ? args[2] : "127.0.0.1:7380";
    ManagedChannel channel = Ledger.connect(server);
    try {
      extend(path, Files.readAllBytes(Path.of(args[1])), ExtenderGrpc.newBlockingStub(channel));
    } catch (StatusRuntimeException error) {
      System.err.println(server + ": " + error.getMessage());
      System.exit(1);
    } catch (FormatException error) {
      System.err.println(path + ": " + error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void extend(
      Path path, byte[] publications, ExtenderGrpc.ExtenderBlockingStub extender)
      throws Exception {
    byte[] body = Tlv.find(Files.readAllBytes(path), Tlv.SIGNATURE);
    CalendarChain old = CalendarChain.in(body);
    Publication goal = firstPublication(publications, old.aggregationTime());
    ExtendRequest request =
        ExtendRequest.newBuilder()
            .setAggregationTime(old.aggregationTime())
            .setPublicationTime(goal.time())
            .build();
    ByteString answer =
        Ledger.retry(() -> extender.withDeadlineAfter(10, TimeUnit.SECONDS).extend(request))
            .getCalendarHashChain();
    check(CalendarChain.in(answer.toByteArray()), old, goal);
    // The new signature replaces the old one whole or not at all.
    byte[] signature = extended(body, answer.toByteArray(), goal.record());
    Path made = Files.write(Path.of(path + ".new"), signature);
    Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
    System.out.printf("%s: extended to %d (Unix seconds)%n", path, goal.time());
  }

  /** The calendar root of a second, and the record with its references. */
  private record Publication(long time, byte[] hash, byte[] record) {}

  /** The first publication of the file at or after a second. */
  private static Publication firstPublication(byte[] file, long second) throws FormatException {
    byte[] magic = "KSIPUBLF".getBytes(StandardCharsets.US_ASCII);
    if (file.length < 8 || !Arrays.equals(file, 0, 8, magic, 0, 8)) {
      throw new FormatException("not a publications file");
    }
    for (Tlv record : Tlv.parse(Arrays.copyOfRange(file, 8, file.length))) {
      if (record.type() == Tlv.FILE_RECORD) {
        byte[] data = Tlv.find(record.value(), Tlv.PUBLICATION_DATA);
        long time = Tlv.number(Tlv.find(data, 0x02));
        if (time >= second) {
          return new Publication(time, Tlv.find(data, 0x04), record.value());
        }
      }
    }
    throw new FormatException("there is no publication after it yet");
  }

  /** Refuses a chain that does not go on where the signature is and end where the publication is. */
  private static void check(CalendarChain chain, CalendarChain old, Publication goal)
      throws FormatException {
    if (!Arrays.equals(chain.inputHash(), old.inputHash())
        || chain.aggregationTime() != old.aggregationTime()) {
      throw new FormatException("the server's chain is of another second");
    }
    // They lead to the seconds before it.
    if (!chain.rightLinks().equals(old.rightLinks())) {
      throw new FormatException("the server tells another past than the signature");
    }
    if (chain.publicationTime() != goal.time() || !Arrays.equals(chain.root(), goal.hash())) {
      throw new FormatException("the server's chain does not lead to the publication");
    }
  }

  /**
   * The signature with that calendar hash chain, and the publication instead of a key's word. Elements
   * that do not change stay byte for byte.
   */
  private static byte[] extended(byte[] body, byte[] chain, byte[] record) throws FormatException {
    ByteArrayOutputStream publication = new ByteArrayOutputStream();
    for (Tlv field : Tlv.parse(record)) {
      if (field.type() == Tlv.PUBLICATION_DATA) {
        field.whole()[0] |= 0x20; // In a signature the publication data has the F flag.
      }
      publication.writeBytes(field.whole());
    }
    ByteArrayOutputStream result = new ByteArrayOutputStream();
    for (Tlv child : Tlv.parse(body)) {
      switch (child.type()) {
        case Tlv.CALENDAR_CHAIN -> {
          result.writeBytes(chain);
          result.writeBytes(Tlv.write(Tlv.PUBLICATION_RECORD, publication.toByteArray()));
        }
        case Tlv.PUBLICATION_RECORD, Tlv.AUTHENTICATION_RECORD -> {}
        default -> result.writeBytes(child.whole());
      }
    }
    return Tlv.write(Tlv.SIGNATURE, result.toByteArray());
  }
}
