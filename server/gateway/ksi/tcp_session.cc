#include "server/gateway/ksi/tcp_session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "ledger/service/pdu.h"
#include "ledger/service/status_codes.h"

namespace pitser::server::internal {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using std::chrono::steady_clock;

// What is read at once. Each thread has one such buffer: an idle connection holds none.
constexpr std::size_t kReadSize = std::size_t{256} << 10;

std::span<std::uint8_t> ReadBuffer() {
  thread_local ByteVector buffer(kReadSize);
  return buffer;
}

// A response was delivered so often before the configuration may be pushed: one that got two
// answers is a client that knows to take what it did not ask for (5.3).
constexpr std::size_t kResponsesBeforePush = 2;

class TcpSession final : public Session, public std::enable_shared_from_this<TcpSession> {
 public:
  TcpSession(const SessionContext& context, Socket socket, std::string address)
      : context_(context),
        limits_(context.options->limits),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        gone_(std::make_shared<std::atomic<bool>>(false)),
        caller_{std::move(address), gone_},
        waiting_since_(steady_clock::now()) {}

  ~TcpSession() override {
    *gone_ = true;
    context_.sessions->Remove(this);
  }

  void Start() {
    Watch();
    Read();
  }

  void Finish() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->reading_done_ = true;
      self->CloseIfDone();
    });
  }
  void Abort() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->Close(); });
  }

 private:
  // --- What comes in.

  bool MayRead() const {
    return !closed_ && !reading_done_ && in_flight_ < limits_.max_in_flight &&
           unsent_ < limits_.max_unsent_bytes &&
           context_.sessions->unsent() < limits_.max_unsent_bytes_in_all;
  }

  void Read() {
    if (reading_) return;
    if (!MayRead()) {
      paused_ = true;
      return;
    }
    // What the peer could not send while nothing was read is not its fault.
    if (std::exchange(paused_, false)) partial_since_ = steady_clock::now();
    reading_ = true;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
      self->reading_ = false;
      if (error) return self->EndOfInput();
      self->Readable();
    });
  }

  void Readable() {
    if (closed_) return;
    const std::span<std::uint8_t> buffer = ReadBuffer();
    error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return Read();
    if (error) return EndOfInput();
    waiting_since_ = steady_clock::now();
    if (partial_.empty()) {
      partial_since_ = waiting_since_;
      Take(Bytes(buffer).first(size));
    } else {
      ledger::Append(partial_, Bytes(buffer).first(size));
      const ByteVector joined = std::exchange(partial_, {});
      Take(joined);
    }
    Flush();
    Read();
    CloseIfDone();
  }

  // Handles the PDUs that `bytes` holds whole and keeps what is left.
  void Take(Bytes bytes) {
    while (!bytes.empty() && !reading_done_) {
      if (bytes.size() < ledger::service::kPduHeaderSize && (bytes[0] & 0x80) != 0) break;
      const auto size = ledger::service::PduSize(bytes);
      if (!size) return Garbage();
      if (bytes.size() < *size) break;
      ++in_flight_;
      context_.service->Handle(bytes.first(*size), caller_, AnswerTo());
      bytes = bytes.subspan(*size);
      partial_since_ = waiting_since_;  // Of the PDU that begins here, if one does.
    }
    if (reading_done_) return;
    partial_ = ledger::ToVector(bytes);
  }

  // Bytes that cannot begin a PDU: nothing after them can be understood (6.3). It is told when all
  // that came before is answered: clients take an error without a request's id for the end of all.
  void Garbage() {
    reading_done_ = true;
    partial_.clear();
    garbage_ = true;
  }

  // The peer sends no more: what is outstanding is answered (6.3).
  void EndOfInput() {
    reading_done_ = true;
    partial_.clear();
    CloseIfDone();
  }

  // --- What goes out.

  KsiService::Done AnswerTo() {
    return [self = shared_from_this()](KsiReply reply) {
      if (!self->answers_.Put(std::move(reply))) return;
      asio::post(self->socket_.get_executor(), [self] { self->Answer(); });
    };
  }

  void Answer() {
    for (const KsiReply& reply : answers_.TakeAll()) Deliver(reply);
    Flush();
    Read();
    CloseIfDone();
  }

  void Deliver(const KsiReply& reply) {
    --in_flight_;
    known_ = known_ || reply.account != nullptr;
    if (closed_) return;
    ledger::Append(out_, context_.service->Encode(reply));
    if (context_.options->push_configuration) PushConfiguration(reply);
  }

  // After a response: what has changed since the account was told or first seen here (5.3).
  void PushConfiguration(const KsiReply& reply) {
    if (reply.account == nullptr || !reply.has_response) return;
    ++responses_;
    auto current = context_.service->FindAccount(reply.account->account.login);
    if (current == nullptr) return;
    if (told_ == nullptr || told_->account.login != current->account.login) {
      told_ = reply.account;
    }
    if (current == told_ || responses_ < kResponsesBeforePush) return;
    told_ = current;
    ledger::Append(out_, context_.service->ConfigurationPdu(std::move(current), reply.hmac));
  }

  // Counts what waits to be sent, here and of all connections together.
  void CountUnsent() {
    const std::size_t now = closed_ ? 0 : out_.size() + writing_.size() - written_;
    context_.sessions->AddUnsent(now, unsent_);
    unsent_ = now;
  }

  void Flush() {
    CountUnsent();
    if (closed_ || !writing_.empty() || out_.empty()) return;
    writing_.swap(out_);
    written_ = 0;
    WriteOn();
  }

  // Piece by piece, to see whether the peer takes any.
  void WriteOn() {
    write_since_ = steady_clock::now();
    socket_.async_write_some(asio::buffer(writing_.data() + written_, writing_.size() - written_),
                             [self = shared_from_this()](error_code error, std::size_t size) {
                               self->Wrote(error, size);
                             });
  }

  void Wrote(error_code error, std::size_t size) {
    if (closed_) return;
    if (error) return Close();
    written_ += size;
    CountUnsent();
    if (written_ < writing_.size()) return WriteOn();
    writing_ = {};  // An idle connection holds no memory.
    written_ = 0;
    waiting_since_ = steady_clock::now();
    Flush();
    Read();
    CloseIfDone();
  }

  // --- How it ends.

  void CloseIfDone() {
    if (garbage_ && in_flight_ == 0) {
      garbage_ = false;
      ++in_flight_;
      Deliver(KsiService::InvalidRequest("The bytes are not those of a PDU"));
      Flush();
    }
    if (reading_done_ && in_flight_ == 0 && out_.empty() && writing_.empty()) Close();
  }

  void Close() {
    if (closed_) return;
    closed_ = true;
    *gone_ = true;
    CountUnsent();
    timer_.cancel();
    error_code ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  // Looks now and then whether the peer is slow or dead.
  void Watch() {
    timer_.expires_after(absl::ToChronoMilliseconds(
        std::min(limits_.transfer_timeout, limits_.first_request_timeout) / 4 +
        absl::Milliseconds(1)));
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || self->closed_) return;
      if (self->Overdue()) return self->Close();
      self->Read();  // It may have been paused for what others have not read.
      self->Watch();
    });
  }

  bool Overdue() const {
    const auto now = steady_clock::now();
    const auto passed = [now](steady_clock::time_point since, absl::Duration limit) {
      return now - since > absl::ToChronoMilliseconds(limit);
    };
    if (!writing_.empty()) return passed(write_since_, limits_.transfer_timeout);
    if (!partial_.empty() && !paused_) return passed(partial_since_, limits_.transfer_timeout);
    const absl::Duration idle = known_ ? limits_.idle_timeout : limits_.first_request_timeout;
    return in_flight_ == 0 && passed(waiting_since_, idle);
  }

  const SessionContext context_;
  const KsiLimits& limits_;
  // All below on the connection's strand.
  Socket socket_;
  Timer timer_;
  const std::shared_ptr<std::atomic<bool>> gone_;
  const KsiCaller caller_;
  AnswerQueue answers_;  // Any thread's.
  ByteVector partial_;   // The beginning of a PDU.
  ByteVector out_, writing_;
  std::size_t written_ = 0;    // Of writing_.
  std::size_t unsent_ = 0;     // As it was counted last.
  std::size_t in_flight_ = 0;  // Requests whose answers are not in out_ yet.
  std::size_t responses_ = 0;
  std::shared_ptr<const AccountEntry> told_;
  bool known_ = false;  // An account's right HMAC was shown.
  bool reading_ = false, paused_ = false, reading_done_ = false, garbage_ = false, closed_ = false;
  steady_clock::time_point waiting_since_, partial_since_, write_since_;
};

}  // namespace

void StartTcpSession(const SessionContext& context, Socket socket, std::string address) {
  error_code error;
  socket.non_blocking(true, error);
  socket.set_option(tcp::no_delay(true), error);
  const auto session = std::make_shared<TcpSession>(context, std::move(socket), std::move(address));
  if (context.sessions->Add(session, context.share)) session->Start();
}

}  // namespace pitser::server::internal
