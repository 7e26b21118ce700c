#include "tests/support/signature_maker.h"

#include <algorithm>
#include <bit>
#include <span>
#include <string>
#include <utility>

#include "ledger/crypto/hasher.h"
#include "ledger/format/tlv.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::testing {

using ledger::AsBytes;
using ledger::Bytes;
using ledger::ByteVector;
using ledger::CalendarLink;
using ledger::CalendarLinks;
using ledger::ChainIndex;
using ledger::HashAlgorithm;
using ledger::Imprint;
using ledger::Level;
using ledger::LinkDirection;
using ledger::PublicationData;

Imprint SomeImprint(std::string_view label, HashAlgorithm algorithm) {
  return ValueOf(ledger::Hash(algorithm, {AsBytes(label)}));
}

LinkRecipe ImprintLink(LinkDirection direction, std::string_view label, Level level_correction) {
  return {direction, ledger::SiblingKind::kImprint, level_correction,
          ledger::ToVector(SomeImprint(label).bytes())};
}

LinkRecipe MetadataLink(const ledger::Metadata& metadata) {
  return {LinkDirection::kLeft, ledger::SiblingKind::kMetadata, 0,
          EncodeMetadata(metadata, ledger::MetadataStyle::kService)};
}

CalendarLinks MakeCalendarLinks(std::uint64_t time, std::uint64_t publication_time,
                                HashAlgorithm algorithm) {
  CalendarLinks links;
  std::uint64_t offset = time;  // Of the leaf in the current subtree, from the root down.
  for (std::uint64_t rest = publication_time; rest > 0;) {
    const std::uint64_t half = std::bit_floor(rest);
    const bool right = offset >= half;
    links.push_back({right ? LinkDirection::kRight : LinkDirection::kLeft,
                     SomeImprint("calendar sibling " + std::to_string(links.size()), algorithm)});
    if (right) {
      offset -= half;
      rest -= half;
    } else {
      rest = half - 1;
    }
  }
  std::ranges::reverse(links);
  return links;
}

namespace {

// The parts of a signature as they are made, one after the other.
class Maker {
 public:
  explicit Maker(const SignatureRecipe& recipe) : recipe_(recipe) {}

  ByteVector Make() {
    MakeIndexes();
    Imprint root = MakeAggregation();
    if (recipe_.calendar.has_value()) MakeCalendar(*recipe_.calendar, std::move(root));
    MakeRecord();
    if (recipe_.rfc3161.has_value()) MakeRfc3161(*recipe_.rfc3161);
    std::vector<Bytes> views(elements_.begin(), elements_.end());
    return ValueOf(ledger::AssembleSignature(views));
  }

 private:
  ByteVector& NewElement() { return elements_.emplace_back(); }

  static ledger::AggregationLinks LinksOf(const ChainRecipe& chain) {
    ledger::AggregationLinks links;
    for (const LinkRecipe& link : chain.links) {
      links.push_back({link.direction, link.kind, link.level_correction, link.sibling});
    }
    return links;
  }

  // Each chain's list: the shapes of all chains from the highest down to itself.
  void MakeIndexes() {
    indexes_.resize(recipe_.chains.size());
    ChainIndex index;
    for (std::size_t i = recipe_.chains.size(); i-- > 0;) {
      // More links than an index has bits: only a recipe with an index of its own wants them.
      index.push_back(ledger::ShapeOf(LinksOf(recipe_.chains[i])).value_or(0));
      indexes_[i] = recipe_.chains[i].index.value_or(index);
    }
  }

  Imprint FirstInput() const {
    if (!recipe_.rfc3161.has_value()) return recipe_.document_hash;
    return ValueOf(
        ledger::Rfc3161Output(Rfc3161View(*recipe_.rfc3161), recipe_.rfc3161->output_algorithm));
  }

  Imprint MakeAggregation() {
    Imprint value = FirstInput();
    Level level = 0;
    for (std::size_t i = 0; i < recipe_.chains.size(); ++i) {
      const ChainRecipe& chain = recipe_.chains[i];
      const ledger::AggregationHashChain made{.aggregation_time = chain.time.value_or(recipe_.time),
                                              .index = indexes_[i],
                                              .input_hash = chain.input_hash.value_or(value),
                                              .algorithm = chain.algorithm,
                                              .links = LinksOf(chain),
                                              .raw = {}};
      WriteAggregationHashChain(NewElement(), made);
      const auto node =
          ledger::FoldAggregationLinks(made.algorithm, made.links, made.input_hash, level);
      // A recipe may be meant to pass level 255; nothing above it can be right then.
      if (!node.ok()) continue;
      value = node->imprint;
      level = node->level;
    }
    return value;
  }

  void MakeCalendar(const CalendarRecipe& calendar, Imprint aggregation_root) {
    const ledger::CalendarHashChain made{
        .publication_time = calendar.publication_time,
        .aggregation_time = calendar.aggregation_time.value_or(recipe_.time),
        .input_hash = calendar.input_hash.value_or(aggregation_root),
        .links = calendar.links.has_value()
                     ? *calendar.links
                     : MakeCalendarLinks(recipe_.time, calendar.publication_time)};
    WriteCalendarHashChain(NewElement(), made);
    root_ = ValueOf(ledger::FoldCalendarLinks(made.input_hash, made.links));
  }

  void MakeRecord() {
    if (recipe_.record == Record::kNone) return;
    const PublicationData data{recipe_.record_time.value_or(recipe_.calendar->publication_time),
                               recipe_.record_hash.has_value() ? *recipe_.record_hash : *root_};
    if (recipe_.record == Record::kPublication) {
      WritePublicationRecord(NewElement(), {data, recipe_.references, {}},
                             ledger::PublicationDataPlace::kSignature);
      return;
    }
    const AuthenticationRecipe& how = recipe_.authentication;
    const TestTrust& trust = TestTrust::Get();
    ByteVector to_sign;
    WritePublicationData(to_sign, data, ledger::PublicationDataPlace::kSignature);
    const ledger::PrivateKey& key = how.key.has_value() ? *how.key : trust.calendar_key;
    const ByteVector value = how.signature_value.has_value() ? *how.signature_value
                                                             : ValueOf(key.SignRsaSha256(to_sign));
    ledger::WriteCalendarAuthenticationRecord(
        NewElement(), to_sign, how.signature_type.value_or(std::string(ledger::kRsaSha256Oid)),
        value, how.certificate_id.value_or(trust.calendar_record().id));
  }

  ledger::Rfc3161Record Rfc3161View(const Rfc3161Recipe& how) const {
    return {.aggregation_time = how.time.value_or(recipe_.time),
            .index = how.index.value_or(indexes_.front()),
            .input_hash = recipe_.document_hash,
            .tst_info_prefix = AsBytes("tst info prefix"),
            .tst_info_suffix = AsBytes("tst info suffix"),
            .tst_info_algorithm = how.tst_info_algorithm,
            .signed_attributes_prefix = AsBytes("signed attributes prefix"),
            .signed_attributes_suffix = AsBytes(""),
            .signed_attributes_algorithm = how.signed_attributes_algorithm};
  }

  // The library never writes this record (spec 3.10), so its encoding stands here.
  void MakeRfc3161(const Rfc3161Recipe& how) {
    const ledger::Rfc3161Record record = Rfc3161View(how);
    ByteVector value;
    ledger::WriteInt(value, 0x02, record.aggregation_time);
    for (std::uint64_t index : record.index) ledger::WriteInt(value, 0x03, index);
    ledger::WriteImprint(value, 0x05, record.input_hash);
    ledger::WriteElement(value, 0x10, record.tst_info_prefix);
    ledger::WriteElement(value, 0x11, record.tst_info_suffix);
    ledger::WriteInt(value, 0x12, static_cast<std::uint64_t>(record.tst_info_algorithm));
    ledger::WriteElement(value, 0x13, record.signed_attributes_prefix);
    ledger::WriteElement(value, 0x14, record.signed_attributes_suffix);
    ledger::WriteInt(value, 0x15, static_cast<std::uint64_t>(record.signed_attributes_algorithm));
    ledger::WriteElement(NewElement(), ledger::kRfc3161RecordTag, value);
  }

  const SignatureRecipe& recipe_;
  std::vector<ChainIndex> indexes_;
  std::optional<Imprint> root_;  // Of the calendar.
  std::vector<ByteVector> elements_;
};

}  // namespace

SignatureRecipe AuthenticatedRecipe() {
  SignatureRecipe recipe{.document_hash = SomeImprint("pitser"),
                         .time = kTestTime,
                         .chains = {},
                         .rfc3161 = {},
                         .calendar = {},
                         .record = Record::kAuthentication,
                         .record_time = {},
                         .record_hash = {},
                         .authentication = {},
                         .references = {}};
  ChainRecipe lower;
  lower.links = {MetadataLink({"alice", "srv-1", 7, kTestTime * 1'000'000}),
                 ImprintLink(LinkDirection::kRight, "neighbour 1", 2),
                 ImprintLink(LinkDirection::kLeft, "neighbour 2")};
  ChainRecipe upper;
  upper.links = {MetadataLink({"gateway-1", std::nullopt, 0, std::nullopt}),
                 ImprintLink(LinkDirection::kRight, "neighbour 3", 40)};
  recipe.chains = {lower, upper};
  recipe.calendar.emplace().publication_time = kTestTime;
  return recipe;
}

SignatureRecipe PublishedRecipe() {
  SignatureRecipe recipe = AuthenticatedRecipe();
  recipe.calendar->publication_time = kTestTime + 10 * kTestDay;
  recipe.record = Record::kPublication;
  recipe.references = {"Daily Seal, 2023-11-24", "Evening Seal, 2023-11-25"};
  return recipe;
}

SignatureRecipe SingleNodeRecipe() {
  SignatureRecipe recipe = AuthenticatedRecipe();
  ChainRecipe chain;
  chain.links = {MetadataLink({"alice", "srv-1", 7, kTestTime * 1'000'000})};
  for (int i = 0; i < 8; ++i) {
    chain.links.push_back(ImprintLink(i % 3 == 0 ? LinkDirection::kRight : LinkDirection::kLeft,
                                      "tree " + std::to_string(i),
                                      static_cast<Level>(i == 5 ? 1 : 0)));
  }
  recipe.chains = {chain};
  return recipe;
}

ByteVector MakeSignatureBytes(const SignatureRecipe& recipe) { return Maker(recipe).Make(); }

ledger::Signature MakeSignature(const SignatureRecipe& recipe) {
  return ValueOf(ledger::Signature::Parse(MakeSignatureBytes(recipe)));
}

PublicationData PublicationOf(const ledger::Signature& signature) {
  const ledger::CalendarHashChain& chain = *signature.calendar_chain();
  return {chain.publication_time,
          ValueOf(ledger::FoldCalendarLinks(chain.input_hash, chain.links))};
}

}  // namespace pitser::testing
