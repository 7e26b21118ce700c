#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace pitser::server {

// So much of something, shared by all calls.   Thread: any.
class Budget {
 public:
  explicit Budget(std::uint64_t size) : left_(size) {}

  // What a call holds of it, until this goes away.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), amount_(other.amount_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    ~Share() {
      if (budget_ != nullptr) budget_->left_.fetch_add(amount_);
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class Budget;
    Share(Budget* budget, std::uint64_t amount) : budget_(budget), amount_(amount) {}

    Budget* budget_ = nullptr;
    std::uint64_t amount_ = 0;
  };

  // An empty share when there is not so much left.
  Share Take(std::uint64_t amount) {
    std::uint64_t left = left_.load();
    do {
      if (amount > left) return {};
    } while (!left_.compare_exchange_weak(left, left - amount));
    return {this, amount};
  }

  std::uint64_t left() const { return left_.load(); }

 private:
  std::atomic<std::uint64_t> left_;
};

}  // namespace pitser::server
