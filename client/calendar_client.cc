#include "client/calendar_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/call_support.h"
#include "ledger/base/status.h"
#include "net/grpc_status.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::Imprint;
using ledger::PublicationRecord;

// More than kMaxPublications have whose references are of one line.
constexpr std::size_t kMaxListedBytes = std::size_t{128} << 20;

absl::StatusOr<Imprint> TakeImprint(const std::string& bytes) {
  auto imprint = ledger::Imprint::Parse(ledger::AsBytes(bytes));
  return imprint.ok() ? std::move(imprint) : MalformedAnswer(imprint.status());
}

// Holds the runs of one range to the contract and hands them on.
class RunTaker {
 public:
  RunTaker(std::uint64_t first_time, std::uint64_t last_time, const LeafVisitor& visit)
      : next_(first_time), last_(last_time), visit_(visit) {}

  std::uint64_t next() const { return next_; }
  bool done() const { return done_; }

  absl::Status Take(const pitser::v1::CalendarRun& run) {
    if (done_ || run.first_time() != next_) {
      return MalformedAnswer(absl::StrFormat("a run of leaves begins at second %d and not at %d",
                                             run.first_time(), next_));
    }
    if (run.seconds() == 0 || run.seconds() - 1 > last_ - next_) {
      return MalformedAnswer(absl::StrFormat("the run of leaves from second %d has %d seconds",
                                             run.first_time(), run.seconds()));
    }
    PITSER_RETURN_IF_ERROR(ParseLeaves(run));
    PITSER_RETURN_IF_ERROR(
        visit_({.first_time = next_, .seconds = run.seconds(), .leaves = leaves_}));
    done_ = run.seconds() - 1 == last_ - next_;
    next_ += run.seconds();
    return absl::OkStatus();
  }

 private:
  // The joined imprints, into leaves_: a message has no more bytes than gRPC lets through.
  absl::Status ParseLeaves(const pitser::v1::CalendarRun& run) {
    leaves_.clear();
    Bytes rest = ledger::AsBytes(run.leaves());
    while (!rest.empty()) {
      const auto algorithm = ledger::HashAlgorithmFromId(rest[0]);
      const std::size_t size = algorithm ? 1 + ledger::DigestSize(*algorithm) : 0;
      if (size == 0 || size > rest.size() || leaves_.size() == run.seconds()) {
        return MalformedAnswer(
            absl::StrFormat("the leaves from second %d are no imprints of %d "
                            "seconds",
                            run.first_time(), run.seconds()));
      }
      PITSER_ASSIGN_OR_RETURN(const Imprint leaf, Imprint::Parse(rest.first(size)));
      leaves_.push_back(leaf);
      rest = rest.subspan(size);
    }
    if (leaves_.empty() || leaves_.size() == run.seconds()) return absl::OkStatus();
    return MalformedAnswer(absl::StrFormat("the run from second %d has %d leaves for %d seconds",
                                           run.first_time(), leaves_.size(), run.seconds()));
  }

  std::uint64_t next_;
  const std::uint64_t last_;
  const LeafVisitor& visit_;
  bool done_ = false;
  std::vector<Imprint> leaves_;
};

absl::StatusOr<PublicationRecord> TakePublication(const pitser::v1::Publication& publication) {
  PITSER_ASSIGN_OR_RETURN(const Imprint hash, TakeImprint(publication.imprint()));
  PublicationRecord record{
      .data = {.time = publication.time(), .hash = hash},
      .references = {publication.references().begin(), publication.references().end()},
      .repository_uris = {}};
  const auto code = ledger::ParsePublicationCode(publication.code());
  if (!code.ok()) return MalformedAnswer(code.status());
  if (*code != record.data) {
    return MalformedAnswer(absl::StrFormat(
        "the code of the publication of %d is that of another publication", record.data.time));
  }
  return record;
}

// Whether `record` may come after `before` in the answer to `query`.
bool InOrder(const PublicationQuery& query, const PublicationRecord* before,
             const PublicationRecord& record) {
  const std::uint64_t time = record.data.time;
  if (time < query.first_time.value_or(0)) return false;
  if (query.last_time && time > *query.last_time) return false;
  if (before == nullptr) return true;
  return query.newest_first ? time < before->data.time : time > before->data.time;
}

// `bytes` counts those of all messages of the answer: the texts of a publication have no limit.
absl::Status TakePublications(const PublicationQuery& query,
                              const pitser::v1::ListPublicationsResponse& message,
                              std::size_t& bytes, std::vector<PublicationRecord>& records) {
  bytes += message.ByteSizeLong();
  if (bytes > kMaxListedBytes) {
    return MalformedAnswer(
        absl::StrFormat("it has more than the %d bytes that a list may have", kMaxListedBytes));
  }
  const std::size_t limit = query.limit == 0 ? kMaxPublications : query.limit;
  for (const pitser::v1::Publication& publication : message.publications()) {
    if (records.size() >= std::min<std::size_t>(limit, kMaxPublications)) {
      return MalformedAnswer("there are more publications than were asked for");
    }
    PITSER_ASSIGN_OR_RETURN(PublicationRecord record, TakePublication(publication));
    if (!InOrder(query, records.empty() ? nullptr : &records.back(), record)) {
      return MalformedAnswer(
          absl::StrFormat("the publication of %d is out of the order or the "
                          "range that was asked for",
                          record.data.time));
    }
    records.push_back(std::move(record));
  }
  return absl::OkStatus();
}

}  // namespace

struct CalendarClient::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : calendar(pitser::v1::Calendar::NewStub(channel)),
        publications(pitser::v1::Publications::NewStub(channel)),
        extender(pitser::v1::Extender::NewStub(channel)) {}

  const std::unique_ptr<pitser::v1::Calendar::Stub> calendar;
  const std::unique_ptr<pitser::v1::Publications::Stub> publications;
  const std::unique_ptr<pitser::v1::Extender::Stub> extender;
};

absl::StatusOr<std::unique_ptr<CalendarClient>> CalendarClient::Create(ClientOptions options) {
  PITSER_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                          net::MakeChannel(options.channel));
  auto stubs = std::make_unique<Stubs>(channel);
  return std::unique_ptr<CalendarClient>(new CalendarClient(std::move(options), std::move(stubs)));
}

CalendarClient::CalendarClient(ClientOptions options, std::unique_ptr<Stubs> stubs)
    : options_(std::move(options)), stubs_(std::move(stubs)) {}

CalendarClient::~CalendarClient() = default;

absl::StatusOr<ledger::PublicationData> CalendarClient::GetCalendarHead() {
  pitser::v1::GetCalendarHeadResponse response;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    return stubs_->calendar->GetCalendarHead(&context, {}, &response);
  }));
  PITSER_ASSIGN_OR_RETURN(const Imprint root, TakeImprint(response.root()));
  return ledger::PublicationData{.time = response.time(), .hash = root};
}

absl::Status CalendarClient::StreamCalendarLeaves(std::uint64_t first_time, std::uint64_t last_time,
                                                  const LeafVisitor& visit) {
  if (last_time < first_time) {
    return absl::InvalidArgumentError(
        absl::StrFormat("second %d is before second %d", last_time, first_time));
  }
  RunTaker taker(first_time, last_time, visit);
  for (;;) {
    const std::uint64_t begun_at = taker.next();
    absl::Status taken;  // What is wrong with what came, or the visitor's word.
    const absl::Status status = CallWithRetry(options_, [&](grpc::ClientContext& context) {
      pitser::v1::StreamCalendarLeavesRequest request;
      request.set_first_time(taker.next());
      request.set_last_time(last_time);
      const auto reader = stubs_->calendar->StreamCalendarLeaves(&context, request);
      pitser::v1::StreamCalendarLeavesResponse message;
      while (taken.ok() && reader->Read(&message)) {
        for (const pitser::v1::CalendarRun& run : message.runs()) {
          taken = taker.Take(run);
          if (!taken.ok()) break;
        }
      }
      if (!taken.ok()) context.TryCancel();
      const grpc::Status end = reader->Finish();
      return taken.ok() && !taker.done() ? end : grpc::Status::OK;
    });
    if (!taken.ok()) return taken;
    if (taker.done()) return absl::OkStatus();
    // What ran out of time or broke off has brought something: go on from there.
    const bool worth_it = net::IsRetryable(status) || absl::IsDeadlineExceeded(status);
    if (worth_it && taker.next() > begun_at) continue;
    if (!status.ok()) return status;
    return MalformedAnswer(
        absl::StrFormat("the leaves end before second %d, not with %d", taker.next(), last_time));
  }
}

absl::StatusOr<std::vector<PublicationRecord>> CalendarClient::ListPublications(
    const PublicationQuery& query) {
  pitser::v1::ListPublicationsRequest request;
  if (query.first_time) request.set_first_time(*query.first_time);
  if (query.last_time) request.set_last_time(*query.last_time);
  request.set_limit(query.limit);
  request.set_newest_first(query.newest_first);
  std::vector<PublicationRecord> records;
  absl::Status taken;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    records.clear();
    std::size_t bytes = 0;
    taken = absl::OkStatus();
    const auto reader = stubs_->publications->ListPublications(&context, request);
    pitser::v1::ListPublicationsResponse message;
    while (taken.ok() && reader->Read(&message)) {
      taken = TakePublications(query, message, bytes, records);
    }
    if (!taken.ok()) context.TryCancel();
    const grpc::Status end = reader->Finish();
    return taken.ok() ? end : grpc::Status::OK;
  }));
  if (!taken.ok()) return taken;
  return records;
}

absl::StatusOr<ledger::CalendarHashChain> CalendarClient::Extend(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) {
  pitser::v1::ExtendRequest request;
  request.set_aggregation_time(aggregation_time);
  if (publication_time) request.set_publication_time(*publication_time);
  pitser::v1::ExtendResponse response;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    return stubs_->extender->Extend(&context, request, &response);
  }));
  return TakeCalendarChain(response.calendar_hash_chain());
}

absl::StatusOr<ledger::CalendarHashChain> CalendarClient::GetCalendarHashChain(
    std::uint64_t aggregation_time, std::uint64_t publication_time) {
  PITSER_ASSIGN_OR_RETURN(ledger::CalendarHashChain chain,
                          Extend(aggregation_time, publication_time));
  const auto shape = ledger::CalendarTimeFromShape(chain.publication_time, chain.links);
  if (chain.publication_time != publication_time || !shape.ok() || *shape != aggregation_time ||
      chain.AggregationTime() != aggregation_time) {
    return WrongAnswer("the calendar hash chain is of other times than were asked for");
  }
  return chain;
}

}  // namespace pitser::client
