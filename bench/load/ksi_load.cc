#include "bench/load/ksi_load.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>  // Boost.Asio 1.74 uses std::exchange and does not include it.
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/load/kept_parts.h"
#include "bench/load/numbered_hash.h"
#include "ledger/service/payloads.h"
#include "ledger/service/pdu.h"

namespace pitser::bench {
namespace {

namespace asio = boost::asio;
namespace service = ledger::service;
using asio::ip::tcp;
using boost::system::error_code;
using ledger::Bytes;
using ledger::ByteVector;
using Clock = std::chrono::steady_clock;

// What all connections share; one thread.
struct Run {
  const KsiLoadOptions& options;
  asio::io_context& io;
  NumberedHashes hashes;
  KeptParts* kept;
  KsiLoadResult& result;
  Clock::time_point begin, stop, last;
  std::uint64_t next = 0;  // The next hash's number.
};

// One connection. Over TCP requests are sent as soon as there is room in the window, over HTTP one
// by one on a connection that stays.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Run& run, std::size_t index)
      : run_(run), credentials_(run.options.credentials), socket_(run.io) {
    if (run.options.accounts > 0) {
      absl::StrAppend(&credentials_.login, index % run.options.accounts);
    }
  }

  error_code Connect() {
    error_code error;
    socket_.connect(
        {asio::ip::make_address(run_.options.endpoint.host, error), run_.options.endpoint.port},
        error);
    if (!error) socket_.set_option(tcp::no_delay(true), error);
    return error;
  }

  void Start() {
    Fill();
    Read();
  }

 private:
  void Fill() {
    const std::size_t window = run_.options.http ? 1 : run_.options.in_flight;
    while (waiting_.size() < window && Clock::now() < run_.stop) Add(run_.next++);
    Write();
  }

  void Add(std::uint64_t number) {
    ByteVector payload;
    service::WriteAggregationRequest(payload, {number + 1, run_.hashes.Imprint(number), 0});
    const service::PduHeader header = {credentials_.login, {}, {}};
    const auto pdu = service::SealPdu(service::kAggregationRequestTag,
                                      {header, credentials_.key, credentials_.hmac}, payload);
    if (run_.options.http) {
      ledger::Append(out_, ledger::AsBytes(absl::StrCat(
                               "POST /gt-signingservice HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                               "application/ksi-request\r\nContent-Length: ",
                               pdu->size(), "\r\n\r\n")));
    }
    ledger::Append(out_, *pdu);
    waiting_[number + 1] = Clock::now();
    order_.push_back(number + 1);
  }

  void Write() {
    if (!writing_.empty() || out_.empty()) return;
    writing_.swap(out_);
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->writing_.clear();
                        if (!error) self->Write();
                      });
  }

  void Read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (error) return self->End();
                              ledger::Append(self->in_, Bytes(self->buffer_).first(size));
                              self->TakeAll();
                              if (self->waiting_.empty() && Clock::now() >= self->run_.stop) {
                                return;
                              }
                              self->Read();
                            });
  }

  void TakeAll() {
    std::size_t at = 0;
    while (const std::size_t taken = Take(Bytes(in_).subspan(at))) at += taken;
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
    Fill();
  }

  // The first answer in `bytes`; how many bytes it has, 0 when it is not whole.
  std::size_t Take(Bytes bytes) {
    std::size_t head = 0;
    if (run_.options.http) {
      const std::string_view text = ledger::AsText(bytes);
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      head = end + 4;
      const std::size_t field = text.find("Content-Length: ");
      std::size_t length = 0;
      const std::string_view rest = text.substr(field + 16);
      if (field > end ||
          !absl::SimpleAtoi(ledger::ToAbsl(rest.substr(0, rest.find('\r'))), &length)) {
        return 0;
      }
      if (bytes.size() < head + length) return 0;
      Answer(bytes.subspan(head, length));
      return head + length;
    }
    const auto size = service::PduSize(bytes);
    if (!size || bytes.size() < *size) return 0;
    Answer(bytes.first(*size));
    return *size;
  }

  void Answer(Bytes bytes) {
    run_.result.answer_bytes += bytes.size();
    run_.last = Clock::now();
    if (run_.options.empty) {
      Count(order_.front());
      return;
    }
    const auto pdu = service::ParsePdu(bytes);
    if (!pdu.ok()) return Unreadable();
    const auto answered = service::ReadAggregationResponses(*pdu);
    if (!answered.ok() || !answered->response) return Unreadable();
    const auto& response = *answered->response;
    if (response.result.status != 0 || response.parts.size() < 2) {
      return Refused(response.request_id);
    }
    if (run_.kept != nullptr) Keep(response);
    Count(response.request_id);
  }

  void Keep(const service::AggregationResponses::Response& response) {
    std::string tail;
    for (std::size_t i = 1; i < response.parts.size(); ++i) {
      tail.append(ledger::AsText(response.parts[i]));
    }
    ledger::TlvReader reader(response.parts[0]);
    const auto element = reader.Next();
    const auto chain = element.ok()
                           ? ledger::ParseAggregationHashChain(*element)
                           : absl::StatusOr<ledger::AggregationHashChain>(element.status());
    if (!chain.ok()) return;
    run_.kept->Add(response.request_id - 1, ledger::AsText(response.parts[0]), tail,
                   chain->aggregation_time);
  }

  void Count(std::uint64_t id) {
    if (!order_.empty() && order_.front() == id) order_.pop_front();
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    run_.result.latency.Record((Clock::now() - found->second).count());
    waiting_.erase(found);
    ++run_.result.answered;
  }

  void Refused(std::uint64_t id) {
    ++run_.result.refused;
    waiting_.erase(id);
  }

  // A bare error, for instance: whose it is is not told.
  void Unreadable() {
    error_code ignored;
    socket_.close(ignored);
    End();
  }

  void End() {
    run_.result.undecided += waiting_.size();
    waiting_.clear();
  }

  Run& run_;
  net::KsiCredentials credentials_;
  tcp::socket socket_;
  ByteVector buffer_ = ByteVector(std::size_t{256} << 10);
  ByteVector in_, out_, writing_;
  std::unordered_map<std::uint64_t, Clock::time_point> waiting_;
  std::deque<std::uint64_t> order_;  // As they were sent: the empty server answers in order.
};

// A connection of the empty server.
class EmptyConnection : public std::enable_shared_from_this<EmptyConnection> {
 public:
  EmptyConnection(tcp::socket socket, const ByteVector& answer)
      : socket_(std::move(socket)), answer_(answer) {}

  void Read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (error) return;
                              ledger::Append(self->in_, Bytes(self->buffer_).first(size));
                              self->AnswerAll();
                              self->Read();
                            });
  }

 private:
  void AnswerAll() {
    std::size_t at = 0;
    while (const std::size_t taken = TakeRequest(Bytes(in_).subspan(at))) {
      at += taken;
      ledger::Append(out_, answer_);
    }
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
    Write();
  }

  std::size_t TakeRequest(Bytes bytes) {
    std::size_t head = 0;
    if (!bytes.empty() && bytes[0] == 'P') {
      const std::size_t end = ledger::AsText(bytes).find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      http_ = true;
      head = end + 4;
    }
    const auto size = service::PduSize(bytes.subspan(head));
    return size && bytes.size() >= head + *size ? head + *size : 0;
  }

  void Write() {
    if (!writing_.empty() || out_.empty()) return;
    if (http_) {
      const std::string head = absl::StrCat(
          "HTTP/1.1 200 OK\r\nContent-Type: application/ksi-response\r\nContent-Length: ",
          out_.size(), "\r\n\r\n");
      writing_ = ledger::ToVector(ledger::AsBytes(head));
    }
    ledger::Append(writing_, out_);
    out_.clear();
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->writing_.clear();
                        if (!error) self->Write();
                      });
  }

  tcp::socket socket_;
  const ByteVector& answer_;
  ByteVector buffer_ = ByteVector(std::size_t{64} << 10);
  ByteVector in_, out_, writing_;
  bool http_ = false;
};

void AcceptEmpty(tcp::acceptor& acceptor, const ByteVector& answer) {
  acceptor.async_accept([&acceptor, &answer](error_code error, tcp::socket socket) {
    if (!error) {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      std::make_shared<EmptyConnection>(std::move(socket), answer)->Read();
    }
    AcceptEmpty(acceptor, answer);
  });
}

}  // namespace

absl::StatusOr<KsiLoadResult> RunKsiLoad(const KsiLoadOptions& options, KeptStore* kept) {
  KsiLoadResult result;
  asio::io_context io(1);
  KeptParts parts([kept](std::unique_ptr<PartChunk> chunk) { kept->Put(std::move(chunk)); });
  const auto begin = Clock::now();
  Run run{options,
          io,
          NumberedHashes(options.seed),
          kept == nullptr ? nullptr : &parts,
          result,
          begin,
          begin + absl::ToChronoNanoseconds(options.duration),
          begin};
  std::vector<std::shared_ptr<Connection>> connections;
  for (std::size_t i = 0; i < options.connections; ++i) {
    connections.push_back(std::make_shared<Connection>(run, i));
    if (const error_code error = connections.back()->Connect()) {
      return absl::UnavailableError(
          absl::StrCat(options.endpoint.ToString(), ": ", error.message(), ", connection ", i + 1));
    }
  }
  run.begin = run.last = Clock::now();
  run.stop = run.begin + absl::ToChronoNanoseconds(options.duration);
  for (const auto& connection : connections) connection->Start();
  io.run_until(run.stop + std::chrono::seconds(10));
  if (kept != nullptr) parts.Flush();
  result.seconds = std::chrono::duration<double>(run.last - run.begin).count();
  return result;
}

int RunEmptyKsiServer(std::size_t size) {
  // A PDU by its header alone.
  ByteVector answer(std::max<std::size_t>(size, service::kPduHeaderSize));
  answer[0] = 0x82;
  answer[1] = 0x21;
  answer[2] = static_cast<std::uint8_t>((answer.size() - 4) >> 8);
  answer[3] = static_cast<std::uint8_t>(answer.size() - 4);
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  std::printf("ready 127.0.0.1:%d\n", int{acceptor.local_endpoint().port()});
  std::fflush(stdout);
  AcceptEmpty(acceptor, answer);
  io.run();
  return 0;
}

}  // namespace pitser::bench
