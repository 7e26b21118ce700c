// Signs files as their names come, one a line, on standard input, and writes each signature beside
// its file, as FILE.ksig. usage: sign_stream [HOST:PORT]
#include "client/sign_stream.h"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "client/client.h"
#include "client/file.h"
#include "connect.h"

using namespace pitser;

using Result = absl::StatusOr<ledger::Signature>;

// Writes signatures on a thread of its own, so that neither the names nor the answers wait for a
// slow disk.
class Writer {
 public:
  void Add(std::string file, std::future<Result> result) {
    const std::lock_guard lock(mu_);
    queue_.emplace_back(std::move(file), std::move(result));
    changed_.notify_one();
  }

  // Writes all that was added. Whether everything went well.
  bool Finish() {
    Add("", {});  // The end.
    thread_.join();
    return all_well_;
  }

 private:
  void Run() {
    while (true) {
      std::unique_lock lock(mu_);
      changed_.wait(lock, [this] { return !queue_.empty(); });
      auto [file, result] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (!result.valid()) return;
      const absl::Status status = Write(file, result.get());
      if (status.ok()) continue;
      std::cerr << file << ": " << status << "\n";
      all_well_ = false;
    }
  }

  static absl::Status Write(const std::string& file, const Result& signature) {
    if (!signature.ok()) return signature.status();
    return client::WriteFile(file + ".ksig", signature->bytes(), {});
  }

  std::mutex mu_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, std::future<Result>>> queue_;
  bool all_well_ = true;
  std::thread thread_{[this] { Run(); }};
};

int main(int argc, char** argv) {
  if (argc > 2) {
    std::cerr << "usage: sign_stream [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const auto server = OrExit(Connect(argc == 2 ? argv[1] : "127.0.0.1:7380"));
  const auto stream = OrExit(client::SignStream::Open(*server));
  Writer writer;
  bool all_read = true;
  for (std::string file; std::getline(std::cin, file);) {
    const auto hash = client::HashFile(file, ledger::HashAlgorithm::kSha256);
    if (!hash.ok()) {
      std::cerr << file << ": " << hash.status() << "\n";
      all_read = false;
      continue;
    }
    stream->WaitForRoom();
    // The answer comes about a second later.
    writer.Add(file, stream->Sign(*hash));
  }
  stream->Close();  // Waits until everything is answered.
  return writer.Finish() && all_read ? EXIT_SUCCESS : EXIT_FAILURE;
}
