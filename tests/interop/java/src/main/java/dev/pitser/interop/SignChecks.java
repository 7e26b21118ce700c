package dev.pitser.interop;

import static dev.pitser.interop.Checks.equal;
import static dev.pitser.interop.Checks.raises;
import static dev.pitser.interop.Checks.that;

import com.guardtime.ksi.Extender;
import com.guardtime.ksi.Signer;
import com.guardtime.ksi.exceptions.KSIException;
import com.guardtime.ksi.hashing.DataHash;
import com.guardtime.ksi.hashing.HashAlgorithm;
import com.guardtime.ksi.pdu.AggregatorConfiguration;
import com.guardtime.ksi.pdu.ExtenderConfiguration;
import com.guardtime.ksi.service.Future;
import com.guardtime.ksi.service.KSIProtocolException;
import com.guardtime.ksi.service.client.KSIServiceCredentials;
import com.guardtime.ksi.service.tcp.KSITCPTransactionException;
import com.guardtime.ksi.trust.CryptoException;
import com.guardtime.ksi.unisignature.Identity;
import com.guardtime.ksi.unisignature.KSISignature;
import com.guardtime.ksi.unisignature.verifier.VerificationErrorCode;
import com.guardtime.ksi.unisignature.verifier.VerificationResult;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** What can be done before there is any publication. */
final class SignChecks {
  private static final long LEVEL = 5;
  private static final long MAX_LEVEL = 17; // Of alice's account, as are the requests below.
  private static final long MAX_REQUESTS = 1234;
  private static final Date GENESIS = new Date(1208217600_000L);
  private static final int MANY = 100;
  private static final long TOO_HIGH = 0x104;

  private final Sdk sdk;
  private final Checks checks;
  private final Signer signer;
  private final Extender extender;

  SignChecks(Sdk sdk, Checks checks) throws KSIException {
    this.sdk = sdk;
    this.checks = checks;
    signer = sdk.signer(Sdk.ALICE);
    extender = sdk.extender(Sdk.ALICE);
  }

  void run() {
    checks.check("sign-sha-256", () -> sign(HashAlgorithm.SHA2_256, "sha-256"));
    checks.check("sign-sha-384", () -> sign(HashAlgorithm.SHA2_384, "sha-384"));
    checks.check("sign-sha-512", () -> sign(HashAlgorithm.SHA2_512, "sha-512"));
    checks.check("sign-level", this::signWithLevel);
    checks.check("level-too-high", this::levelTooHigh);
    checks.check("another-document", this::anotherDocument);
    checks.check("another-root", () -> raises(CryptoException.class,
        () -> sdk.publications(sdk.otherRoot(), "publications@localhost").getPublicationsFile()));
    checks.check("another-email", () -> raises(CryptoException.class,
        () -> sdk.publications(sdk.root(), "somebody@localhost").getPublicationsFile()));
    checks.check("wrong-key", () -> refused(new KSIServiceCredentials("alice", "looking-glass")));
    checks.check("wrong-login", () -> refused(new KSIServiceCredentials("malice", "wonderland")));
    checks.check("hmac-sha-512", () -> hmacSha512());
    checks.check("hmac-refused", () -> refused(
        new KSIServiceCredentials("strict", "jabberwocky", HashAlgorithm.SHA2_256)));
    checks.check("aggregator-configuration", this::aggregatorConfiguration);
    if (sdk.isTcp()) {
      checks.check("no-extender-configuration", this::noExtenderConfiguration);
    } else {
      checks.check("extender-configuration", this::extenderConfiguration);
    }
    checks.check("no-publication-yet", this::noPublicationYet);
    checks.check("pitser-signature", this::pitserSignature);
    checks.check("many-at-once", this::manyAtOnce);
  }

  private KSISignature signAndVerify(Signer by, HashAlgorithm algorithm, String name,
      String account) throws Exception {
    DataHash hash = Sdk.hash(algorithm, name);
    KSISignature signature = by.sign(hash);
    equal(hash, signature.getInputHash(), "input hash");
    Identity[] identities = signature.getAggregationHashChainIdentity();
    equal(account, identities[identities.length - 1].getDecodedClientId(), "client id");
    equal(false, signature.isExtended(), "extended");
    VerificationResult result = sdk.verifyByKey(signature, hash, 0);
    that(result.isOk(), "key-based: " + result);
    sdk.save(name, name, signature);
    return signature;
  }

  private void sign(HashAlgorithm algorithm, String name) throws Exception {
    signAndVerify(signer, algorithm, name, "alice");
  }

  private void signWithLevel() throws Exception {
    DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "level");
    KSISignature signature = signer.sign(hash, LEVEL);
    that(sdk.verifyByKey(signature, hash, LEVEL).isOk(), "does not verify at its level");
    VerificationResult result = sdk.verifyByKey(signature, hash, LEVEL + 1);
    equal(VerificationErrorCode.GEN_03, result.getErrorCode(), "a level too high");
    sdk.saveSignature("level", signature);
  }

  private void levelTooHigh() throws Exception {
    DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "high");
    signer.sign(hash, MAX_LEVEL);
    KSIProtocolException error =
        raises(KSIProtocolException.class, () -> signer.sign(hash, MAX_LEVEL + 1));
    equal(TOO_HIGH, error.getErrorCode(), "status");
  }

  private void anotherDocument() throws Exception {
    VerificationResult result =
        sdk.verifyByKey(sdk.read("sha-256"), Sdk.hash(HashAlgorithm.SHA2_256, "other"), 0);
    equal(VerificationErrorCode.GEN_01, result.getErrorCode(), "error code");
  }

  /** Neither service takes the credentials. */
  private void refused(KSIServiceCredentials credentials) throws Exception {
    Signer ours = sdk.impatientSigner(credentials);
    DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "refused");
    notAuthenticated(() -> ours.sign(hash));
    Extender theirs = sdk.impatientExtender(credentials);
    Date second = sdk.read("sha-256").getAggregationTime();
    notAuthenticated(() -> theirs.getExtendingService().extend(second, second).getResult());
    // Which is not for want of time.
    that(sdk.impatientSigner(Sdk.ALICE).sign(hash) != null, "no signature");
    sdk.impatientExtender(Sdk.ALICE).getExtendingService().extend(second, second).getResult();
  }

  /**
   * A bare error has no request id: over TCP this SDK drops it and waits in vain. Over HTTP its
   * exception has the status in the text alone.
   */
  private void notAuthenticated(Checks.Body request) {
    if (sdk.isTcp()) {
      raises(KSITCPTransactionException.class, request);
    } else {
      String message = raises(KSIProtocolException.class, request).getMessage();
      that(message.contains("0x102"), message);
      that(message.contains("The request could not be authenticated"), message);
    }
  }

  private void hmacSha512() throws Exception {
    KSIServiceCredentials strict =
        new KSIServiceCredentials("strict", "jabberwocky", HashAlgorithm.SHA2_512);
    signAndVerify(sdk.signer(strict), HashAlgorithm.SHA2_256, "hmac-sha-512", "strict");
    Date second = sdk.read("hmac-sha-512").getAggregationTime();
    sdk.extender(strict).getExtendingService().extend(second, second).getResult();
  }

  private void aggregatorConfiguration() throws Exception {
    AggregatorConfiguration configuration = signer.getAggregatorConfiguration();
    equal(MAX_LEVEL, configuration.getMaximumLevel(), "maximum level");
    equal(MAX_REQUESTS, configuration.getMaximumRequests(), "maximum requests");
    equal(HashAlgorithm.SHA2_256, configuration.getAggregationAlgorithm(), "algorithm");
    equal(1000L, configuration.getAggregationPeriod(), "period");
  }

  private void extenderConfiguration() throws Exception {
    ExtenderConfiguration configuration = extender.getExtenderConfiguration();
    equal(MAX_REQUESTS, configuration.getMaximumRequests(), "maximum requests");
    equal(GENESIS, configuration.getCalendarFirstTime(), "first time");
    Date signed = sdk.read("hmac-sha-512").getAggregationTime();
    that(!configuration.getCalendarLastTime().before(signed), "the last time is before a signing");
  }

  /** This SDK's TCP client sends no such request: it wants a request id in it. */
  private void noExtenderConfiguration() {
    String message = raises(KSITCPTransactionException.class,
        () -> extender.getExtenderConfiguration()).getMessage();
    that(message.contains("Could not parse request ID"), message);
  }

  private void noPublicationYet() throws Exception {
    KSISignature signature = sdk.read("sha-256");
    String message = raises(KSIException.class, () -> extender.extend(signature)).getMessage();
    that(message.contains("publication"), message);
    VerificationResult result = sdk.verifyByPublication(signature, signature.getInputHash());
    equal(VerificationErrorCode.GEN_02, result.getErrorCode(), "error code");
  }

  private void pitserSignature() throws Exception {
    for (String name : List.of("pitser", "pitser-sha-512", "pitser-batch")) {
      KSISignature signature = sdk.read(name);
      HashAlgorithm algorithm =
          name.endsWith("sha-512") ? HashAlgorithm.SHA2_512 : HashAlgorithm.SHA2_256;
      DataHash hash = Sdk.hash(algorithm, name);
      that(sdk.verifyByKey(signature, hash, 0).isOk(), name + " does not verify");
    }
  }

  private void manyAtOnce() throws Exception {
    Signer many = sdk.signerForMany();
    List<KSISignature> signatures = sdk.isTcp() ? asynchronous(many) : inThreads(many);
    for (int i = 0; i < MANY; i++) {
      KSISignature signature = signatures.get(i);
      DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "many-" + i);
      that(sdk.verifyByKey(signature, hash, 0).isOk(), "many-" + i + " does not verify");
      sdk.save("many-" + i, "many-" + i, signature);
    }
  }

  private static List<KSISignature> asynchronous(Signer many) throws KSIException {
    List<Future<KSISignature>> futures = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      futures.add(many.asyncSign(Sdk.hash(HashAlgorithm.SHA2_256, "many-" + i)));
    }
    List<KSISignature> signatures = new ArrayList<>();
    for (Future<KSISignature> future : futures) {
      signatures.add(future.getResult());
    }
    return signatures;
  }

  /** The simple HTTP client sends a request only when its result is asked for. */
  private static List<KSISignature> inThreads(Signer many) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(MANY);
    try {
      List<Callable<KSISignature>> tasks = new ArrayList<>();
      for (int i = 0; i < MANY; i++) {
        DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "many-" + i);
        tasks.add(() -> many.sign(hash));
      }
      List<KSISignature> signatures = new ArrayList<>();
      for (java.util.concurrent.Future<KSISignature> done : threads.invokeAll(tasks)) {
        signatures.add(done.get());
      }
      return signatures;
    } finally {
      threads.shutdown();
    }
  }
}
