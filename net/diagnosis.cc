#include "net/diagnosis.h"

#include <openssl/x509_vfy.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "net/probe.h"

namespace pitser::net {
namespace {

using internal::Answered;
using internal::TlsAnswer;

bool ForGrpc(const Approach& approach) { return approach.protocol == Approach::Protocol::kGrpc; }

// gRPC sends calls to other machines by the proxy that one of these names.
const char* ProxyVariable() {
  for (const char* const name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return name;
  }
  return nullptr;
}

Diagnosis NobodyThere(const Approach& approach, const std::string& why) {
  Diagnosis result{absl::StrCat("nothing answers there: ", why),
                   "is pitserd running there, and is the address right?"};
  const char* const proxy = ProxyVariable();
  if (ForGrpc(approach) && !approach.endpoint.IsLoopback() && proxy != nullptr) {
    absl::StrAppend(&result.advice, " Calls go by the proxy that ", proxy,
                    " names; no_proxy can leave this server out");
  }
  return result;
}

Diagnosis WrongProtocol(const Approach& approach, Answered spoken) {
  const std::string place = approach.endpoint.ToString();
  if (ForGrpc(approach) && spoken == Answered::kHttp1) {
    return {"what answers there speaks HTTP/1.1 and not gRPC",
            absl::StrCat("a port of the KSI service protocol is named ksi+http://", place,
                         "; the port of gRPC is the one behind grpc= on pitserd's ready line")};
  }
  if (!ForGrpc(approach) && spoken == Answered::kHttp2) {
    return {"what answers there speaks gRPC and not the KSI service protocol",
            absl::StrCat("name it as --server ", place,
                         ", or the port behind ksi-sign= on pitserd's ready line")};
  }
  return {};
}

Diagnosis WhyNotBelieved(const Approach& approach, long verified) {
  switch (verified) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {absl::StrCat("the server's certificate is not for ", approach.endpoint.host),
              "name the server as its certificate does"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {"the server's certificate has expired, or this machine's clock is ahead",
              "its operator renews it"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"the server's certificate is not valid yet, or this machine's clock is behind",
              "look at the clocks"};
    default:
      return {approach.ca_pem.empty()
                  ? "the server's certificate is not of an authority that this system believes"
                  : "the server's certificate is not of --tls-ca",
              "--tls-ca FILE names the authority, in PEM, that its operator gave you"};
  }
}

Diagnosis JudgeTls(const Approach& approach, const TlsAnswer& tls) {
  if (tls.verified != X509_V_OK) return WhyNotBelieved(approach, tls.verified);
  if (tls.answered != Answered::kNothing) return WrongProtocol(approach, tls.answered);
  if (tls.asked_who_we_are) {
    return {"the server wants a client certificate", "give --tls-cert FILE and --tls-key FILE"};
  }
  if (!tls.alert.empty() && !approach.certificate_pem.empty()) {
    return {absl::StrCat("the server does not take the client certificate (", tls.alert, ")"),
            "--tls-cert must be of an authority that the server believes (its tls_client_ca)"};
  }
  return {};
}

Diagnosis WantsTls(const Approach& approach) {
  return {"the server speaks TLS there, and we did not",
          ForGrpc(approach) ? "--tls-ca FILE names the authority of its certificate"
                            : "name it with https: ksi+https://HOST:PORT"};
}

Diagnosis WantsPlain(const Approach& approach) {
  return {"the server speaks plain text there, and we spoke TLS",
          !ForGrpc(approach)               ? "name it with http: ksi+http://HOST:PORT"
          : approach.endpoint.IsLoopback() ? "leave --tls-ca, --tls-cert and --tls-key out"
                                           : "--insecure, where something else protects the way"};
}

}  // namespace

Diagnosis Diagnose(const Approach& approach, absl::Duration timeout) {
  const std::string why = internal::WhyNotConnected(approach.endpoint, timeout);
  if (!why.empty()) return NobodyThere(approach, why);
  const internal::TlsIdentity identity{approach.ca_pem, approach.certificate_pem, approach.key_pem};
  if (approach.tls) {
    const TlsAnswer tls = internal::SpeakTls(approach.endpoint, identity, timeout);
    if (tls.shaken || tls.asked_who_we_are) return JudgeTls(approach, tls);
    const Answered plain = internal::SpeakPlain(approach.endpoint, timeout);
    if (plain == Answered::kHttp1 || plain == Answered::kHttp2) return WantsPlain(approach);
    return JudgeTls(approach, tls);
  }
  const Answered plain = internal::SpeakPlain(approach.endpoint, timeout);
  if (plain == Answered::kTls) return WantsTls(approach);
  if (plain != Answered::kNothing) return WrongProtocol(approach, plain);
  return internal::SpeakTls(approach.endpoint, identity, timeout).shaken ? WantsTls(approach)
                                                                         : Diagnosis{};
}

}  // namespace pitser::net
