#include <string>
#include <string_view>
#include <vector>

#include "capi/objects.h"
#include "capi/support.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"

using pitser::capi::Give;
using pitser::capi::Guarded;
using pitser::capi::Refuse;

namespace {

namespace ledger = pitser::ledger;

// A mistake in what the caller configured is not one in the file.
pitser_status Misconfigured(std::string_view what, const absl::Status& status,
                            pitser_error* error) {
  return Refuse(error, std::string(what) + ": " + std::string(status.message()));
}

}  // namespace

pitser_status pitser_publications_parse(const uint8_t* data, size_t size, const char* anchors_pem,
                                        size_t anchors_size, const char* const* constraints,
                                        size_t constraint_count, uint64_t at_time,
                                        pitser_publications** publications, pitser_error* error) {
  return Guarded(error, [&] {
    if (publications == nullptr) return Refuse(error, "publications: NULL");
    *publications = nullptr;
    if (data == nullptr) return Refuse(error, "data: NULL");
    if (anchors_pem == nullptr) return Refuse(error, "anchors_pem: NULL");
    if (constraints == nullptr || constraint_count == 0) {
      return Refuse(error, "constraints: at least one must say who may sign the file");
    }
    const auto anchors =
        ledger::Certificate::AllFromPem(std::string_view(anchors_pem, anchors_size));
    if (!anchors.ok()) return Misconfigured("anchors_pem", anchors.status(), error);
    std::vector<ledger::SubjectConstraint> wanted;
    for (size_t i = 0; i < constraint_count; ++i) {
      if (constraints[i] == nullptr) return Refuse(error, "constraints: NULL");
      auto constraint = ledger::ParseSubjectConstraint(constraints[i]);
      if (!constraint.ok()) return Misconfigured("constraints", constraint.status(), error);
      wanted.push_back(*std::move(constraint));
    }
    if (size > ledger::kMaxPublicationsFileSize) {
      return Give(absl::InvalidArgumentError("longer than any publications file"), error);
    }
    auto file = ledger::PublicationsFile::Parse(ledger::ByteVector(data, data + size));
    if (!file.ok()) return Give(file.status(), error);
    const absl::Status trusted = ledger::VerifyPublicationsFile(*file, *anchors, wanted, at_time);
    if (!trusted.ok()) return Give(trusted, error);
    *publications = new pitser_publications{*std::move(file)};
    return PITSER_OK;
  });
}

void pitser_publications_free(pitser_publications* publications) { delete publications; }

size_t pitser_publications_count(const pitser_publications* publications) {
  return publications == nullptr ? 0 : publications->file.content().publications.size();
}

uint64_t pitser_publications_latest_time(const pitser_publications* publications) {
  if (publications == nullptr) return 0;
  const ledger::PublicationRecord* latest = publications->file.LatestPublication();
  return latest == nullptr ? 0 : latest->data.time;
}
