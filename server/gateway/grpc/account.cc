#include "server/gateway/grpc/account.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/format/tlv.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

absl::Status CheckAccountName(const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("an account name must not be empty");
  if (name.size() > kMaxAccountSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("an account name of ", name.size(), " bytes: at most ", kMaxAccountSize));
  }
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    return absl::InvalidArgumentError("an account name must not hold control characters");
  }
  // What a text of the format may be is the ledger's to say.
  const std::string text = name + '\0';
  ledger::Element element;
  element.raw = element.value = ledger::AsBytes(text);
  return ledger::Annotate(ledger::ReadText(element, "account name", false).status(),
                          "an account name must be UTF-8");
}

absl::StatusOr<std::string> AccountOf(const grpc::ServerContextBase& context,
                                      const std::string& default_account) {
  const auto peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return default_account;
  const std::vector<grpc::string_ref> names = peer->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  if (names.size() != 1) {
    return absl::UnauthenticatedError(
        "the client certificate has no common name (CN), which is the account's");
  }
  std::string name(names[0].data(), names[0].size());
  if (const absl::Status status = CheckAccountName(name); !status.ok()) {
    return absl::UnauthenticatedError(
        absl::StrCat("the client certificate's common name: ", status.message()));
  }
  return name;
}

}  // namespace pitser::server
