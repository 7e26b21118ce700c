package dev.pitser.interop;

import java.util.Objects;

/** One line of output for each check, and the assertions that checks are made of. */
final class Checks {
  interface Body {
    void run() throws Exception;
  }

  private boolean allPassed = true;

  boolean allPassed() {
    return allPassed;
  }

  void check(String name, Body body) {
    try {
      body.run();
      System.out.println("ok " + name);
    } catch (Exception | AssertionError e) {
      allPassed = false;
      System.out.println("FAILED " + name + ": " + e);
      e.printStackTrace();
    }
  }

  static void that(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  static void equal(Object expected, Object actual, String what) {
    that(Objects.equals(expected, actual), what + ": expected " + expected + ", got " + actual);
  }

  /** Runs `body`, which must throw `type`, itself or as a cause; returns the innermost of these. */
  static <T extends Exception> T raises(Class<T> type, Body body) {
    try {
      body.run();
    } catch (Exception e) {
      T found = null;
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (type.isInstance(cause)) {
          found = type.cast(cause);
        }
      }
      if (found != null) {
        return found;
      }
      throw new AssertionError("expected " + type.getSimpleName() + ", got " + e, e);
    }
    throw new AssertionError("expected " + type.getSimpleName() + ", got no error");
  }
}
