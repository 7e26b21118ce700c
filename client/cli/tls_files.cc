#include "client/cli/tls_files.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "client/cli/exit_code.h"
#include "client/cli/settings.h"
#include "ledger/base/bytes.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/certificate.h"

namespace pitser::cli {
namespace {

constexpr std::size_t kMaxPemSize = std::size_t{1} << 20;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content, ReadInput(path, kMaxPemSize));
  return std::string(ledger::WithoutByteOrderMark(ledger::AsText(content)));
}

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  if (path.empty()) return std::string();
  auto key = base::ReadSecretFile(path, kMaxPemSize);
  if (!key.ok()) return WithExitCode(key.status(), ExitCode::kLocalFile);
  return std::string(ledger::WithoutByteOrderMark(*key));
}

absl::Status BadFile(const std::string& path, const absl::Status& why) {
  return WithExitCode(ledger::Annotate(why, path), ExitCode::kLocalFile);
}

// That the key is the certificate's, each named by its file.
absl::Status CheckPair(const TlsTexts& texts, const std::string& certificate_path,
                       const std::string& key_path) {
  const auto certificates = ledger::Certificate::AllFromPem(texts.certificate);
  if (!certificates.ok()) return BadFile(certificate_path, certificates.status());
  const auto key = ledger::PrivateKey::FromPem(texts.key);
  if (!key.ok()) return BadFile(key_path, key.status());
  if (key->Matches(certificates->front())) return absl::OkStatus();
  return Error(ExitCode::kLocalFile,
               absl::StrCat(key_path, " is not the key of ", certificate_path),
               "name the key that the certificate was asked for with");
}

}  // namespace

absl::StatusOr<TlsTexts> ReadTlsFiles(const std::string& ca, const std::string& certificate,
                                      const std::string& key) {
  if (certificate.empty() != key.empty()) {
    return Error(ExitCode::kUsage,
                 certificate.empty() ? "--tls-key needs --tls-cert" : "--tls-cert needs --tls-key");
  }
  TlsTexts texts;
  PITSER_ASSIGN_OR_RETURN(texts.ca, ReadPem(ca));
  PITSER_ASSIGN_OR_RETURN(texts.certificate, ReadPem(certificate));
  PITSER_ASSIGN_OR_RETURN(texts.key, ReadKey(key));
  if (!ca.empty()) {
    const auto authorities = ledger::Certificate::AllFromPem(texts.ca);
    if (!authorities.ok()) return BadFile(ca, authorities.status());
  }
  if (!certificate.empty()) PITSER_RETURN_IF_ERROR(CheckPair(texts, certificate, key));
  return texts;
}

}  // namespace pitser::cli
