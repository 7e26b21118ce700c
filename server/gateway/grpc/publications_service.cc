#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/reading_call.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {
namespace {

using FileReactor = grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>;
using ListReactor = grpc::ServerWriteReactor<v1::ListPublicationsResponse>;
using FilePointer = std::shared_ptr<const ledger::PublicationsFile>;

absl::Status TooMany() {
  return base::LimitReached("max_publication_streams", "too many callers read the publications",
                            absl::Seconds(1));
}

// Sends a publications file piece by piece.
class FileCall final : public ReadingCall<v1::GetPublicationsFileResponse> {
 public:
  FileCall(ServiceContext& shared, grpc::CallbackServerContext& context, Budget::Share place)
      : ReadingCall(shared, context, std::move(place)), file_(shared.parts.publications->file()) {}

 private:
  absl::StatusOr<Next> Fill(v1::GetPublicationsFileResponse& message) override {
    const ledger::Bytes rest = file_->bytes().subspan(sent_);
    if (rest.empty()) return Next::kDone;
    const ledger::Bytes piece = rest.first(std::min(rest.size(), kStreamMessageBytes));
    sent_ += piece.size();
    message.set_data(piece.data(), piece.size());
    return Next::kSend;
  }

  const FilePointer file_;
  std::size_t sent_ = 0;
};

// Which publications of a file a call asks for: places in its order by time.
struct Selection {
  std::size_t first, end;
  bool newest_first;
};

Selection Select(const v1::ListPublicationsRequest& request, const ledger::PublicationsFile& file) {
  const auto by_time = file.by_time();
  const auto time_of = [&](std::size_t i) { return file.content().publications[i].data.time; };
  const auto place = [&](auto it) { return static_cast<std::size_t>(it - by_time.begin()); };
  Selection selection{.first = 0, .end = by_time.size(), .newest_first = request.newest_first()};
  if (request.has_first_time()) {
    selection.first =
        place(std::ranges::lower_bound(by_time, request.first_time(), std::less(), time_of));
  }
  if (request.has_last_time()) {
    selection.end =
        place(std::ranges::upper_bound(by_time, request.last_time(), std::less(), time_of));
  }
  const std::size_t count = selection.end - selection.first;
  if (request.limit() == 0 || request.limit() >= count) return selection;
  if (selection.newest_first) {
    selection.first = selection.end - request.limit();
  } else {
    selection.end = selection.first + request.limit();
  }
  return selection;
}

// Sends publications of the file as it stood when the call came in.
class ListCall final : public ReadingCall<v1::ListPublicationsResponse> {
 public:
  ListCall(ServiceContext& shared, grpc::CallbackServerContext& context, Budget::Share place,
           const v1::ListPublicationsRequest& request)
      : ReadingCall(shared, context, std::move(place)),
        file_(shared.parts.publications->file()),
        rest_(Select(request, *file_)) {}

 private:
  absl::StatusOr<Next> Fill(v1::ListPublicationsResponse& message) override {
    if (rest_.first == rest_.end) return Next::kDone;
    // One more publication has at most 64 KiB, the longest that a file can hold.
    for (std::size_t bytes = 0; rest_.first < rest_.end && bytes < kStreamMessageBytes;) {
      const std::size_t place = rest_.newest_first ? --rest_.end : rest_.first++;
      const ledger::PublicationRecord& record =
          file_->content().publications[file_->by_time()[place]];
      v1::Publication& publication = *message.add_publications();
      TellPublication(record, publication);
      bytes += publication.ByteSizeLong() + 6;  // And what says that it is one.
    }
    return Next::kSend;
  }

  const FilePointer file_;
  Selection rest_;  // What was not sent yet.
};

}  // namespace

FileReactor* PublicationsService::GetPublicationsFile(grpc::CallbackServerContext* context,
                                                      const v1::GetPublicationsFileRequest*) {
  auto place = shared_->publication_streams.Take(1);
  if (!place) return new RefusedCall<FileReactor>(*context, TooMany());
  auto* const call = new FileCall(*shared_, *context, std::move(place));
  call->Begin();
  return call;
}

ListReactor* PublicationsService::ListPublications(grpc::CallbackServerContext* context,
                                                   const v1::ListPublicationsRequest* request) {
  if (request->has_first_time() && request->has_last_time() &&
      request->first_time() > request->last_time()) {
    return new RefusedCall<ListReactor>(
        *context,
        absl::InvalidArgumentError(absl::StrCat("first_time ", request->first_time(),
                                                " is after last_time ", request->last_time())));
  }
  auto place = shared_->publication_streams.Take(1);
  if (!place) return new RefusedCall<ListReactor>(*context, TooMany());
  auto* const call = new ListCall(*shared_, *context, std::move(place), *request);
  call->Begin();
  return call;
}

}  // namespace pitser::server::internal
