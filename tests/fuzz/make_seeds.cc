// usage: fuzz_make_seeds FOLDER
// Writes FOLDER/trust/, what made signatures are trusted by, and FOLDER/corpus/TARGET/seed-*, from
// which fuzzing begins: at least one input that each target accepts. A new trust is made of the
// test keys each time, so corpora with signatures under an older one are no longer accepted (they
// still replay): run it for a new target, and keep of it what is new.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "client/audit_state.h"
#include "client/fork_proof.h"
#include "client/leaves_file.h"
#include "client/trust.h"
#include "ledger/base/base32.h"
#include "ledger/base/check.h"
#include "ledger/base/hex.h"
#include "ledger/format/metadata.h"
#include "ledger/tree/calendar_tree.h"
#include "pitser/v1/pitser.pb.h"
#include "server/accounts/accounts_file.h"
#include "tests/support/golden_pdus.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::fuzz {
namespace {

using ledger::AsBytes;
using ledger::Bytes;
using ledger::ByteVector;
using testing::kTestDay;
using testing::kTestTime;
using testing::SignatureRecipe;
using testing::SomeImprint;
using testing::TestTrust;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Add(std::string_view target, std::string_view name, Bytes bytes) const {
    const auto folder = folder_ / "corpus" / target;
    std::filesystem::create_directories(folder);
    std::ofstream out(folder / ("seed-" + std::string(name)), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    PITSER_CHECK(out.good());
  }
  void Add(std::string_view target, std::string_view name, std::string_view text) const {
    Add(target, name, AsBytes(text));
  }

 private:
  const std::filesystem::path folder_;
};

SignatureRecipe WithLegacyId(SignatureRecipe recipe) {
  ByteVector legacy(29);
  legacy[0] = 0x03;
  legacy[2] = 3;
  legacy[3] = legacy[4] = legacy[5] = 'x';
  recipe.chains[1].links.push_back({.direction = ledger::LinkDirection::kLeft,
                                    .kind = ledger::SiblingKind::kLegacyId,
                                    .level_correction = 0,
                                    .sibling = legacy});
  return recipe;
}

SignatureRecipe WithRfc3161() {
  SignatureRecipe recipe = testing::AuthenticatedRecipe();
  recipe.rfc3161.emplace();
  return recipe;
}

SignatureRecipe Unrecorded() {
  SignatureRecipe recipe = testing::SingleNodeRecipe();
  recipe.record = testing::Record::kNone;
  recipe.calendar.reset();
  return recipe;
}

ledger::PublicationsFile PublicationsSeed() {
  const ledger::PublicationData published =
      testing::PublicationOf(MakeSignature(testing::PublishedRecipe()));
  return testing::MakePublicationsFile(
      {TestTrust::Get().calendar_record()},
      {{{kTestTime - kTestDay, SomeImprint("older")}, {"Daily Seal, 2023-11-13"}, {}},
       {published, {"Daily Seal, 2023-11-24"}, {"http://publications.example/24"}},
       {{published.time + kTestDay, SomeImprint("later")}, {}, {}}});
}

void AddSignatures(const Seeds& seeds) {
  const std::pair<std::string_view, SignatureRecipe> recipes[] = {
      {"single-node", testing::SingleNodeRecipe()},
      {"authenticated", testing::AuthenticatedRecipe()},
      {"published", testing::PublishedRecipe()},
      {"legacy-id", WithLegacyId(testing::AuthenticatedRecipe())},
      {"rfc3161", WithRfc3161()},
      {"unrecorded", Unrecorded()}};
  for (const auto& [name, recipe] : recipes) {
    ByteVector bytes = MakeSignatureBytes(recipe);
    seeds.Add("signature", name, bytes);
    seeds.Add("tlv", name, bytes);
    const ledger::Signature signature = testing::MakeSignature(recipe);
    ledger::Append(bytes, signature.aggregation_chains().front().raw);
    seeds.Add("shared_tail", name, bytes);
  }
  // A second leaf that meets the tail of the first, and the tail alone.
  ByteVector bytes = MakeSignatureBytes(testing::AuthenticatedRecipe());
  seeds.Add("shared_tail", "empty-part", bytes);
  SignatureRecipe other = testing::AuthenticatedRecipe();
  other.chains[0].links[0] = testing::ImprintLink(ledger::LinkDirection::kLeft, "other");
  const ledger::Signature signature = testing::MakeSignature(other);
  ledger::Append(bytes, signature.aggregation_chains().front().raw);
  seeds.Add("shared_tail", "other-part", bytes);
}

void AddTrust(const Seeds& seeds, const std::filesystem::path& folder) {
  const TestTrust& trust = TestTrust::Get();
  const ledger::PublicationsFile file = PublicationsSeed();
  std::filesystem::remove_all(folder / "trust");
  const client::TrustToStore stored{.anchors = {trust.root},
                                    .constraints = {trust.constraint()},
                                    .publications = file.bytes(),
                                    .acceptance = client::Acceptance::kByPerson,
                                    .accepted_at = kTestTime,
                                    .server = "ledger.example:7380"};
  PITSER_CHECK(StoreTrust((folder / "trust").string(), stored).ok());
  std::ifstream accepted(folder / "trust" / client::kAcceptedFile);
  seeds.Add(
      "trust_folder", "accepted",
      std::string(std::istreambuf_iterator<char>(accepted), std::istreambuf_iterator<char>()));
  seeds.Add("trust_folder", "nothing", "# nothing\n");
  seeds.Add("publications_file", "some", file.bytes());
  seeds.Add("publications_file", "none", testing::MakePublicationsFile({}, {}).bytes());
  seeds.Add("cms", "signed", file.cms());
  seeds.Add("cms", "of-other-content", testing::MakePublicationsFile({}, {}).cms());
  seeds.Add("certificate", "der", trust.calendar.der());
  seeds.Add("certificate", "pem", trust.root.pem());
  seeds.Add("certificate", "two", trust.root.pem() + "and\n" + trust.publisher.pem());
  seeds.Add("private_key", "rsa", trust.calendar_key.SecretPem());
  seeds.Add("private_key", "none", trust.root.pem());
  seeds.Add("subject_constraint", "email", "email=publications@pitser.example");
  seeds.Add("subject_constraint", "oid", "# who\n2.5.4.10=Pitser tests\nCN=a=b\n");
}

void AddTexts(const Seeds& seeds) {
  for (const std::string_view target : {"hex", "utf8", "base32"}) {
    seeds.Add(target, "ascii", "00ffAB7Q====");
    seeds.Add(target, "utf8", "õ€\xF0\x9F\x94\x92");
  }
  seeds.Add("hex", "hex", ledger::ToHex(AsBytes("pitser")));
  seeds.Add("base32", "base32", ledger::EncodeBase32(AsBytes("pitser")));
  const ledger::Imprint imprint = SomeImprint("pitser");
  seeds.Add("imprint", "bytes", imprint.bytes());
  seeds.Add("imprint", "text", imprint.ToText());
  const ledger::PublicationData data{.time = kTestTime, .hash = imprint};
  seeds.Add("publication_code", "code", EncodePublicationCode(data));
  ByteVector bytes;
  ledger::AppendBe64(bytes, data.time);
  ledger::Append(bytes, imprint.bytes());
  seeds.Add("publication_code", "bytes", bytes);
  for (const auto style : {ledger::MetadataStyle::kService, ledger::MetadataStyle::kClient}) {
    seeds.Add("metadata", style == ledger::MetadataStyle::kService ? "service" : "client",
              EncodeMetadata({"alice", "srv-1", 7, kTestTime * 1'000'000}, style));
  }
  seeds.Add("metadata", "legacy-id",
            std::string("\x03\x00\x05"
                        "alice",
                        8) +
                std::string(21, '\0'));
  seeds.Add("endpoint", "name", "ledger.example:7380");
  seeds.Add("endpoint", "ipv4", "127.0.0.1:0");
  seeds.Add("endpoint", "ipv6", "[::1]:7380");
  seeds.Add("settings", "toml",
            "# all of them\ntext = \"other\"\non = true\nnumber = 12\nduration = \"1h2m3.5s\"\n"
            "seconds = 2.25\n");
  seeds.Add("settings", "strings", "text = '''\na\\b'''\nseconds = \"1m\"\n");
  seeds.Add("settings", "duration", "1h30m0.5s");
  seeds.Add("settings", "seconds", "2.125");
  seeds.Add("settings", "switch", "true");
}

ledger::CalendarHashChain ChainFrom(const ledger::Imprint& leaf) {
  testing::MemoryCalendar calendar;
  PITSER_CHECK(calendar.Append(kTestTime, leaf).ok());
  PITSER_CHECK(calendar.Append(kTestTime + 5, SomeImprint("five")).ok());
  return testing::ValueOf(ledger::BuildCalendarChain(calendar, kTestTime, kTestTime + 5));
}

// Without the last line, the checksum: the targets put one there.
std::string WithoutChecksum(const std::string& text) {
  return text.substr(0, text.rfind("checksum"));
}

void AddAuditFiles(const Seeds& seeds) {
  client::AuditState state;
  state.server = "ledger.example:7380";
  state.saved_at = kTestTime + 9;
  state.since = kTestTime;
  PITSER_CHECK(state.replay.Append(kTestTime, SomeImprint("leaf")).ok());
  PITSER_CHECK(state.replay.Skip(kTestTime + 6).ok());
  state.publications = {{kTestTime - 1, SomeImprint("older")}, {kTestTime, SomeImprint("newer")}};
  seeds.Add("audit_state", "whole", WriteAuditState(state));
  seeds.Add("audit_state", "unfinished", WithoutChecksum(WriteAuditState(state)));

  ledger::ByteVector record;
  const ledger::Signature signature = MakeSignature(testing::SingleNodeRecipe());
  const auto& authentication = *signature.authentication_record();
  ledger::WriteCalendarAuthenticationRecord(
      record, authentication.signed_bytes, authentication.signature_type,
      authentication.signature_value, authentication.certificate_id);
  const client::ForkProof proof{
      .time = kTestTime,
      .made_at = kTestTime + 9,
      .sides = {client::ForkSide{"a:1", *signature.calendar_chain(), record},
                client::ForkSide{"b:1", ChainFrom(SomeImprint("other")), {}}}};
  seeds.Add("fork_proof", "whole", WriteForkProof(proof));
  seeds.Add("fork_proof", "unfinished", WithoutChecksum(WriteForkProof(proof)));

  ByteVector bytes;
  client::LeavesFileWriter writer([&](Bytes piece) {
    ledger::Append(bytes, piece);
    return absl::OkStatus();
  });
  PITSER_CHECK(writer.Begin({kTestTime, kTestTime + 9, "ledger.example:7380"}).ok());
  const ledger::Imprint leaves[] = {SomeImprint("one"),
                                    SomeImprint("two", ledger::HashAlgorithm::kSha512)};
  PITSER_CHECK(writer.Add({kTestTime, 2, leaves}).ok());
  PITSER_CHECK(writer.Add({kTestTime + 2, 100, {}}).ok());
  PITSER_CHECK(writer.Finish(ledger::PublicationData{kTestTime + 101, SomeImprint("root")}).ok());
  seeds.Add("leaves_file", "whole", bytes);
  bytes.resize(bytes.size() - 33);
  seeds.Add("leaves_file", "unfinished", bytes);
}

void AddMessages(const Seeds& seeds) {
  v1::SignStreamRequest items;
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{127}, ~std::uint64_t{0}}) {
    v1::SignItem& item = *items.add_items();
    item.set_id(id);
    item.set_imprint(ledger::ToString(SomeImprint("pitser").bytes()));
    item.set_level(static_cast<std::uint32_t>(id));
  }
  items.add_items();
  seeds.Add("sign_wire", "items", items.SerializeAsString());
  v1::SignBatchRequest batch;
  batch.set_algorithm(1);
  batch.set_digests(std::string(64, 'x'));
  seeds.Add("sign_wire", "batch", batch.SerializeAsString());
  seeds.Add("sign_wire", "groups", std::string("\x2b\x08\x01\x33\x34\x2c"));
}

// What a server answers a batch of one digest, and of one that has a part of its own; a chain.
void AddAnswers(const Seeds& seeds) {
  const ledger::Signature signature = testing::MakeSignature(testing::AuthenticatedRecipe());
  const Bytes part = signature.aggregation_chains().front().raw;
  v1::SignBatchResponse response;
  std::string rest;
  ledger::TlvReader whole(signature.bytes());
  const ledger::Element root = testing::ValueOf(whole.Next());
  ledger::TlvReader children(root);
  while (!children.done()) {
    const ledger::Element child = testing::ValueOf(children.Next());
    if (!ledger::Equal(child.raw, part)) rest += ledger::AsText(child.raw);
  }
  response.set_tail(rest);
  response.add_parts(ledger::ToString(part));
  response.add_account_path("alice");
  seeds.Add("sign_answers", "batch", response.SerializeAsString());
  ByteVector chain;
  WriteCalendarHashChain(chain, *signature.calendar_chain());
  seeds.Add("sign_answers", "chain", chain);
}

void AddLists(const Seeds& seeds) {
  server::Account account;
  account.login = "alice";
  account.key = ledger::ToVector(AsBytes("secret"));
  seeds.Add("accounts", "one", server::FormatAccounts({{account}, {"gone.example"}}));
  seeds.Add("accounts", "least",
            R"({"schema":"pitser.accounts/1","accounts":[{"login":"a","key":"00"}]})");
  const std::string hex = ledger::ToHex(SomeImprint("pitser").digest());
  seeds.Add("hash_line", "alone", hex);
  seeds.Add("hash_line", "named", hex + "  report.pdf");
  seeds.Add("hash_line", "escaped", "\\" + hex + " *a\\nb\\\\c");
  seeds.Add("hash_line", "imprint", SomeImprint("pitser").ToText() + " a");
  seeds.Add("hash_line", "imprint-hex", ledger::ToHex(SomeImprint("pitser").bytes()) + " a");
}

// The service protocol: the worked examples of its specification.
void AddPdus(const Seeds& seeds) {
  const auto add = [&](std::string_view name, std::string_view hex) {
    seeds.Add("service_pdu", name, testing::ValueOf(ledger::FromHex(hex)));
  };
  add("AggregationRequest", testing::kAggregationRequestHex);
  add("AggregationResponse", testing::kAggregationResponseHex);
  add("ExtensionRequest", testing::kExtensionRequestHex);
  add("ExtensionResponse", testing::kExtensionResponseHex);
  add("BareError", testing::kBareErrorHex);
  add("Refusal", testing::kRefusalHex);
  add("ConfigurationRequest", testing::kConfigurationRequestHex);
  add("ConfigurationResponse", testing::kConfigurationResponseHex);
  seeds.Add("ksi_address", "http", "ksi+http://ledger.example:8080/gt-signingservice");
  seeds.Add("ksi_address", "https", "ksi+https://a/");
  seeds.Add("ksi_address", "tcp", "ksi+tcp://[::1]:3332");
  seeds.Add("ksi_address", "ksi", "ksi://a");
  seeds.Add("ksi_address", "credentials", "# c\nlogin alice\nkey secret\nhmac sha-512\n");
}

}  // namespace
}  // namespace pitser::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_make_seeds FOLDER\n");
    return 2;
  }
  const pitser::fuzz::Seeds seeds(argv[1]);
  AddSignatures(seeds);
  AddTrust(seeds, argv[1]);
  AddTexts(seeds);
  AddAuditFiles(seeds);
  AddMessages(seeds);
  AddAnswers(seeds);
  AddLists(seeds);
  AddPdus(seeds);
  return 0;
}
