#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/format/signature.h"

namespace pitser::cli {

// Text from a file or a server, fit for a terminal: control characters and bytes that are no UTF-8
// are shown as \xNN, so that nobody's client id can move the cursor.
std::string Printable(std::string_view text);

// "gateway :: alice": the client ids of a signature, highest layer first.
std::string IdentityPath(const std::vector<ledger::Identity>& identities);

// "  label        value" with the values of several lines under each other.
std::string Line(std::string_view label, std::string_view value);

// `name` as an argument of a shell.
std::string ShellQuoted(std::string_view name);

}  // namespace pitser::cli
