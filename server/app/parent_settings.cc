#include "server/app/parent_settings.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "ledger/base/bytes.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

constexpr std::size_t kMaxPemSize = std::size_t{1} << 20;
constexpr char kPublicationsPath[] = "/ksi-publications.bin";

absl::StatusOr<net::KsiAddress> Address(std::string_view key, std::string_view text) {
  auto address = net::ParseKsiAddress(text);
  if (!address.ok()) return ledger::Annotate(address.status(), key);
  return address;
}

absl::StatusOr<net::KsiAddress> PublicationsAddress(const Settings& settings,
                                                    const net::KsiAddress& extender) {
  if (settings.parent_publications.empty()) {
    net::KsiAddress address = extender;
    address.path = kPublicationsPath;
    return address;
  }
  if (!absl::StartsWith(settings.parent_publications, "http://") &&
      !absl::StartsWith(settings.parent_publications, "https://")) {
    return absl::InvalidArgumentError(
        "parent_publications: expected http://HOST[:PORT]/PATH, or https://");
  }
  return Address("parent_publications", absl::StrCat("ksi+", settings.parent_publications));
}

// A parent without what goes with it, or that without a parent.
absl::Status CheckTogether(const Settings& settings) {
  if (settings.parent.empty()) {
    for (const auto& [key, value] :
         {std::pair<const char*, const std::string&>{"parent_extender", settings.parent_extender},
          {"parent_publications", settings.parent_publications},
          {"parent_credentials", settings.parent_credentials},
          {"parent_ca", settings.parent_ca}}) {
      if (!value.empty()) return absl::InvalidArgumentError(absl::StrCat(key, " needs parent"));
    }
    return absl::OkStatus();
  }
  if (settings.parent_extender.empty()) {
    return absl::InvalidArgumentError("parent needs parent_extender, where the ledger extends");
  }
  if (settings.parent_credentials.empty()) {
    return absl::InvalidArgumentError(
        "parent needs parent_credentials, the file with this server's login and key there");
  }
  if (!settings.genesis.empty()) {
    return absl::InvalidArgumentError("genesis and parent: the calendar is the parent's");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<ParentOptions>> ParentOptionsOf(const Settings& settings) {
  PITSER_RETURN_IF_ERROR(CheckTogether(settings));
  if (settings.parent.empty()) return std::optional<ParentOptions>();
  std::string ca_pem;
  if (!settings.parent_ca.empty()) {
    auto pem = base::ReadFile(settings.parent_ca, kMaxPemSize);
    if (!pem.ok()) return ledger::Annotate(pem.status(), "parent_ca");
    ca_pem = *std::move(pem);
  }
  auto credentials = net::ReadKsiCredentials(settings.parent_credentials);
  if (!credentials.ok()) return ledger::Annotate(credentials.status(), "parent_credentials");
  const auto client = [&](net::KsiAddress address) {
    net::KsiClientOptions options;
    options.transport = {std::move(address), ca_pem};
    options.credentials = *credentials;
    return options;
  };
  PITSER_ASSIGN_OR_RETURN(net::KsiAddress aggregator, Address("parent", settings.parent));
  PITSER_ASSIGN_OR_RETURN(net::KsiAddress extender,
                          Address("parent_extender", settings.parent_extender));
  PITSER_ASSIGN_OR_RETURN(net::KsiAddress publications, PublicationsAddress(settings, extender));
  ParentOptions options;
  options.signing = {.aggregator = client(std::move(aggregator)),
                     .timeout = settings.parent_timeout,
                     .max_level = static_cast<ledger::Level>(settings.parent_max_level)};
  options.extender = {.extender = client(std::move(extender)), .timeout = settings.parent_timeout};
  options.publications = {.from = {std::move(publications), ca_pem},
                          .every = settings.parent_publications_every,
                          .timeout = settings.parent_timeout,
                          .cache = {}};
  return std::optional<ParentOptions>(std::move(options));
}

}  // namespace pitser::server
