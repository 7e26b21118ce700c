#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "ledger/base/status.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/leaf_runs.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/reading_call.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {
namespace {

using ledger::AsText;
using LeavesReactor = grpc::ServerWriteReactor<v1::StreamCalendarLeavesResponse>;

// What a call asks for, held against the calendar as it stands.
struct LeafRange {
  std::uint64_t first, last;
  bool follow;
  absl::Status end;  // Of the stream, once `last` is told.
};

absl::StatusOr<LeafRange> RangeOf(const v1::StreamCalendarLeavesRequest& request,
                                  std::optional<std::uint64_t> head) {
  LeafRange range{.first = request.first_time(),
                  .last = std::numeric_limits<std::uint64_t>::max(),
                  .follow = request.follow(),
                  .end = absl::OkStatus()};
  if (request.has_last_time()) range.last = request.last_time();
  if (range.first > range.last) {
    return absl::InvalidArgumentError(
        absl::StrCat("first_time ", range.first, " is after last_time ", range.last));
  }
  const std::uint64_t next = head ? *head + 1 : 0;
  // Whoever follows and has everything waits for what comes next, and for nothing later.
  if (range.first > next || (range.first == next && !range.follow)) {
    return absl::OutOfRangeError(
        head ? absl::StrCat("second ", range.first, " is not closed yet: the newest is ", *head)
             : std::string("no second is closed yet"));
  }
  if (range.follow) return range;
  if (request.has_last_time() && range.last > *head) {
    range.end = absl::OutOfRangeError(absl::StrCat(
        "second ", range.last, " is not closed yet: these are the leaves up to ", *head));
  }
  range.last = std::min(range.last, *head);
  return range;
}

class LeavesCall final : public ReadingCall<v1::StreamCalendarLeavesResponse>,
                         private HeadWatch::Follower {
 public:
  LeavesCall(ServiceContext& shared, grpc::CallbackServerContext& context, Budget::Share place,
             LeafRange range)
      : ReadingCall(shared, context, std::move(place)), range_(std::move(range)) {}

 private:
  absl::StatusOr<Next> Fill(v1::StreamCalendarLeavesResponse& message) override {
    if (told_all_) {
      PITSER_RETURN_IF_ERROR(range_.end);
      return Next::kDone;
    }
    const storage::Calendar& calendar = *shared().parts.calendar;
    const std::optional<std::uint64_t> head = calendar.head();
    if (!head || *head < range_.first) return AwaitHead();
    const std::uint64_t last = std::min(range_.last, *head);
    LeafRuns runs(range_.first, kStreamMessageBytes, message);
    bool full = false;
    PITSER_RETURN_IF_ERROR(
        calendar.VisitLeaves(range_.first, last, [&](std::uint64_t t, const ledger::Imprint& leaf) {
          full = !runs.Add(t, leaf);
          return !full;
        }));
    if (!full) runs.AddEmptyThrough(last);
    told_all_ = !full && last == range_.last;
    range_.first = runs.next();
    return Next::kSend;
  }

  // Only a follower comes here: the others' range ends at a head that was.
  absl::StatusOr<Next> AwaitHead() {
    switch (shared().parts.head_watch->Wait(*this, range_.first, cancelled())) {
      case HeadWatch::Answer::kWaiting:
        return Next::kLater;
      case HeadWatch::Answer::kGoOn:
        return Next::kAgain;
      case HeadWatch::Answer::kStopped:
        break;
    }
    return absl::UnavailableError("the server is shutting down");
  }

  void HeadMoved() override { GoOn(); }
  void WatchStopped() override { EndByShutdown(); }
  void Cancelled() override {
    if (shared().parts.head_watch->Leave(*this)) EndCancelled();
  }

  LeafRange range_;  // What is not told yet; its first second moves on.
  bool told_all_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* CalendarService::GetCalendarHead(grpc::CallbackServerContext* context,
                                                           const v1::GetCalendarHeadRequest*,
                                                           v1::GetCalendarHeadResponse* response) {
  return Read(*shared_, *context, [shared = shared_, response]() -> absl::Status {
    if (shared->parts.calendar == nullptr) return IsTheParents("the calendar");
    const auto head = shared->parts.calendar->head();
    if (!head.has_value()) return absl::OutOfRangeError("no second is closed yet");
    const auto root = shared->parts.calendar->Root(*head);
    if (!root.ok()) return root.status();
    response->set_time(*head);
    response->set_root(std::string(AsText(root->bytes())));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::StreamCalendarLeavesResponse>* CalendarService::StreamCalendarLeaves(
    grpc::CallbackServerContext* context, const v1::StreamCalendarLeavesRequest* request) {
  if (shared_->parts.calendar == nullptr) {
    return new RefusedCall<LeavesReactor>(*context, IsTheParents("the calendar"));
  }
  auto range = RangeOf(*request, shared_->parts.calendar->head());
  if (!range.ok()) return new RefusedCall<LeavesReactor>(*context, range.status());
  auto place = shared_->calendar_streams.Take(1);
  if (!place) {
    return new RefusedCall<LeavesReactor>(
        *context, base::LimitReached("max_calendar_streams", "too many callers read the calendar",
                                     absl::Seconds(1)));
  }
  auto* const call = new LeavesCall(*shared_, *context, std::move(place), *std::move(range));
  call->Begin();
  return call;
}

}  // namespace pitser::server::internal
