#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::ledger {

// `status` with `context` and ": " in front of its message; an OK status stays as it is. This is
// how a message gains context on its way up.
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string message(context);
  message.append(": ").append(ToStd(status.message()));
  return absl::Status(status.code(), message);
}

namespace internal {
inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}
}  // namespace internal

}  // namespace pitser::ledger

#define PITSER_CONCAT_INNER_(a, b) a##b
#define PITSER_CONCAT_(a, b) PITSER_CONCAT_INNER_(a, b)

// Returns from the enclosing function when `expression` (a Status or StatusOr) is not OK.
#define PITSER_RETURN_IF_ERROR(expression)                                                 \
  do {                                                                                     \
    auto&& pitser_status_ = (expression);                                                  \
    if (!pitser_status_.ok()) return ::pitser::ledger::internal::ToStatus(pitser_status_); \
  } while (false)

// PITSER_ASSIGN_OR_RETURN(auto value, F()): declares or assigns `value`, or returns F's error.
#define PITSER_ASSIGN_OR_RETURN(lhs, expression) \
  PITSER_ASSIGN_OR_RETURN_INNER_(PITSER_CONCAT_(pitser_status_or_, __LINE__), lhs, expression)
#define PITSER_ASSIGN_OR_RETURN_INNER_(name, lhs, expression) \
  auto name = (expression);                                   \
  if (!name.ok()) return name.status();                       \
  lhs = std::move(name).value()
