#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pitser::cli {

// What each command was told on its command line, as text where a later step checks it. Empty text
// means the option was not given.

struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::string config;
};

struct ServerOptions {
  std::string server;
  std::string tls_ca, tls_cert, tls_key;
  bool insecure = false;
  std::optional<double> timeout_seconds;
};

// Whom to believe.
struct TrustOptions {
  std::string trust;  // A folder.
  std::string publications_file;
  std::vector<std::string> trust_anchors;
  std::vector<std::string> publisher_emails;
  std::vector<std::string> publisher_constraints;
  std::string at;
};

struct SignOptions {
  CommonOptions common;
  ServerOptions server;
  std::vector<std::string> files;
  std::string hash;
  std::string algorithm;
  std::string output;
  bool force = false;
};

struct VerifyOptions {
  CommonOptions common;
  TrustOptions trust;
  std::vector<std::string> files;
  std::string signature;
  std::string hash;
  unsigned input_level = 0;
  std::string policy;
  std::string publication;
};

struct ExtendOptions {
  CommonOptions common;
  ServerOptions server;
  TrustOptions trust;
  std::vector<std::string> signatures;
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
  ServerOptions server;
  std::string output;
  std::string fingerprint;
  bool accept_first_use = false;
  bool replace = false;
};

struct TrustShowOptions {
  CommonOptions common;
  std::string trust;
};

using CommandOptions = std::variant<SignOptions, VerifyOptions, ExtendOptions, InspectOptions,
                                    TrustFetchOptions, TrustShowOptions>;

}  // namespace pitser::cli
