package dev.pitser.interop;

import java.util.HashMap;
import java.util.Map;

/**
 * Signs, verifies and extends with the KSI Java SDK against a Pitser node.
 * usage: sign|extend --transport http|tcp --sign HOST:PORT --extend HOST:PORT --trust DIR
 *        --other-root PEM --out DIR [--many-sign HOST:PORT]
 * Prints "ok NAME" or "FAILED NAME: why" for each check; exit code 1 if any failed.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 1; i + 1 < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    Checks checks = new Checks();
    try (Sdk sdk = new Sdk(options)) {
      if (args[0].equals("sign")) {
        new SignChecks(sdk, checks).run();
      } else {
        new ExtendChecks(sdk, checks).run();
      }
    }
    System.exit(checks.allPassed() ? 0 : 1);
  }
}
