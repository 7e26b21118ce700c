#include <algorithm>
#include <memory>
#include <utility>

#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {

namespace {

// Sends a publications file piece by piece.
class FileCall final
    : public CallReactor<grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>> {
 public:
  explicit FileCall(std::shared_ptr<const ledger::PublicationsFile> file) : file_(std::move(file)) {
    Next();
  }

 private:
  void Next() {
    const ledger::Bytes rest = file_->bytes().subspan(sent_);
    if (rest.empty()) return Finish(grpc::Status::OK);
    const ledger::Bytes piece = rest.first(std::min(rest.size(), kPieceBytes));
    sent_ += piece.size();
    message_.set_data(piece.data(), piece.size());
    StartWrite(&message_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller went away"));
    Next();
  }

  const std::shared_ptr<const ledger::PublicationsFile> file_;
  std::size_t sent_ = 0;
  v1::GetPublicationsFileResponse message_;
};

}  // namespace

grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>* PublicationsService::GetPublicationsFile(
    grpc::CallbackServerContext*, const v1::GetPublicationsFileRequest*) {
  return new FileCall(shared_->parts.publisher->file());
}

grpc::ServerWriteReactor<v1::ListPublicationsResponse>* PublicationsService::ListPublications(
    grpc::CallbackServerContext* context, const v1::ListPublicationsRequest*) {
  return new RefusedCall<grpc::ServerWriteReactor<v1::ListPublicationsResponse>>(
      *context, NotServedYet("ListPublications"));
}

}  // namespace pitser::server::internal
