package dev.pitser.examples;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A TLV element of the KSI formats: its type, its value, and both with the header as they stood. */
record Tlv(int type, byte[] value, byte[] whole) {
  // Types of signatures and publications files.
  static final int SIGNATURE = 0x800;
  static final int CALENDAR_CHAIN = 0x802;
  static final int PUBLICATION_RECORD = 0x803;
  static final int AUTHENTICATION_RECORD = 0x805;
  static final int FILE_RECORD = 0x703;
  static final int PUBLICATION_DATA = 0x10;

  /** The elements that `data` is made of. */
  static List<Tlv> parse(byte[] data) throws FormatException {
    List<Tlv> found = new ArrayList<>();
    for (int at = 0; at < data.length; ) {
      boolean isLong = (data[at] & 0x80) != 0;
      int head = isLong ? 4 : 2;
      if (data.length - at < head) {
        throw new FormatException("cut off within a header");
      }
      int type = data[at] & 0x1F;
      int length = data[at + 1] & 0xFF;
      if (isLong) {
        type = type << 8 | data[at + 1] & 0xFF;
        length = (data[at + 2] & 0xFF) << 8 | data[at + 3] & 0xFF;
      }
      if (data.length - at - head < length) {
        throw new FormatException("cut off within element 0x" + Integer.toHexString(type));
      }
      int end = at + head + length;
      found.add(
          new Tlv(
              type,
              Arrays.copyOfRange(data, at + head, end),
              Arrays.copyOfRange(data, at, end)));
      at = end;
    }
    return found;
  }

  /** The value of the element of a type in `data`. */
  static byte[] find(byte[] data, int type) throws FormatException {
    for (Tlv element : parse(data)) {
      if (element.type == type) {
        return element.value;
      }
    }
    throw new FormatException("there is no element 0x" + Integer.toHexString(type));
  }

  /** An element with a long header, as all elements of a signature have. */
  static byte[] write(int type, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0x80 | type >> 8);
    out.write(type);
    out.write(value.length >> 8);
    out.write(value.length);
    out.writeBytes(value);
    return out.toByteArray();
  }

  /** An integer: big-endian, as few bytes as it needs. */
  static long number(byte[] value) {
    long number = 0;
    for (byte b : value) {
      number = number << 8 | b & 0xFF;
    }
    return number;
  }

  /** The bytes are not what they should be. */
  static final class FormatException extends Exception {
    private static final long serialVersionUID = 1;

    FormatException(String message) {
      super(message);
    }
  }
}
