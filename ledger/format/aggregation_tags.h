#pragma once

#include <cstdint>

// The tags inside a 0x801 element and its links. Not for use outside this folder.
// Source: spec/ksi-signature.md 3.2, 3.3.
namespace pitser::ledger::internal {

inline constexpr std::uint16_t kAggregationTimeTag = 0x02;
inline constexpr std::uint16_t kChainIndexTag = 0x03;
inline constexpr std::uint16_t kInputDataTag = 0x04;
inline constexpr std::uint16_t kInputHashTag = 0x05;
inline constexpr std::uint16_t kAlgorithmTag = 0x06;
inline constexpr std::uint16_t kLeftLinkTag = 0x07;
inline constexpr std::uint16_t kRightLinkTag = 0x08;

inline constexpr std::uint16_t kLevelCorrectionTag = 0x01;
inline constexpr std::uint16_t kSiblingHashTag = 0x02;
inline constexpr std::uint16_t kLegacyIdTag = 0x03;
inline constexpr std::uint16_t kMetadataTag = 0x04;

}  // namespace pitser::ledger::internal
