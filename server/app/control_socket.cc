#include "server/app/control_socket.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "net/grpc_status.h"
#include "pitser/control/v1/control.grpc.pb.h"
#include "server/gateway/grpc/status_map.h"
#include "server/gateway/grpc/worker_pool.h"

namespace pitser::server {
namespace {

constexpr char kSocketName[] = "pitserd.sock";
constexpr std::size_t kMaxQueued = 16;

// A short name for the socket. The system takes 107 bytes at most, and data folders may lie deep:
// a longer one goes through the folder's file descriptor, which /proc gives a short name.
class SocketAddress {
 public:
  static absl::StatusOr<SocketAddress> In(const std::string& run_dir) {
    const std::string path = absl::StrCat(run_dir, "/", kSocketName);
    if (path.size() < sizeof(sockaddr_un::sun_path)) return SocketAddress(path, -1);
    const int folder = open(run_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", run_dir));
    return SocketAddress(absl::StrCat("/proc/self/fd/", folder, "/", kSocketName), folder);
  }
  SocketAddress(SocketAddress&& other) noexcept
      : path_(std::move(other.path_)), folder_(std::exchange(other.folder_, -1)) {}
  SocketAddress& operator=(SocketAddress&&) = delete;
  ~SocketAddress() {
    if (folder_ >= 0) close(folder_);
  }

  const std::string& path() const { return path_; }
  // An absolute path has three slashes, a relative one none.
  std::string uri() const { return absl::StrCat("unix:", path_); }

 private:
  SocketAddress(std::string path, int folder) : path_(std::move(path)), folder_(folder) {}

  std::string path_;
  int folder_;  // Open as long as the path is used; -1: not needed.
};

// Publishing writes to disk, which is nothing for a reaction.
class ControlService final : public control::v1::Control::CallbackService {
 public:
  explicit ControlService(Publisher* publisher) : publisher_(publisher), worker_(1, kMaxQueued) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const control::v1::PublishRequest*,
                                    control::v1::PublishResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    const auto posted = worker_.Post([this, context, response, reactor] {
      reactor->Finish(EndStatus(*context, PublishTo(*response)));
    });
    if (posted != WorkerPool::Posted::kYes) {
      reactor->Finish(ToGrpcStatus(absl::UnavailableError("the server is busy or shutting down")));
    }
    return reactor;
  }

  void Stop() { worker_.Stop(); }

 private:
  absl::Status PublishTo(control::v1::PublishResponse& response) {
    PITSER_ASSIGN_OR_RETURN(const ledger::PublicationData data, publisher_->PublishNow());
    response.set_time(data.time);
    response.set_imprint(ledger::ToString(data.hash.bytes()));
    response.set_code(ledger::EncodePublicationCode(data));
    return absl::OkStatus();
  }

  Publisher* const publisher_;
  WorkerPool worker_;
};

class ControlSocketImpl final : public ControlSocket {
 public:
  ControlSocketImpl(SocketAddress address, Publisher* publisher)
      : address_(std::move(address)), service_(publisher) {}
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

  void Shutdown(absl::Duration timeout) override {
    if (server_ == nullptr) return;
    service_.Stop();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + timeout));
    server_->Wait();
    server_.reset();
  }

 private:
  const SocketAddress address_;
  ControlService service_;
  std::unique_ptr<grpc::Server> server_;
};

absl::Status MakeRunDir(const std::string& run_dir) {
  if (mkdir(run_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("creating ", run_dir));
  }
  // It may be there with another mode: the socket's safety hangs on it.
  if (chmod(run_dir.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("setting the mode of ", run_dir));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::Start(const std::string& run_dir,
                                                                    Publisher* publisher) {
  PITSER_RETURN_IF_ERROR(MakeRunDir(run_dir));
  PITSER_ASSIGN_OR_RETURN(SocketAddress address, SocketAddress::In(run_dir));
  auto socket = std::make_unique<ControlSocketImpl>(std::move(address), publisher);
  PITSER_RETURN_IF_ERROR(socket->Listen());
  return socket;
}

absl::StatusOr<ledger::PublicationData> PublishThroughSocket(const std::string& run_dir,
                                                             absl::Duration timeout) {
  const auto address = SocketAddress::In(run_dir);
  if (!address.ok() || access(address->path().c_str(), F_OK) != 0) {
    return absl::UnavailableError(
        absl::StrCat("no pitserd runs here: there is no ", run_dir, "/", kSocketName));
  }
  const auto stub = control::v1::Control::NewStub(
      grpc::CreateChannel(address->uri(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  control::v1::PublishResponse response;
  const grpc::Status status = stub->Publish(&context, {}, &response);
  if (!status.ok()) {
    return ledger::Annotate(net::FromGrpcStatus(status), run_dir + "/" + kSocketName);
  }
  PITSER_ASSIGN_OR_RETURN(ledger::Imprint imprint,
                          ledger::Imprint::Parse(ledger::AsBytes(response.imprint())));
  return ledger::PublicationData{response.time(), imprint};
}

}  // namespace pitser::server
