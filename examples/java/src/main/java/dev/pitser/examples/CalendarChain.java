package dev.pitser.examples;

import dev.pitser.examples.Tlv.FormatException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;

/** A calendar hash chain: from a second's leaf to the calendar root of a later second. */
record CalendarChain(long publicationTime, long aggregationTime, byte[] inputHash, List<Tlv> links) {
  private static final int LEFT = 0x07; // The chain's own value is the left one, the link the right.
  private static final int RIGHT = 0x08;

  /** The chain among the elements `data`. */
  static CalendarChain in(byte[] data) throws FormatException {
    List<Tlv> fields = Tlv.parse(Tlv.find(data, Tlv.CALENDAR_CHAIN));
    Long publicationTime = null;
    Long aggregationTime = null;
    byte[] inputHash = null;
    for (Tlv field : fields) {
      switch (field.type()) {
        case 0x01 -> publicationTime = Tlv.number(field.value());
        case 0x02 -> aggregationTime = Tlv.number(field.value());
        case 0x05 -> inputHash = field.value();
        default -> {}
      }
    }
    if (publicationTime == null || inputHash == null) {
      throw new FormatException("a calendar hash chain without time or input hash");
    }
    List<Tlv> links =
        fields.stream().filter(field -> field.type() == LEFT || field.type() == RIGHT).toList();
    // Without an aggregation time they are equal.
    return new CalendarChain(
        publicationTime,
        aggregationTime == null ? publicationTime : aggregationTime,
        inputHash,
        links);
  }

  /** The right links, as text. */
  List<String> rightLinks() {
    return links.stream()
        .filter(link -> link.type() == RIGHT)
        .map(link -> Arrays.toString(link.value()))
        .toList();
  }

  /** Where the chain leads to. */
  byte[] root() throws FormatException {
    byte[] value = inputHash;
    for (Tlv link : links) {
      byte[] left = link.type() == LEFT ? value : link.value();
      byte[] right = link.type() == LEFT ? link.value() : value;
      if (right.length == 0) {
        throw new FormatException("an empty imprint");
      }
      // The right one's algorithm counts; 0xFF stands in all nodes of the calendar.
      MessageDigest digest = hasher(right[0]);
      digest.update(left);
      digest.update(right);
      byte[] hash = digest.digest(new byte[] {(byte) 0xFF});
      value = new byte[1 + hash.length];
      value[0] = right[0];
      System.arraycopy(hash, 0, value, 1, hash.length);
    }
    return value;
  }

  private static MessageDigest hasher(byte id) throws FormatException {
    String name =
        switch (id) {
          case 0x01 -> "SHA-256";
          case 0x04 -> "SHA-384";
          case 0x05 -> "SHA-512";
          default -> throw new FormatException("hash algorithm " + id + " is not known here");
        };
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException error) {
      throw new FormatException(error.getMessage());
    }
  }
}
