package dev.pitser.interop;

import com.guardtime.ksi.Extender;
import com.guardtime.ksi.ExtenderBuilder;
import com.guardtime.ksi.PublicationsHandler;
import com.guardtime.ksi.PublicationsHandlerBuilder;
import com.guardtime.ksi.SignatureReader;
import com.guardtime.ksi.SignatureVerifier;
import com.guardtime.ksi.Signer;
import com.guardtime.ksi.SignerBuilder;
import com.guardtime.ksi.exceptions.KSIException;
import com.guardtime.ksi.hashing.DataHash;
import com.guardtime.ksi.hashing.DataHasher;
import com.guardtime.ksi.hashing.HashAlgorithm;
import com.guardtime.ksi.service.KSIExtendingClientServiceAdapter;
import com.guardtime.ksi.service.KSISigningClientServiceAdapter;
import com.guardtime.ksi.service.client.KSIExtenderClient;
import com.guardtime.ksi.service.client.KSIServiceCredentials;
import com.guardtime.ksi.service.client.KSISigningClient;
import com.guardtime.ksi.service.client.http.CredentialsAwareHttpSettings;
import com.guardtime.ksi.service.client.http.HttpSettings;
import com.guardtime.ksi.service.http.simple.SimpleHttpExtenderClient;
import com.guardtime.ksi.service.http.simple.SimpleHttpPublicationsFileClient;
import com.guardtime.ksi.service.http.simple.SimpleHttpSigningClient;
import com.guardtime.ksi.service.tcp.ExtenderTCPClient;
import com.guardtime.ksi.service.tcp.SigningTCPClient;
import com.guardtime.ksi.service.tcp.TCPClientSettings;
import com.guardtime.ksi.trust.X509CertificateSubjectRdnSelector;
import com.guardtime.ksi.unisignature.KSISignature;
import com.guardtime.ksi.unisignature.verifier.VerificationResult;
import com.guardtime.ksi.unisignature.verifier.policies.ContextAwarePolicyAdapter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/** The SDK's objects, set up as docs/ksi-clients.md says; closes what it made. */
final class Sdk implements AutoCloseable {
  static final KSIServiceCredentials ALICE = new KSIServiceCredentials("alice", "wonderland");
  private static final int TIMEOUT_S = 20;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Map<String, String> options;
  private final boolean tcp;
  final Path out;
  final PublicationsHandler publications;

  Sdk(Map<String, String> options) throws Exception {
    this.options = options;
    tcp = options.get("--transport").equals("tcp");
    out = Path.of(options.get("--out"));
    publications = publications(root(), "publications@localhost");
  }

  boolean isTcp() {
    return tcp;
  }

  Path root() {
    return Path.of(options.get("--trust"), "root.pem");
  }

  Path otherRoot() {
    return Path.of(options.get("--other-root"));
  }

  // --- the services ---

  Signer signer(KSIServiceCredentials credentials) {
    return signer(credentials, options.get("--sign"), TIMEOUT_S);
  }

  /** Over TCP the SDK tells a request that nobody authenticates by its timeout. */
  Signer impatientSigner(KSIServiceCredentials credentials) {
    return signer(credentials, options.get("--sign"), 3);
  }

  /** One client, so that what it does at once shares a connection. */
  Signer signerForMany() {
    return signer(ALICE, options.get("--many-sign"), TIMEOUT_S);
  }

  private Signer signer(KSIServiceCredentials credentials, String address, int timeoutS) {
    KSISigningClient client = tcp
        ? new SigningTCPClient(new TCPClientSettings(endpoint(address), timeoutS, credentials))
        : new SimpleHttpSigningClient(new CredentialsAwareHttpSettings(
            "http://" + address + "/gt-signingservice", credentials));
    return keep(new SignerBuilder()
        .setSigningService(new KSISigningClientServiceAdapter(client)).build());
  }

  Extender extender(KSIServiceCredentials credentials) throws KSIException {
    return extender(credentials, TIMEOUT_S);
  }

  Extender impatientExtender(KSIServiceCredentials credentials) throws KSIException {
    return extender(credentials, 3);
  }

  private Extender extender(KSIServiceCredentials credentials, int timeoutS) throws KSIException {
    String address = options.get("--extend");
    KSIExtenderClient client = tcp
        ? new ExtenderTCPClient(new TCPClientSettings(endpoint(address), timeoutS, credentials))
        : new SimpleHttpExtenderClient(new CredentialsAwareHttpSettings(
            "http://" + address + "/gt-extendingservice", credentials));
    return keep(new ExtenderBuilder()
        .setExtendingService(new KSIExtendingClientServiceAdapter(client))
        .setPublicationsHandler(publications).build());
  }

  PublicationsHandler publications(Path root, String email) throws Exception {
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    try (InputStream pem = Files.newInputStream(root)) {
      anchors.setCertificateEntry(
          "root", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    SimpleHttpPublicationsFileClient client = keep(new SimpleHttpPublicationsFileClient(
        new HttpSettings("http://" + options.get("--extend") + "/ksi-publications.bin")));
    return new PublicationsHandlerBuilder()
        .setKsiProtocolPublicationsFileClient(client)
        .setPublicationsFilePkiTrustStore(anchors)
        .setPublicationsFileCertificateConstraints(
            new X509CertificateSubjectRdnSelector("E=" + email))
        .build();
  }

  private static InetSocketAddress endpoint(String address) {
    int colon = address.lastIndexOf(':');
    return new InetSocketAddress(
        address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
  }

  // --- verification ---

  VerificationResult verifyByKey(KSISignature signature, DataHash document, long level)
      throws KSIException {
    return new SignatureVerifier().verify(
        signature, document, level, ContextAwarePolicyAdapter.createKeyPolicy(publications));
  }

  VerificationResult verifyByPublication(KSISignature signature, DataHash document)
      throws KSIException {
    return new SignatureVerifier().verify(signature, document,
        ContextAwarePolicyAdapter.createPublicationsFilePolicy(publications));
  }

  // --- documents and signatures in files ---

  static byte[] content(String name) {
    return ("The document " + name + "\n").getBytes(StandardCharsets.UTF_8);
  }

  static DataHash hash(HashAlgorithm algorithm, String name) {
    return new DataHasher(algorithm).addData(content(name)).getHash();
  }

  /** The document `name` and its signature beside it. */
  void save(String name, String document, KSISignature signature) throws Exception {
    Files.write(out.resolve(name), content(document));
    saveSignature(name, signature);
  }

  void saveSignature(String name, KSISignature signature) throws Exception {
    try (OutputStream file = Files.newOutputStream(out.resolve(name + ".ksig"))) {
      signature.writeTo(file);
    }
  }

  KSISignature read(String name) throws KSIException {
    return new SignatureReader().read(out.resolve(name + ".ksig").toFile());
  }

  private <T extends AutoCloseable> T keep(T closeable) {
    opened.push(closeable);
    return closeable;
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (IOException e) {
        System.err.println("close: " + e);
      }
    }
  }
}
