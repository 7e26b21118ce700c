#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/settings.h"

namespace pitser::cli {

// What each command was told on its command line, as text where a later step checks it. Empty text
// means the option was not given.

struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::string color;  // "auto", "always" or "never".
  std::string config;
  std::vector<base::GivenFlag> flags;  // Of settings (settings.h): --server, --trust, ...
};

// Whom to believe, beside the setting `trust`.
struct TrustOptions {
  std::string publications_file;
  std::vector<std::string> trust_anchors;
  std::vector<std::string> publisher_emails;
  std::vector<std::string> publisher_constraints;
  bool system_trust = false;
  std::string at;
};

struct SignOptions {
  CommonOptions common;
  std::vector<std::string> files;  // Also folders, with `recursive`.
  bool recursive = false;
  std::string files_from;
  bool null_separated = false;
  bool sign_signatures = false;  // Files called .ksig are documents too.
  std::string hash;
  std::string output;
  bool force = false;
  // Of a tree of one's own.
  bool batch = false;
  std::string hashes;
  std::string client_ids;
  std::string format;
  bool no_masks = false;
  std::size_t tree_leaves = 0;  // 0: as is best for what is signed.
};

struct VerifyOptions {
  CommonOptions common;
  TrustOptions trust;
  std::vector<std::string> files;  // Also folders, with `recursive`.
  bool recursive = false;
  bool signatures_only = false;
  bool require_all = false;
  bool failures = false;  // Only what is not verified is told.
  std::string files_from;
  bool null_separated = false;
  std::string signature;
  std::string hash;
  unsigned input_level = 0;
  std::string policy;
  std::string publication;
  bool extend = false;
  std::string extender;
  bool explain = false;
};

struct ExtendOptions {
  CommonOptions common;
  TrustOptions trust;
  std::vector<std::string> signatures;  // Also folders, with `recursive`.
  bool recursive = false;
  std::string files_from;
  bool null_separated = false;
  std::string to;
  std::string output;
  bool force = false;
};

struct InspectOptions {
  CommonOptions common;
  std::vector<std::string> signatures;
};

struct TrustFetchOptions {
  CommonOptions common;
  std::string fingerprint;  // A trust code, or a root's SHA-256.
  std::vector<std::string> publisher_emails;
  std::vector<std::string> publisher_constraints;
  bool accept_first_use = false;
  bool replace = false;
};

struct TrustArchiveOptions {
  CommonOptions common;
  std::string output;
  std::string seal;
  std::string publication;
  std::string seal_trust;
};

struct TrustShowOptions {
  CommonOptions common;
};

struct ConfigOptions {
  CommonOptions common;
};

struct PublicationsFetchOptions {
  CommonOptions common;
  TrustOptions trust;
  std::string output;
};

struct PublicationsShowOptions {
  CommonOptions common;
  std::string file;
  std::uint32_t last = 0;  // So many of the newest; 0: all.
};

struct PublicationsVerifyOptions {
  CommonOptions common;
  TrustOptions trust;
  std::string file;
};

struct ServerInfoOptions {
  CommonOptions common;
};

struct CalendarHeadOptions {
  CommonOptions common;
};

struct CalendarLeavesOptions {
  CommonOptions common;
  std::string since, to;
  std::string output;
  bool force = false;
};

struct AuditOptions {
  CommonOptions common;
  std::vector<std::string> servers;  // Instead of the setting `server`; at most two.
  TrustOptions trust;
  std::string leaves;
  std::vector<std::string> publications;  // Codes.
  std::vector<std::string> signatures;
  std::string since, to;
  std::string state;
  bool no_state = false;
  std::string proof;
  std::string check_proof;
};

using CommandOptions =
    std::variant<SignOptions, VerifyOptions, ExtendOptions, InspectOptions, TrustFetchOptions,
                 TrustArchiveOptions, TrustShowOptions, ConfigOptions, PublicationsFetchOptions,
                 PublicationsShowOptions, PublicationsVerifyOptions, ServerInfoOptions,
                 CalendarHeadOptions, CalendarLeavesOptions, AuditOptions>;

}  // namespace pitser::cli
