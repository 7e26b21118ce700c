// Reading signatures and folding their chains: what a verifier does for each, before any trust.
//   build/release/bin/pitser_microbench --benchmark_filter='Signature|Fold|PublicationCode'

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ledger/crypto/hasher.h"
#include "ledger/format/signature.h"

namespace pitser::ledger {
namespace {

template <typename T>
T ValueOf(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "benchmark input: %s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

Imprint SomeImprint(std::string_view label) {
  return ValueOf(Hash(HashAlgorithm::kSha256, {AsBytes(label)}));
}

// Appends a chain of an account's metadata and `imprint_links` imprints on top of `node`.
LeveledImprint AppendChain(ByteVector& out, std::size_t layer, std::size_t layers,
                           std::size_t imprint_links, const LeveledImprint& node) {
  const ByteVector metadata = EncodeMetadata({.client_id = "account-" + std::to_string(layer),
                                              .machine_id = "machine-1",
                                              .sequence_number = 12345,
                                              .request_time_us = 1710452040123456},
                                             MetadataStyle::kService);
  const Imprint sibling = SomeImprint("aggregation sibling");
  AggregationHashChain chain{.aggregation_time = 1710452040,
                             .index = ChainIndex(layers - layer, 0x1d),
                             .input_hash = node.imprint,
                             .algorithm = HashAlgorithm::kSha256,
                             .links = {{.direction = LinkDirection::kLeft,
                                        .kind = SiblingKind::kMetadata,
                                        .level_correction = 0,
                                        .sibling = metadata}},
                             .raw = {}};
  for (std::size_t i = 0; i < imprint_links; ++i) {
    chain.links.push_back({.direction = i % 2 == 0 ? LinkDirection::kLeft : LinkDirection::kRight,
                           .kind = SiblingKind::kImprint,
                           .level_correction = 0,
                           .sibling = sibling.bytes()});
  }
  WriteAggregationHashChain(out, chain);
  return ValueOf(FoldAggregationLinks(chain.algorithm, chain.links, node.imprint, node.level));
}

// A signature of the size of a real one (spec 11.2): five layers with 16 links, 15 calendar links,
// and an RSA-2048 calendar authentication record.
const ByteVector& SignatureBytes() {
  static const auto* const kBytes = [] {
    ByteVector elements;
    LeveledImprint node{SomeImprint("document"), 0};
    constexpr std::size_t kLayers = 5;
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
      node = AppendChain(elements, layer, kLayers, layer == 2 ? 3 : 2, node);
    }
    CalendarHashChain calendar{.publication_time = 1710452040,
                               .aggregation_time = 1710452040,
                               .input_hash = node.imprint,
                               .links = {}};
    for (int i = 0; i < 15; ++i) {
      calendar.links.push_back({LinkDirection::kRight, SomeImprint("calendar sibling")});
    }
    WriteCalendarHashChain(elements, calendar);
    ByteVector signed_bytes;
    const Imprint root = ValueOf(FoldCalendarLinks(calendar.input_hash, calendar.links));
    WritePublicationData(signed_bytes, {calendar.publication_time, root},
                         PublicationDataPlace::kSignature);
    WriteCalendarAuthenticationRecord(elements, signed_bytes, kRsaSha256Oid, ByteVector(256, 0x5A),
                                      ByteVector(4, 1));
    const Bytes parts[] = {elements};
    return new ByteVector(ValueOf(AssembleSignature(parts)));
  }();
  return *kBytes;
}

void BM_ParseSignature(benchmark::State& state) {
  const ByteVector& bytes = SignatureBytes();
  for (auto _ : state) {
    absl::StatusOr<Signature> signature = Signature::Parse(bytes);
    benchmark::DoNotOptimize(signature);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_ParseSignature);

void BM_FoldAggregation(benchmark::State& state) {
  const Signature signature = ValueOf(Signature::Parse(SignatureBytes()));
  std::int64_t links = 0;
  for (const AggregationHashChain& chain : signature.aggregation_chains()) {
    links += static_cast<std::int64_t>(chain.links.size());
  }
  for (auto _ : state) benchmark::DoNotOptimize(signature.AggregationRoot());
  state.counters["links"] = static_cast<double>(links);
  state.SetItemsProcessed(state.iterations() * links);
}
BENCHMARK(BM_FoldAggregation);

void BM_FoldCalendar(benchmark::State& state) {
  const Signature signature = ValueOf(Signature::Parse(SignatureBytes()));
  const CalendarHashChain& calendar = *signature.calendar_chain();
  for (auto _ : state) {
    benchmark::DoNotOptimize(FoldCalendarLinks(calendar.input_hash, calendar.links));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(calendar.links.size()));
}
BENCHMARK(BM_FoldCalendar);

void BM_WriteAggregationHashChain(benchmark::State& state) {
  const Signature signature = ValueOf(Signature::Parse(SignatureBytes()));
  ByteVector out;
  for (auto _ : state) {
    out.clear();
    WriteAggregationHashChain(out, signature.aggregation_chains()[0]);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(BM_WriteAggregationHashChain);

void BM_EncodePublicationCode(benchmark::State& state) {
  const PublicationData data{1710452045, SomeImprint("root")};
  for (auto _ : state) benchmark::DoNotOptimize(EncodePublicationCode(data));
}
BENCHMARK(BM_EncodePublicationCode);

void BM_ParsePublicationCode(benchmark::State& state) {
  const std::string code = EncodePublicationCode({1710452045, SomeImprint("root")});
  for (auto _ : state) benchmark::DoNotOptimize(ParsePublicationCode(code));
}
BENCHMARK(BM_ParsePublicationCode);

}  // namespace
}  // namespace pitser::ledger
