#include "ledger/base/check.h"
#include "ledger/format/publications_file.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"
#include "tests/support/openssl_leaks.h"

namespace pitser::fuzz {
namespace {

using ledger::Bytes;
using ledger::PublicationRecord;
using ledger::PublicationsFile;

void CheckLookups(const PublicationsFile& file) {
  const ledger::PublicationsFileContent& content = file.content();
  for (const auto& certificate : content.certificates) {
    const auto* found = file.FindCertificate(certificate.id);
    PITSER_CHECK(found != nullptr && found->id == certificate.id);
  }
  PITSER_CHECK(file.by_time().size() == content.publications.size());
  std::uint64_t last = 0;
  for (const std::size_t i : file.by_time()) {
    const PublicationRecord& record = content.publications.at(i);
    PITSER_CHECK(record.data.time >= last);
    last = record.data.time;
    PITSER_CHECK(file.FindPublication(record.data)->data == record.data);
    PITSER_CHECK(file.NearestPublication(last)->data.time == last);
    PITSER_CHECK(file.HasPublicationAt(last));
  }
  PITSER_CHECK((file.LatestPublication() == nullptr) == content.publications.empty());
}

void CheckRewriting(const PublicationRecord& record) {
  for (const auto place : {ledger::PublicationDataPlace::kSignature,
                           ledger::PublicationDataPlace::kPublicationsFile}) {
    ledger::ByteVector bytes;
    WritePublicationRecord(bytes, record, place);
    const auto again = ledger::ParsePublicationRecord(*ledger::TlvReader(bytes).Next());
    PITSER_CHECK(again.ok() && again->data == record.data);
    PITSER_CHECK(again->references == record.references);
    PITSER_CHECK(again->repository_uris == record.repository_uris);
  }
}

}  // namespace

PITSER_FUZZ_TARGET(publications_file) {
  const auto file = PublicationsFile::Parse(ledger::ToVector(input));
  if (!file.ok()) {
    PITSER_CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  PITSER_CHECK(ledger::Equal(file->bytes(), input));
  PITSER_CHECK(file->signed_bytes().size() < input.size());
  PITSER_CHECK(file->cms().data() + file->cms().size() ==
               file->bytes().data() + file->bytes().size());
  CheckLookups(*file);
  for (const PublicationRecord& record : file->content().publications) CheckRewriting(record);

  const client::Trust& trust = FuzzTrust();
  const testing::IgnoreLeaksOfOpenssl ignore_leaks;
  const absl::Status verified =
      VerifyPublicationsFile(*file, trust.anchors, trust.constraints, testing::kTestTime);
  if (!verified.ok()) return;
  // Two were ever signed: the trust's own, and the seed that lists nothing.
  PITSER_CHECK(ledger::Equal(file->signed_bytes(), trust.publications->signed_bytes()) ||
               (file->content().publications.empty() && file->content().certificates.empty()));
}

}  // namespace pitser::fuzz
