package dev.pitser.interop;

import static dev.pitser.interop.Checks.equal;
import static dev.pitser.interop.Checks.raises;
import static dev.pitser.interop.Checks.that;

import com.guardtime.ksi.Extender;
import com.guardtime.ksi.SignatureVerifier;
import com.guardtime.ksi.exceptions.KSIException;
import com.guardtime.ksi.hashing.DataHash;
import com.guardtime.ksi.hashing.HashAlgorithm;
import com.guardtime.ksi.publication.PublicationData;
import com.guardtime.ksi.publication.PublicationRecord;
import com.guardtime.ksi.publication.PublicationsFile;
import com.guardtime.ksi.service.KSIProtocolException;
import com.guardtime.ksi.unisignature.KSISignature;
import com.guardtime.ksi.unisignature.verifier.VerificationErrorCode;
import com.guardtime.ksi.unisignature.verifier.VerificationResult;
import com.guardtime.ksi.unisignature.verifier.policies.ContextAwarePolicyAdapter;
import java.util.Date;
import java.util.List;

/** What can be done after two publications, with the signatures that were made before them. */
final class ExtendChecks {
  private static final long TOO_OLD = 0x105;
  private static final long FUTURE = 0x107;

  private final Sdk sdk;
  private final Checks checks;
  private final Extender extender;

  ExtendChecks(Sdk sdk, Checks checks) throws KSIException {
    this.sdk = sdk;
    this.checks = checks;
    extender = sdk.extender(Sdk.ALICE);
  }

  void run() {
    checks.check("extend-sha-256", () -> extend("sha-256", HashAlgorithm.SHA2_256));
    checks.check("extend-sha-384", () -> extend("sha-384", HashAlgorithm.SHA2_384));
    checks.check("extend-sha-512", () -> extend("sha-512", HashAlgorithm.SHA2_512));
    checks.check("extend-pitser-signature", () -> {
      extend("pitser", HashAlgorithm.SHA2_256);
      extend("pitser-sha-512", HashAlgorithm.SHA2_512);
      extend("pitser-batch", HashAlgorithm.SHA2_256);
    });
    checks.check("extend-to-publication", this::extendToPublication);
    checks.check("extend-to-time", this::extendToTime);
    checks.check("extend-backwards", this::extendBackwards);
    checks.check("extend-to-future", () -> {
      Date signed = sdk.read("sha-256").getAggregationTime();
      refused(FUTURE, signed, new Date(signed.getTime() + 86_400_000));
    });
    checks.check("extend-too-old", () -> refused(
        TOO_OLD, new Date(1199145600_000L), sdk.read("sha-256").getAggregationTime()));
    checks.check("unpublished", this::unpublished);
  }

  /** The first publication after the signature, or the last of all. */
  private PublicationRecord publication(KSISignature signature, boolean last) throws KSIException {
    PublicationRecord found = null;
    PublicationsFile file = sdk.publications.getPublicationsFile();
    for (PublicationRecord record : file.getPublicationRecords()) {
      if (!record.getPublicationTime().before(signature.getAggregationTime())
          && (found == null || last)) {
        found = record;
      }
    }
    that(found != null, "no publication after the signature");
    return found;
  }

  private void checkExtended(KSISignature extended, PublicationRecord to, DataHash hash)
      throws KSIException {
    that(extended.isExtended(), "not extended");
    equal(to.getPublicationData(), extended.getPublicationRecord().getPublicationData(), "record");
    equal(to.getPublicationTime(), extended.getPublicationTime(), "publication time");
    VerificationResult result = sdk.verifyByPublication(extended, hash);
    that(result.isOk(), "publication-based: " + result);
    result = sdk.verifyByPublication(extended, Sdk.hash(hash.getAlgorithm(), "other"));
    equal(VerificationErrorCode.GEN_01, result.getErrorCode(), "another document");
  }

  private void extend(String name, HashAlgorithm algorithm) throws Exception {
    KSISignature signature = sdk.read(name);
    KSISignature extended = extender.extend(signature);
    checkExtended(extended, publication(signature, false), Sdk.hash(algorithm, name));
    sdk.save(name + "-extended", name, extended);
  }

  private void extendToPublication() throws Exception {
    KSISignature signature = sdk.read("sha-256");
    PublicationRecord last = publication(signature, true);
    that(last.getPublicationTime().after(publication(signature, false).getPublicationTime()),
        "the test needs two publications");
    KSISignature extended = extender.extend(signature, last);
    checkExtended(extended, last, Sdk.hash(HashAlgorithm.SHA2_256, "sha-256"));
    sdk.save("last-extended", "sha-256", extended);
  }

  /** A later signature knows its second's root: there an older one must lead when extended. */
  private void extendToTime() throws Exception {
    DataHash hash = Sdk.hash(HashAlgorithm.SHA2_256, "sha-256");
    KSISignature later = sdk.signer(Sdk.ALICE).sign(Sdk.hash(HashAlgorithm.SHA2_256, "later"));
    sdk.save("later", "later", later);
    PublicationData root = new PublicationData(
        later.getAggregationTime(), later.getCalendarHashChain().getOutputHash());
    KSISignature extended = extender.extend(sdk.read("sha-256"), new Root(root));
    equal(later.getAggregationTime(), extended.getPublicationTime(), "publication time");
    equal(root.getPublicationDataHash(), extended.getCalendarHashChain().getOutputHash(), "root");
    that(new SignatureVerifier().verify(extended, hash,
        ContextAwarePolicyAdapter.createUserProvidedPublicationPolicy(root)).isOk(),
        "does not verify by the later root");
    sdk.save("time-extended", "sha-256", extended);
  }

  private void refused(long status, Date from, Date to) {
    KSIProtocolException error = raises(KSIProtocolException.class,
        () -> extender.getExtendingService().extend(from, to).getResult());
    equal(status, error.getErrorCode(), "status");
  }

  /** This SDK does not even ask. */
  private void extendBackwards() throws Exception {
    Date signed = sdk.read("sha-256").getAggregationTime();
    Date before = new Date(signed.getTime() - 1000);
    KSIProtocolException error = raises(KSIProtocolException.class,
        () -> extender.getExtendingService().extend(signed, before).getResult());
    equal("There is no suitable publication yet", error.getMessage(), "message");
  }

  /** Nothing is published after the newest signature: the evidence cannot decide. */
  private void unpublished() throws Exception {
    KSISignature later = sdk.read("later");
    VerificationResult result = sdk.verifyByPublication(later, later.getInputHash());
    equal(VerificationErrorCode.GEN_02, result.getErrorCode(), "error code");
  }

  /** A second's root, printed nowhere. */
  private record Root(PublicationData data) implements PublicationRecord {
    @Override
    public PublicationData getPublicationData() {
      return data;
    }

    @Override
    public Date getPublicationTime() {
      return data.getPublicationTime();
    }

    @Override
    public List<String> getPublicationReferences() {
      return List.of();
    }

    @Override
    public List<String> getPublicationRepositoryURIs() {
      return List.of();
    }
  }
}
