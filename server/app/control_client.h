#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/format/publication.h"
#include "pitser/control/v1/control.pb.h"

namespace pitser::server {

// The operator's side of the socket in `run_dir` of a running server: one call each.
// Errors of all: kUnavailable when no server runs there, kDeadlineExceeded when it does not answer
// in time, kPermissionDenied when the socket is somebody else's; otherwise the server's refusal,
// with kFailedPrecondition in place of its kUnavailable: it is there, and says why it does not.

// Has it publish now.
absl::StatusOr<ledger::PublicationData> PublishThroughSocket(const std::string& run_dir,
                                                             absl::Duration timeout);

absl::StatusOr<control::v1::GetStatusResponse> StatusThroughSocket(const std::string& run_dir,
                                                                   absl::Duration timeout);

// Has it take no more requests, or take them again. Gives how many are pending.
absl::StatusOr<std::uint64_t> DrainThroughSocket(const std::string& run_dir, bool undo,
                                                 absl::Duration timeout);

// Of the accounts of the KSI service protocol.
absl::StatusOr<control::v1::AddAccountResponse> AddAccountThroughSocket(
    const std::string& run_dir, const control::v1::AddAccountRequest& request,
    absl::Duration timeout);
absl::StatusOr<control::v1::ListAccountsResponse> ListAccountsThroughSocket(
    const std::string& run_dir, absl::Duration timeout);
absl::StatusOr<control::v1::RemoveAccountResponse> RemoveAccountThroughSocket(
    const std::string& run_dir, const control::v1::RemoveAccountRequest& request,
    absl::Duration timeout);
absl::StatusOr<control::v1::ChangeAccountResponse> ChangeAccountThroughSocket(
    const std::string& run_dir, const control::v1::ChangeAccountRequest& request,
    absl::Duration timeout);

}  // namespace pitser::server
