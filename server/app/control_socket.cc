#include "server/app/control_socket.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/worker_pool.h"
#include "ledger/base/status.h"
#include "pitser/control/v1/control.grpc.pb.h"
#include "server/app/account_calls.h"
#include "server/app/control_address.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/status_map.h"

namespace pitser::server {
namespace {

constexpr std::size_t kMaxQueued = 16;

class ControlService final : public control::v1::Control::CallbackService {
 public:
  explicit ControlService(Operated* node)
      : node_(node),
        publishing_(1, kMaxQueued),
        changing_(1, kMaxQueued),
        looking_(1, kMaxQueued) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const control::v1::PublishRequest*,
                                    control::v1::PublishResponse* response) override {
    return Run(publishing_, *context, [this, response] { return PublishTo(*response); });
  }

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const control::v1::GetStatusRequest*,
                                      control::v1::GetStatusResponse* response) override {
    return Run(looking_, *context, [this, response] {
      node_->Status(*response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* context,
                                  const control::v1::DrainRequest* request,
                                  control::v1::DrainResponse* response) override {
    return Run(looking_, *context, [this, request, response] {
      response->set_pending(node_->SetDraining(!request->undo()));
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* AddAccount(grpc::CallbackServerContext* context,
                                       const control::v1::AddAccountRequest* request,
                                       control::v1::AddAccountResponse* response) override {
    return Run(changing_, *context,
               [this, request, response] { return AddTo(node_->accounts(), *request, *response); });
  }

  grpc::ServerUnaryReactor* ListAccounts(grpc::CallbackServerContext* context,
                                         const control::v1::ListAccountsRequest*,
                                         control::v1::ListAccountsResponse* response) override {
    return Run(looking_, *context, [this, response] {
      ListIn(node_->accounts(), *response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ChangeAccount(grpc::CallbackServerContext* context,
                                          const control::v1::ChangeAccountRequest* request,
                                          control::v1::ChangeAccountResponse* response) override {
    return Run(changing_, *context, [this, request, response] {
      return ChangeIn(node_->accounts(), *request, *response);
    });
  }

  grpc::ServerUnaryReactor* RemoveAccount(grpc::CallbackServerContext* context,
                                          const control::v1::RemoveAccountRequest* request,
                                          control::v1::RemoveAccountResponse*) override {
    return Run(changing_, *context,
               [this, request] { return RemoveFrom(node_->accounts(), *request); });
  }

  // Waits for what was taken: a publication with its limits (Core::AdvanceHead), else the disk.
  void Stop() {
    looking_.Stop();
    changing_.Stop();
    publishing_.Stop();
  }

 private:
  // What may wait for something is nothing for a reaction.
  static grpc::ServerUnaryReactor* Run(base::WorkerPool& pool, grpc::CallbackServerContext& context,
                                       std::function<absl::Status()> work) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    context.AddTrailingMetadata("pitser-answer", "1");
    const auto posted = pool.Post([&context, reactor, work = std::move(work)] {
      reactor->Finish(EndStatus(context, internal::WithMemory(work)));
    });
    if (posted != base::WorkerPool::Posted::kYes) {
      reactor->Finish(ToGrpcStatus(absl::UnavailableError("the server is busy or shutting down")));
    }
    return reactor;
  }

  absl::Status PublishTo(control::v1::PublishResponse& response) {
    PITSER_ASSIGN_OR_RETURN(const ledger::PublicationData data, node_->Publish());
    response.set_time(data.time);
    response.set_imprint(ledger::ToString(data.hash.bytes()));
    response.set_code(ledger::EncodePublicationCode(data));
    return absl::OkStatus();
  }

  Operated* const node_;
  base::WorkerPool publishing_;  // Waits for rounds that are being closed, and for the disk.
  base::WorkerPool changing_;    // The accounts; waits for the disk, and for no publication.
  base::WorkerPool looking_;     // Waits for nothing: neither of the above holds it up.
};

class ControlSocketImpl final : public ControlSocket {
 public:
  ControlSocketImpl(ControlAddress address, std::string name, Operated* node)
      : address_(std::move(address)), name_(std::move(name)), service_(node) {}
  ~ControlSocketImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_.uri(), grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot make the operator's socket ", address_.path()));
    }
    if (chmod(address_.path().c_str(), 0600) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("setting the mode of ", address_.path()));
    }
    return absl::OkStatus();
  }

  bool there() const override { return base::Exists(name_); }

  void Shutdown(absl::Duration timeout) override {
    if (server_ == nullptr) return;
    service_.Stop();
    // Nothing is left to answer: Stop() ran it all. Calls that come in meanwhile are refused.
    server_->Shutdown(absl::ToChronoTime(absl::Now() + timeout));
    server_->Wait();
    server_.reset();
  }

 private:
  const ControlAddress address_;
  const std::string
      name_;  // In the folder as it lies there now, whatever the address goes through.
  ControlService service_;
  std::unique_ptr<grpc::Server> server_;
};

absl::Status MakeRunDir(const std::string& run_dir) {
  if (mkdir(run_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("creating ", run_dir));
  }
  // It may be there with another mode, or be somebody else's: the socket's safety hangs on it.
  const int folder = open(run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", run_dir));
  struct stat info {};
  absl::Status status;
  if (fstat(folder, &info) == 0 && info.st_uid != geteuid()) {
    status = absl::FailedPreconditionError(
        absl::StrCat(run_dir, " belongs to another user: the operator's socket is not safe there"));
  } else if (fchmod(folder, 0700) != 0) {
    status = absl::ErrnoToStatus(errno, absl::StrCat("setting the mode of ", run_dir));
  }
  close(folder);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::Start(const std::string& run_dir,
                                                                    Operated* node) {
  PITSER_RETURN_IF_ERROR(MakeRunDir(run_dir));
  PITSER_ASSIGN_OR_RETURN(ControlAddress address, ControlAddress::In(run_dir));
  auto socket = std::make_unique<ControlSocketImpl>(
      std::move(address), absl::StrCat(run_dir, "/", kControlSocketName), node);
  PITSER_RETURN_IF_ERROR(socket->Listen());
  return socket;
}

}  // namespace pitser::server
