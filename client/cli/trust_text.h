#pragma once

#include <string>
#include <string_view>

#include "client/trust.h"

namespace pitser::cli {

inline constexpr std::string_view kTrustSchema = "pitser.trust/1";

// A trust folder for people. `problem` says why its publications file may not be used; empty when
// it may.
std::string TrustText(const std::string& folder, const client::Trust& trust,
                      std::string_view problem);

// The same as one line of JSON.
std::string TrustJson(const std::string& folder, const client::Trust& trust,
                      std::string_view problem);

}  // namespace pitser::cli
