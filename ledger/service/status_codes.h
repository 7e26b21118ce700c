#pragma once

#include <cstdint>
#include <string_view>

// The status codes of the KSI service protocol. What is not said here is for both services.
// Source: spec/ksi-protocol.md 3.3, 4.3.
namespace pitser::ledger::service {

inline constexpr std::uint64_t kSuccess = 0;
inline constexpr std::uint64_t kInvalidRequest = 0x101;
inline constexpr std::uint64_t kAuthenticationFailure = 0x102;
inline constexpr std::uint64_t kInvalidPayload = 0x103;
inline constexpr std::uint64_t kInternalError = 0x200;
inline constexpr std::uint64_t kUpstreamError = 0x300;
inline constexpr std::uint64_t kUpstreamTimeout = 0x301;

namespace aggregator {
inline constexpr std::uint64_t kLevelTooHigh = 0x104;
inline constexpr std::uint64_t kQuotaUsedUp = 0x105;
inline constexpr std::uint64_t kTooManyRequests = 0x106;
inline constexpr std::uint64_t kHashTooLong = 0x107;
}  // namespace aggregator

namespace extender {
inline constexpr std::uint64_t kInvalidTimeRange = 0x104;
inline constexpr std::uint64_t kBeforeCalendar = 0x105;
inline constexpr std::uint64_t kAfterCalendar = 0x106;
inline constexpr std::uint64_t kInTheFuture = 0x107;
inline constexpr std::uint64_t kCalendarMissing = 0x201;
inline constexpr std::uint64_t kCalendarDamaged = 0x202;
}  // namespace extender

// The two texts that other people's tests compare. (3.3)
inline constexpr std::string_view kAuthenticationText = "The request could not be authenticated";
inline constexpr std::string_view kLevelText =
    "The request indicated client-side aggregation tree larger than allowed for the client";

}  // namespace pitser::ledger::service
