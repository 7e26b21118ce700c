#include "client/cli/entry_name.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "ledger/base/bytes.h"

namespace pitser::cli {
namespace {

// Windows passes over dots and spaces at the end of a part.
std::string_view AsWindowsReads(std::string_view part) {
  const std::size_t last = part.find_last_not_of(". ");
  return part.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool IsWayUp(std::string_view part) {
  return part == ".." || (part.starts_with("..") && AsWindowsReads(part).empty());
}

// "NUL", and with anything behind a dot or a colon, too.
bool IsDevice(std::string_view part) {
  const std::string_view stem = part.substr(0, part.find_first_of(".:"));
  const std::string name = absl::AsciiStrToUpper(ledger::ToAbsl(AsWindowsReads(stem)));
  constexpr std::array<std::string_view, 6> kDevices = {"CON", "PRN",    "AUX",
                                                        "NUL", "CONIN$", "CONOUT$"};
  if (std::ranges::find(kDevices, name) != kDevices.end()) return true;
  const bool is_port = name.starts_with("COM") || name.starts_with("LPT");
  if (!is_port) return false;
  const std::string_view number = std::string_view(name).substr(3);
  // The digits 1, 2 and 3 written above the line count as well.
  return (number.size() == 1 && number >= "0" && number <= "9") || number == "\xc2\xb9" ||
         number == "\xc2\xb2" || number == "\xc2\xb3";
}

bool BeginsAtADrive(std::string_view name) {
  return name.size() >= 2 && absl::ascii_isalpha(static_cast<unsigned char>(name[0])) &&
         name[1] == ':';
}

absl::Status Refused(std::string_view name, std::string_view why) {
  return Error(ExitCode::kMalformed, absl::StrFormat("%s %s", Printable(name), why),
               "without -o its signature stays beside it, under any name");
}

}  // namespace

std::string EntryNameOf(std::string_view path) {
  std::string name;
  for (const absl::string_view part : absl::StrSplit(ledger::ToAbsl(path), '/')) {
    if (part.empty() || part == ".") continue;
    if (!name.empty()) name.push_back('/');
    name.append(part.data(), part.size());
  }
  return name;
}

absl::Status CheckEntryName(std::string_view name) {
  if (name.empty() || name.starts_with('/') || name.starts_with('\\') || BeginsAtADrive(name)) {
    return Refused(name, "would lie outside of where the archive is unpacked on Windows");
  }
  for (const absl::string_view split :
       absl::StrSplit(ledger::ToAbsl(name), absl::ByAnyChar("/\\"))) {
    const std::string_view part = ledger::ToStd(split);
    if (IsWayUp(part)) {
      return Refused(name, "would lie outside of where the archive is unpacked");
    }
    if (IsDevice(part)) {
      return Refused(name, absl::StrFormat("has '%s' in it, which is a device on Windows", part));
    }
  }
  return absl::OkStatus();
}

}  // namespace pitser::cli
