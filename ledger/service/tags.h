#pragma once

#include <cstdint>

// The element types inside PDUs. For the sources of this folder only.
// Source: spec/ksi-protocol.md 3.1, 3.2, 4.1, 4.2, 5.
namespace pitser::ledger::service::internal {

// Payloads.
inline constexpr std::uint16_t kRequestTag = 0x02;  // Responses, too.
inline constexpr std::uint16_t kConfigurationTag = 0x04;
inline constexpr std::uint16_t kAcknowledgementTag = 0x05;

// Inside 0x02.
inline constexpr std::uint16_t kRequestIdTag = 0x01;
inline constexpr std::uint16_t kRequestHashTag = 0x02;      // To the aggregator.
inline constexpr std::uint16_t kRequestLevelTag = 0x03;     // To the aggregator.
inline constexpr std::uint16_t kAggregationTimeTag = 0x02;  // To the extender.
inline constexpr std::uint16_t kPublicationTimeTag = 0x03;  // To the extender.
inline constexpr std::uint16_t kStatusTag = 0x04;
inline constexpr std::uint16_t kMessageTag = 0x05;
inline constexpr std::uint16_t kLastTimeTag = 0x12;  // Of the extender.

// Inside 0x04.
inline constexpr std::uint16_t kMaxLevelTag = 0x01;
inline constexpr std::uint16_t kAlgorithmTag = 0x02;
inline constexpr std::uint16_t kPeriodTag = 0x03;
inline constexpr std::uint16_t kMaxRequestsTag = 0x04;
inline constexpr std::uint16_t kParentTag = 0x10;
inline constexpr std::uint16_t kFirstTimeTag = 0x11;

// Inside 0x05.
inline constexpr std::uint16_t kRequestTimeTag = 0x01;
inline constexpr std::uint16_t kReceiptTimeTag = 0x02;
inline constexpr std::uint16_t kAcknowledgementTimeTag = 0x03;
inline constexpr std::uint16_t kDelayTag = 0x04;
inline constexpr std::uint16_t kAcknowledgedPeriodTag = 0x05;
inline constexpr std::uint16_t kDriftTag = 0x06;

}  // namespace pitser::ledger::service::internal
