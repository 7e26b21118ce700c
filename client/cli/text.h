#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unicode.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

// For every name and every text of somebody else that a result has.
using base::Printable;

// "gateway :: alice": the client ids of a signature, highest layer first.
std::string IdentityPath(const std::vector<ledger::Identity>& identities);

// "  label        value" with the values of several lines under each other.
std::string Line(std::string_view label, std::string_view value);

// `name` as an argument of a shell.
std::string ShellQuoted(std::string_view name);

}  // namespace pitser::cli
