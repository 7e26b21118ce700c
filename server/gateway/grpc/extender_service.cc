#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {
namespace {

absl::StatusOr<ledger::Signature> ParseWhole(std::string_view bytes) {
  if (bytes.size() > ledger::kMaxSignatureSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a signature has at most ", ledger::kMaxSignatureSize, " bytes, got ", bytes.size()));
  }
  const ledger::Bytes view = ledger::AsBytes(bytes);
  return ledger::Signature::Parse(ledger::ByteVector(view.begin(), view.end()));
}

// The publication of `file` that a signature of `signing_time` is extended to: the one `wanted`, or
// the first that covers it.
absl::StatusOr<const ledger::PublicationRecord*> FindTarget(const ledger::PublicationsFile& file,
                                                            std::uint64_t signing_time,
                                                            std::optional<std::uint64_t> wanted) {
  if (wanted && *wanted < signing_time) {
    return absl::InvalidArgumentError(absl::StrCat(
        "publication time ", *wanted, " is before the signature's second ", signing_time));
  }
  const auto* const found = file.NearestPublication(wanted.value_or(signing_time));
  if (wanted && (found == nullptr || found->data.time != *wanted)) {
    return absl::NotFoundError(absl::StrCat("there is no publication of second ", *wanted));
  }
  if (found == nullptr) {
    return absl::OutOfRangeError(absl::StrCat("there is no publication after second ", signing_time,
                                              " yet: extend after the next one"));
  }
  return found;
}

absl::Status ExtendWhole(const GrpcGatewayParts& parts, const v1::ExtendSignatureRequest& request,
                         v1::ExtendSignatureResponse& response) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature, ParseWhole(request.signature()));
  std::optional<std::uint64_t> wanted;
  if (request.has_publication_time()) wanted = request.publication_time();
  const auto file = parts.publications->file();  // Keeps the record.
  PITSER_ASSIGN_OR_RETURN(const ledger::PublicationRecord* const record,
                          FindTarget(*file, signature.signing_time(), wanted));
  PITSER_ASSIGN_OR_RETURN(const ledger::CalendarHashChain chain,
                          parts.extender->Chain(signature.signing_time(), record->data.time));
  const auto extended = ledger::ExtendSignature(signature, chain, record);
  if (!extended.ok()) {
    // Whether it is another ledger's or was changed: the caller's bytes do not fit this calendar.
    return absl::InvalidArgumentError(
        absl::StrCat("not a signature of this ledger: ", extended.status().message()));
  }
  response.set_signature(extended->bytes().data(), extended->bytes().size());
  response.set_aggregation_time(extended->signing_time());
  TellPublication(*record, *response.mutable_publication());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ExtenderService::Extend(grpc::CallbackServerContext* context,
                                                  const v1::ExtendRequest* request,
                                                  v1::ExtendResponse* response) {
  return Read(*shared_, *context, [shared = shared_, request, response]() -> absl::Status {
    std::optional<std::uint64_t> publication_time;
    if (request->has_publication_time()) publication_time = request->publication_time();
    const auto chain = shared->parts.extender->Chain(request->aggregation_time(), publication_time);
    if (!chain.ok()) return chain.status();
    ledger::ByteVector bytes;
    ledger::WriteCalendarHashChain(bytes, *chain);
    response->set_calendar_hash_chain(bytes.data(), bytes.size());
    response->set_publication_time(chain->publication_time);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ExtenderService::ExtendSignature(
    grpc::CallbackServerContext* context, const v1::ExtendSignatureRequest* request,
    v1::ExtendSignatureResponse* response) {
  return Read(*shared_, *context, [shared = shared_, request, response]() -> absl::Status {
    return ExtendWhole(shared->parts, *request, *response);
  });
}

}  // namespace pitser::server::internal
