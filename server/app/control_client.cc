#include "server/app/control_client.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "net/grpc_status.h"
#include "pitser/control/v1/control.grpc.pb.h"
#include "server/app/control_address.h"

namespace pitser::server {
namespace {

using control::v1::Control;

absl::Status NobodyThere(const std::string& socket, int error) {
  if (error == EACCES) {
    return absl::PermissionDeniedError(
        absl::StrCat(socket, " is not for this user: ask as the one that pitserd runs as"));
  }
  return absl::UnavailableError(absl::StrCat("no pitserd runs here: there is no ", socket));
}

template <typename Request, typename Response>
absl::StatusOr<Response> Call(const std::string& run_dir, absl::Duration timeout,
                              grpc::Status (Control::Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                              const Request& request) {
  const std::string socket = absl::StrCat(run_dir, "/", kControlSocketName);
  const auto address = ControlAddress::In(run_dir);
  if (!address.ok()) {
    return NobodyThere(socket, absl::IsPermissionDenied(address.status()) ? EACCES : ENOENT);
  }
  if (access(address->path().c_str(), R_OK | W_OK) != 0) return NobodyThere(socket, errno);
  Control::Stub stub(grpc::CreateChannel(address->uri(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (status.ok()) return response;
  const absl::Status error = ledger::Annotate(net::FromGrpcStatus(status), socket);
  const bool answered = context.GetServerTrailingMetadata().count("pitser-answer") > 0;
  if (answered && absl::IsUnavailable(error)) {
    return absl::FailedPreconditionError(error.message());
  }
  return error;
}

}  // namespace

absl::StatusOr<ledger::PublicationData> PublishThroughSocket(const std::string& run_dir,
                                                             absl::Duration timeout) {
  PITSER_ASSIGN_OR_RETURN(
      const control::v1::PublishResponse response,
      Call(run_dir, timeout, &Control::Stub::Publish, control::v1::PublishRequest()));
  PITSER_ASSIGN_OR_RETURN(ledger::Imprint imprint,
                          ledger::Imprint::Parse(ledger::AsBytes(response.imprint())));
  return ledger::PublicationData{response.time(), imprint};
}

absl::StatusOr<control::v1::GetStatusResponse> StatusThroughSocket(const std::string& run_dir,
                                                                   absl::Duration timeout) {
  return Call(run_dir, timeout, &Control::Stub::GetStatus, control::v1::GetStatusRequest());
}

absl::StatusOr<std::uint64_t> DrainThroughSocket(const std::string& run_dir, bool undo,
                                                 absl::Duration timeout) {
  control::v1::DrainRequest request;
  request.set_undo(undo);
  PITSER_ASSIGN_OR_RETURN(const control::v1::DrainResponse response,
                          Call(run_dir, timeout, &Control::Stub::Drain, request));
  return response.pending();
}

absl::StatusOr<control::v1::AddAccountResponse> AddAccountThroughSocket(
    const std::string& run_dir, const control::v1::AddAccountRequest& request,
    absl::Duration timeout) {
  return Call(run_dir, timeout, &Control::Stub::AddAccount, request);
}

absl::StatusOr<control::v1::ListAccountsResponse> ListAccountsThroughSocket(
    const std::string& run_dir, absl::Duration timeout) {
  return Call(run_dir, timeout, &Control::Stub::ListAccounts, control::v1::ListAccountsRequest());
}

absl::StatusOr<control::v1::ChangeAccountResponse> ChangeAccountThroughSocket(
    const std::string& run_dir, const control::v1::ChangeAccountRequest& request,
    absl::Duration timeout) {
  return Call(run_dir, timeout, &Control::Stub::ChangeAccount, request);
}

absl::StatusOr<control::v1::RemoveAccountResponse> RemoveAccountThroughSocket(
    const std::string& run_dir, const control::v1::RemoveAccountRequest& request,
    absl::Duration timeout) {
  return Call(run_dir, timeout, &Control::Stub::RemoveAccount, request);
}

}  // namespace pitser::server
