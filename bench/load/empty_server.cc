#include "bench/load/empty_server.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "bench/load/boundary.h"
#include "bench/load/numbered_hash.h"
#include "net/channel.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "server/gateway/grpc/transport_limits.h"

namespace pitser::bench {
namespace {

using base::MutexLock;
using std::chrono::system_clock;

// No message is longer (see proto/).
constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 20;
// What an answer in a message has beside its part: tags, lengths, the id.
constexpr std::size_t kAnswerOverhead = 20;

// Holds answers back until the end of the round.
// Thread: any.
class Parking {
 public:
  explicit Parking(std::chrono::seconds round)
      : round_(round), thread_("parking", [this] { ReleaseByRounds(); }) {}
  ~Parking() { Stop(); }

  // Everything is answered, and from now on at once.
  void Stop() PITSER_EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      stopping_ = true;
    }
    changed_.SignalAll();
    thread_.Join();
  }

  void Park(std::function<void()> answer) PITSER_EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      if (!stopping_) {
        parked_.push_back(std::move(answer));
        return;
      }
    }
    answer();
  }

 private:
  void ReleaseByRounds() PITSER_EXCLUDES(mu_) {
    for (bool last = false; !last;) {
      const auto boundary = NextBoundary(system_clock::now(), round_);
      std::vector<std::function<void()>> due;
      {
        MutexLock lock(mu_);
        while (!stopping_ && system_clock::now() < boundary) {
          changed_.WaitFor(mu_, boundary - system_clock::now());
        }
        last = stopping_;
        due.swap(parked_);
      }
      for (const auto& answer : due) answer();
    }
  }

  const std::chrono::seconds round_;
  base::Mutex mu_;
  base::CondVar changed_;
  std::vector<std::function<void()>> parked_ PITSER_GUARDED_BY(mu_);
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;
  base::Thread thread_;
};

// What all calls answer with.
struct Answers {
  explicit Answers(const EmptySizes& sizes)
      : signature(sizes.signature_bytes, 'S'),
        part(sizes.part_bytes, 'P'),
        tail(sizes.tail_bytes, 'T'),
        parts_a_message(std::max<std::size_t>(
            1, (kMaxMessageBytes - tail.size()) / (part.size() + kAnswerOverhead))) {}

  const std::string signature, part, tail;
  const std::size_t parts_a_message;
};

constexpr std::uint64_t kSomeTime = 1;  // An aggregation time is never 0.

// A stream. It lives until OnDone(); whoever would answer it later holds it too.
class StreamCall final
    : public grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>,
      public std::enable_shared_from_this<StreamCall> {
 public:
  StreamCall(const Answers& answers, Parking* parking) : answers_(answers), parking_(parking) {}

  void Start(std::shared_ptr<StreamCall> self) {
    self_ = std::move(self);
    StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    bool park = false;
    {
      MutexLock lock(mu_);
      if (ok) {
        std::vector<std::uint64_t>& ids = parking_ != nullptr ? parked_ : ready_;
        park = parking_ != nullptr && parked_.empty();
        for (const v1::SignItem& item : request_.items()) ids.push_back(item.id());
      } else {
        half_closed_ = true;
      }
    }
    if (park) {
      parking_->Park([self = shared_from_this()] { self->Release(); });
    }
    WriteOrFinish();
    if (ok) StartRead(&request_);
  }

  void Release() PITSER_EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      ready_.insert(ready_.end(), parked_.begin(), parked_.end());
      std::vector<std::uint64_t>().swap(parked_);
    }
    WriteOrFinish();
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mu_);
      writing_ = false;
      if (!ok) broken_ = true;
    }
    WriteOrFinish();
  }

  void WriteOrFinish() PITSER_EXCLUDES(mu_) {
    bool write = false;
    {
      MutexLock lock(mu_);
      if (writing_ || finished_) return;
      if (broken_) ready_.clear();
      write = !ready_.empty();
      if (write) {
        writing_ = true;
        FillResponse();
      } else if (half_closed_ && (parked_.empty() || broken_)) {
        finished_ = true;
      } else {
        return;
      }
    }
    if (write) {
      StartWrite(&response_);
    } else {
      Finish(grpc::Status::OK);
    }
  }

  void FillResponse() PITSER_REQUIRES(mu_) {
    response_.clear_answers();
    response_.set_tail(answers_.tail);
    response_.set_aggregation_time(kSomeTime);
    const std::size_t count = std::min(ready_.size(), answers_.parts_a_message);
    for (std::size_t i = ready_.size() - count; i < ready_.size(); ++i) {
      v1::SignItemAnswer* const answer = response_.add_answers();
      answer->set_id(ready_[i]);
      answer->set_part(answers_.part);
    }
    ready_.resize(ready_.size() - count);
  }

  void OnCancel() override {
    {
      MutexLock lock(mu_);
      broken_ = half_closed_ = true;
    }
    WriteOrFinish();
  }

  void OnDone() override { self_.reset(); }

  const Answers& answers_;
  Parking* const parking_;  // Null: answer at once.
  v1::SignStreamRequest request_;
  v1::SignStreamResponse response_;  // Of whoever set writing_.
  std::shared_ptr<StreamCall> self_;
  base::Mutex mu_;
  std::vector<std::uint64_t> parked_ PITSER_GUARDED_BY(mu_);
  std::vector<std::uint64_t> ready_ PITSER_GUARDED_BY(mu_);
  bool writing_ PITSER_GUARDED_BY(mu_) = false;
  bool half_closed_ PITSER_GUARDED_BY(mu_) = false;
  bool broken_ PITSER_GUARDED_BY(mu_) = false;
  bool finished_ PITSER_GUARDED_BY(mu_) = false;
};

// A batch: messages one after the other.
class BatchCall final : public grpc::ServerWriteReactor<v1::SignBatchResponse> {
 public:
  BatchCall(const Answers& answers, std::size_t count) : answers_(answers), left_(count) {
    response_.set_tail(answers_.tail);
    response_.set_aggregation_time(kSomeTime);
  }

  void Answer() {
    const std::size_t count = std::min(left_, answers_.parts_a_message);
    left_ -= count;
    for (std::size_t i = 0; i < count; ++i) response_.add_parts(answers_.part);
    StartWrite(&response_);
  }

 private:
  void OnWriteDone(bool ok) override {
    if (!ok || left_ == 0) return Finish(grpc::Status::OK);
    response_.Clear();
    Answer();
  }
  void OnDone() override { delete this; }

  const Answers& answers_;
  std::size_t left_;
  v1::SignBatchResponse response_;
};

class EmptySigner final : public v1::Signer::CallbackService {
 public:
  explicit EmptySigner(const EmptyServerOptions& options) : answers_(options.sizes) {
    if (options.parked) parking_ = std::make_unique<Parking>(options.round);
  }

  // Nothing waits any more.
  void Stop() {
    if (parking_ != nullptr) parking_->Stop();
  }

 private:
  void AnswerOrPark(std::function<void()> answer) {
    if (parking_ == nullptr) return answer();
    parking_->Park(std::move(answer));
  }

  grpc::ServerUnaryReactor* Sign(grpc::CallbackServerContext* context, const v1::SignRequest*,
                                 v1::SignResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    AnswerOrPark([this, reactor, response] {
      response->set_signature(answers_.signature);
      response->set_aggregation_time(kSomeTime);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>* SignStream(
      grpc::CallbackServerContext*) override {
    auto call = std::make_shared<StreamCall>(answers_, parking_.get());
    StreamCall* const reactor = call.get();
    reactor->Start(std::move(call));
    return reactor;
  }

  grpc::ServerWriteReactor<v1::SignBatchResponse>* SignBatch(
      grpc::CallbackServerContext*, const v1::SignBatchRequest* request) override {
    auto* const call = new BatchCall(
        answers_, std::max<std::size_t>(1, request->digests().size() / NumberedHashes::kSize));
    AnswerOrPark([call] { call->Answer(); });
    return call;
  }

  const Answers answers_;
  std::unique_ptr<Parking> parking_;  // Null: everything is answered at once.
};

class EmptyServerImpl final : public EmptyServer {
 public:
  explicit EmptyServerImpl(const EmptyServerOptions& options)
      : options_(options), signer_(options) {}

  ~EmptyServerImpl() override {
    signer_.Stop();  // Else the server waits for calls that wait for it.
    if (server_ != nullptr) server_->Shutdown(system_clock::now());
  }

  absl::Status Listen() {
    net::KeepGrpcInitialized();
    grpc::ServerBuilder builder;
    server::SetTransportLimits(builder, server::GrpcLimits());
    int port = 0;
    builder.AddListeningPort(options_.listen.ToString(), grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&signer_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", options_.listen.ToString()));
    }
    endpoint_ = {options_.listen.host, static_cast<std::uint16_t>(port)};
    return absl::OkStatus();
  }

  net::Endpoint endpoint() const override { return endpoint_; }

 private:
  const EmptyServerOptions options_;
  EmptySigner signer_;
  std::unique_ptr<grpc::Server> server_;
  net::Endpoint endpoint_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EmptyServer>> EmptyServer::Start(const EmptyServerOptions& options) {
  auto server = std::make_unique<EmptyServerImpl>(options);
  if (const absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace pitser::bench
