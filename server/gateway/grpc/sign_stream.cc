#include "server/gateway/grpc/sign_stream.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/retry_hint.h"
#include "ledger/base/check.h"
#include "ledger/format/aggregation_chain.h"
#include "server/gateway/grpc/tree_parts.h"

namespace pitser::server {
namespace {

using base::MutexLock;

// From so many items on, a group's answers have messages of their own, whose tail then begins with
// the chain above the group's tree; below, that chain stands in each part, so that the groups of a
// round share a message.
constexpr std::size_t kOwnTailItems = 16;

// Errors of one message that are told apart: each costs more than the few bytes of the item that
// brought it about.
constexpr std::size_t kMaxErrors = 64;

}  // namespace

// A group, as the aggregator sees it.
class SignStream::Pending final : public PendingRequest {
 public:
  Pending(std::shared_ptr<SignStream> stream, Groups::iterator group,
          const ledger::LeveledImprint& hash, AnswerForm form, std::size_t weight)
      : PendingRequest(hash.imprint, hash.level, stream->account_, stream->deadline_, form,
                       static_cast<std::uint32_t>(weight)),
        stream_(std::move(stream)),
        group_(group) {}

  bool Cancelled() const override {
    MutexLock lock(stream_->mu_);
    return stream_->Ending();
  }
  void Answer(absl::StatusOr<SignAnswer> answer) override {
    stream_->OnAnswer(group_, std::move(answer));
  }

 private:
  const std::shared_ptr<SignStream> stream_;
  const Groups::iterator group_;
};

// Takes a message's items in: makes groups of them and gives those to the aggregator.
class SignStream::Intake {
 public:
  // `room`: items that may still come to be in flight.
  Intake(SignStream& stream, std::uint64_t room)
      : stream_(stream),
        room_(room),
        group_items_(std::min<std::uint64_t>(kGroupItems, stream.limits_.max_pending)) {}

  void Add(const WireItem& item) {
    const absl::StatusOr<ledger::LeveledImprint> hash = ReadHash(item.imprint, item.level);
    absl::Status status = hash.status();
    if (status.ok()) status = stream_.aggregator_->CheckHash(hash->imprint, hash->level);
    if (status.ok() && room_ == 0) {
      status = base::LimitReached("max_stream_in_flight",
                                  "too many requests of the stream are in flight",
                                  stream_.limits_.retry_after);
    }
    if (!status.ok()) return Refuse(item.id, status);
    --room_;
    // A tree over it would be higher than a caller's may be: it enters the round by itself.
    const ledger::LeveledImprint higher{
        hash->imprint, static_cast<ledger::Level>(std::min(254, hash->level + kGroupLevels))};
    if (hash->level > 0 && !stream_.aggregator_->CheckHash(higher.imprint, higher.level).ok()) {
      Submit({item.id}, *hash, std::nullopt);
      return;
    }
    ids_.push_back(item.id);
    leaves_.push_back(*hash);
    if (ids_.size() >= group_items_) SubmitGroup();
  }

  // Whatever is still to be given away.
  void Finish() {
    if (!ids_.empty()) SubmitGroup();
    for (Refusals& refusals : refusals_) stream_.Refuse(std::move(refusals));
  }

 private:
  static constexpr int kGroupLevels = std::bit_width(kGroupItems - 1);

  void SubmitGroup() {
    std::optional<ledger::HashTree> tree;
    ledger::LeveledImprint root = leaves_.front();
    if (leaves_.size() > 1) {
      auto built = ledger::HashTree::Build(kTreeAlgorithm, leaves_);
      PITSER_CHECK(built.ok());
      root = built->root();
      tree = *std::move(built);
    }
    Submit(std::vector<std::uint64_t>(ids_), root, std::move(tree));
    ids_.clear();
    leaves_.clear();
  }

  void Submit(std::vector<std::uint64_t> ids, const ledger::LeveledImprint& hash,
              std::optional<ledger::HashTree> tree) {
    const std::size_t items = ids.size();
    const AnswerForm form = tree.has_value() ? AnswerForm::kAboveTree : AnswerForm::kSignature;
    Groups one;
    one.push_back(Group{std::move(ids), std::move(tree), {}, 0});
    const Groups::iterator group = one.begin();
    {
      MutexLock lock(stream_.mu_);
      stream_.waiting_.splice(stream_.waiting_.end(), one);
      stream_.in_flight_ += items;
    }
    std::unique_ptr<PendingRequest> pending = std::make_unique<Pending>(
        std::static_pointer_cast<SignStream>(stream_.shared_from_this()), group, hash, form, items);
    const absl::Status taken = stream_.aggregator_->Enqueue(pending);
    if (taken.ok()) return;
    {
      MutexLock lock(stream_.mu_);
      one.splice(one.begin(), stream_.waiting_, group);
      stream_.in_flight_ -= items;
    }
    for (std::uint64_t id : one.front().ids) Refuse(id, taken);
  }

  void Refuse(std::uint64_t id, const absl::Status& status) {
    std::string error = EncodeItemError(status);
    if (refusals_.size() >= kMaxErrors && !index_.contains(error)) {
      error = EncodeItemError(absl::Status(status.code(), "one of many errors in this message"));
    }
    const auto [place, is_new] = index_.try_emplace(error, refusals_.size());
    if (is_new) refusals_.push_back({std::move(error), {}});
    refusals_[place->second].ids.push_back(id);
  }

  SignStream& stream_;
  std::uint64_t room_;
  const std::size_t group_items_;
  std::vector<std::uint64_t> ids_;
  std::vector<ledger::LeveledImprint> leaves_;
  std::vector<Refusals> refusals_;
  absl::flat_hash_map<std::string, std::size_t> index_;  // By error.
};

bool SignStream::Group::HasOwnTail() const { return ids.size() >= kOwnTailItems; }

std::uint64_t SignStream::Group::AnswerBytes() const {
  return kWireAnswerOverhead + (tree.has_value() ? PartBound(tree->size()) : 0) +
         (HasOwnTail() ? 0 : answer.own.size());
}

SignStream::SignStream(const SignStreamLimits& limits, base::WorkerPool* pool, base::Clock* clock,
                       Aggregator* aggregator, AnswerCall* call, std::string account,
                       absl::Time deadline)
    : AnsweringCall(pool, clock, limits.stall, call),
      limits_(limits),
      aggregator_(aggregator),
      account_(std::move(account)),
      deadline_(deadline) {}

SignStream::~SignStream() = default;

void SignStream::OnRead(std::optional<std::string> message) {
  {
    MutexLock lock(mu_);
    reading_ = false;
    half_closed_ = !message.has_value();
    message_ = std::move(message);
  }
  Wake();
}

void SignStream::EndWhenAnswered() {
  {
    MutexLock lock(mu_);
    draining_ = true;
  }
  Wake();
}

bool SignStream::Work() {
  std::optional<std::string> message;
  {
    MutexLock lock(mu_);
    message.swap(message_);
    if (!message.has_value()) {
      if (reading_ || half_closed_ || draining_ || unsent_bytes_ >= limits_.max_unsent_bytes) {
        return false;
      }
      reading_ = true;
    }
  }
  if (message.has_value()) {
    Take(*message);
  } else {
    call().Receive();
  }
  return true;
}

void SignStream::Take(const std::string& message) {
  absl::Status size = CheckMessageBytes(message.size(), limits_.max_message_bytes);
  if (!size.ok()) return End(std::move(size));
  std::uint64_t room = 0;
  {
    MutexLock lock(mu_);
    room = limits_.max_in_flight - std::min<std::uint64_t>(in_flight_, limits_.max_in_flight);
  }
  Intake intake(*this, room);
  WireItemReader reader(ledger::AsBytes(message));
  for (;;) {
    const absl::StatusOr<std::optional<WireItem>> item = reader.Next();
    if (!item.ok()) End(item.status());
    if (!item.ok() || !item->has_value()) break;
    intake.Add(**item);
  }
  intake.Finish();
}

void SignStream::OnAnswer(Groups::iterator group, absl::StatusOr<SignAnswer> answer) {
  Groups done;  // Destroyed without the lock.
  {
    MutexLock lock(mu_);
    if (let_go_) return;
    in_flight_ -= group->ids.size();
    if (answer.ok()) {
      group->answer = *std::move(answer);
      unsent_bytes_ += group->ids.size() * group->AnswerBytes();
      ready_.splice(ready_.end(), waiting_, group);
    } else {
      done.splice(done.end(), waiting_, group);
      refusals_.push_back({EncodeItemError(answer.status()), std::move(group->ids)});
      unsent_bytes_ += refusals_.back().ids.size() * refusals_.back().AnswerBytes();
    }
  }
  Wake();
}

void SignStream::Refuse(Refusals refusals) {
  MutexLock lock(mu_);
  unsent_bytes_ += refusals.ids.size() * refusals.AnswerBytes();
  refusals_.push_back(std::move(refusals));
}

std::string SignStream::NextMessage() {
  {
    MutexLock lock(mu_);
    sending_.splice(sending_.end(), ready_);
    for (Refusals& refusals : refusals_) refusing_.push_back(std::move(refusals));
    refusals_.clear();
  }
  std::string message;
  std::uint64_t bytes = AppendRefusals(message);
  bytes += AppendGroups(message);
  MutexLock lock(mu_);
  message_bytes_ = bytes;
  return message;
}

std::uint64_t SignStream::AppendRefusals(std::string& message) {
  std::uint64_t bytes = 0;
  while (!refusing_.empty()) {
    Refusals& next = refusing_.front();
    while (!next.ids.empty() && message.size() + next.AnswerBytes() <= kAnswerBytes) {
      AppendError(message, next.ids.back(), next.error);
      next.ids.pop_back();
      bytes += next.AnswerBytes();
    }
    if (!next.ids.empty()) break;
    refusing_.pop_front();
  }
  return bytes;
}

std::uint64_t SignStream::AppendGroups(std::string& message) {
  if (sending_.empty()) return 0;
  const bool own_message = sending_.front().HasOwnTail();
  const std::shared_ptr<const Seal> seal = sending_.front().answer.seal;
  ledger::ByteVector tail;
  if (own_message) ledger::Append(tail, sending_.front().answer.own);
  ledger::Append(tail, seal->tail);
  // The tail and what is around it come last, when it is known that there are signatures.
  const std::size_t room = kAnswerBytes - std::min(kAnswerBytes / 2, tail.size() + account_.size());
  std::uint64_t bytes = 0;
  bool full = false;
  do {
    Group& group = sending_.front();
    full = !AppendGroup(message, group, room, bytes);
    if (!full) sending_.pop_front();
  } while (!full && !own_message && !sending_.empty() && !sending_.front().HasOwnTail() &&
           sending_.front().answer.seal == seal);
  if (bytes > 0) AppendStreamShared(message, {tail, *seal, account_});
  return bytes;
}

// Appends the group's answers; false when not all of them had room.
bool SignStream::AppendGroup(std::string& message, Group& group, std::size_t room,
                             std::uint64_t& bytes) {
  const SignAnswer& answer = group.answer;
  std::optional<ledger::ChainWriter> chains;
  if (group.tree.has_value()) chains.emplace(ChainsBelow(answer, *group.tree));
  ledger::ByteVector part;
  for (; group.sent < group.ids.size(); ++group.sent) {
    part.clear();
    if (chains.has_value()) ledger::Append(part, chains->Write(group.sent));
    if (!group.HasOwnTail()) ledger::Append(part, answer.own);
    // A message's first answer always has room.
    if (!message.empty() && message.size() + part.size() + kWireAnswerOverhead > room) return false;
    AppendSignature(message, group.ids[group.sent], part);
    bytes += group.AnswerBytes();
  }
  return true;
}

void SignStream::Written() {
  unsent_bytes_ -= message_bytes_;
  message_bytes_ = 0;
}

std::optional<absl::Status> SignStream::Complete() {
  MutexLock lock(mu_);
  const bool all_sent = in_flight_ == 0 && ready_.empty() && refusals_.empty() &&
                        sending_.empty() && refusing_.empty() && !message_.has_value();
  if (!all_sent) return std::nullopt;
  if (half_closed_) return absl::OkStatus();
  if (!draining_) return std::nullopt;
  return base::WithRetryAfter(absl::UnavailableError("the server is shutting down"),
                              absl::Seconds(1));
}

void SignStream::LetGo() {
  sending_.clear();
  refusing_.clear();
  Groups waiting, ready;  // Destroyed without the lock.
  std::deque<Refusals> refusals;
  MutexLock lock(mu_);
  let_go_ = true;
  in_flight_ = 0;
  waiting.swap(waiting_);
  ready.swap(ready_);
  refusals.swap(refusals_);
  message_.reset();
}

}  // namespace pitser::server
