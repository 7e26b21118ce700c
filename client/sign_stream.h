#pragma once

#include <future>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/signature.h"

namespace pitser::client {

struct SignStreamOptions {
  // Requests that are sent and unanswered at most, and signatures that wait for their callbacks,
  // beside the server's own limit.
  std::size_t max_in_flight = 100'000;
  // Those, and what waits to be sent: beyond it Sign() refuses. Some 300 bytes each.
  std::size_t max_unanswered = 200'000;
};

// Signs hashes as they come, any number in flight: requests go out packed over one stream of the
// contract (SignStream), answers come in any order, about a second later. Each signature is checked
// before it is handed out, as Client's are; what the service refuses for a while, and what was
// undecided when a stream broke, is sent again. A request is given up when the client's timeout has
// passed since it was first sent and no answer has come; one that waits to be sent, when nothing
// was sent or answered for as long.
// Thread: any number at once.
class SignStream {
 public:
  // Asks for the server's limits. The client must outlive the stream.
  // Errors: those of Client::GetServerInfo(); kUnimplemented when this server does not serve it.
  static absl::StatusOr<std::unique_ptr<SignStream>> Open(Client& client,
                                                          const SignStreamOptions& options = {});

  // Close().
  ~SignStream();
  SignStream(const SignStream&) = delete;
  SignStream& operator=(const SignStream&) = delete;

  // Never blocks. On OK, `callback` is called exactly once, on a thread of the stream's own: while
  // it runs, no other is called, and what has max_in_flight is not sent. It may take its time, and
  // may call Sign(), but not WaitForRoom() or Close().
  // Errors: kResourceExhausted when max_unanswered is reached; kUnavailable after Close(). Those of
  // a request, which the callback gets: as Client's; kDeadlineExceeded when time is up.
  absl::Status Sign(const ledger::Imprint& hash, ledger::Level level, SignCallback callback);
  // The same; a refusal is in the future as well.
  std::future<absl::StatusOr<ledger::Signature>> Sign(const ledger::Imprint& hash,
                                                      ledger::Level level = 0);

  // Waits until Sign() would find room: for a source that can wait.
  void WaitForRoom();

  // Takes no more, and waits until everything is answered.
  void Close();

 private:
  class Pump;

  explicit SignStream(std::unique_ptr<Pump> pump);

  const std::unique_ptr<Pump> pump_;
};

}  // namespace pitser::client
