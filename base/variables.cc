#include "base/variables.h"

#include <unistd.h>

#include <utility>

namespace pitser::base {

Variables Variables::System() {
  Map variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Variables(std::move(variables));
}

Variables::Variables(Map variables) : variables_(std::move(variables)) {
  for (const auto& [name, value] : variables_) {
    if (value.empty()) empty_.insert(name);
  }
  std::erase_if(variables_, [](const auto& variable) { return variable.second.empty(); });
}

std::optional<std::string> Variables::operator()(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

}  // namespace pitser::base
