#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "server/app/node.h"
#include "tests/integration/caller.h"
#include "tests/integration/key_folder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace pitser::testing {

// Well after the source's date, before which no clock is believed.
inline constexpr std::int64_t kNodeStart = 2'000'000'000;

// A whole node in this process: real calendar on disk, real connections, a clock that the test
// moves.
class NodeTest : public ::testing::Test {
 protected:
  NodeTest() {
    settings_.data = folder_.path() + "/node";
    settings_.grpc_listen = "127.0.0.1:0";
  }
  ~NodeTest() override {
    StopTicking();
    node_.reset();
  }

  // With keys that were made before, as on a second start.
  absl::Status StartWithKeys() {
    if (!std::filesystem::exists(settings_.data)) {
      MakeDataFolderWithKeys(settings_.data, kNodeStart);
    }
    return Start();
  }
  absl::Status Start() {
    auto node = server::Node::Start(settings_, {&clock_, nullptr});
    if (!node.ok()) return node.status();
    node_ = *std::move(node);
    const std::string faces = node_->Faces();
    endpoint_ = faces.substr(faces.find('=') + 1);
    caller_.emplace(endpoint_);
    return absl::OkStatus();
  }
  void Stop() {
    StopTicking();
    node_.reset();
  }

  // Lets time pass by itself, faster than on the wall.
  void Tick() {
    ticking_ = true;
    ticker_ = std::thread([this] {
      while (ticking_) {
        clock_.Advance(absl::Milliseconds(50));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  void StopTicking() {
    ticking_ = false;
    if (ticker_.joinable()) ticker_.join();
  }

  std::uint64_t Now() const {
    return static_cast<std::uint64_t>(absl::ToUnixSeconds(clock_.Now()));
  }
  std::string run() const { return settings_.data + "/run"; }

  TempFolder folder_;
  server::Settings settings_;
  FakeClock clock_{absl::FromUnixSeconds(kNodeStart)};
  std::unique_ptr<server::Node> node_;
  std::string endpoint_;
  std::optional<Caller> caller_;

 private:
  std::atomic<bool> ticking_ = false;
  std::thread ticker_;
};

}  // namespace pitser::testing
