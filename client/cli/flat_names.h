#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pitser::cli {

// A million names in two pieces of memory.
class FlatNames {
 public:
  void Add(std::string_view name) {
    text_.append(name);
    ends_.push_back(text_.size());
  }
  void Clear() {
    text_.clear();
    ends_.clear();
  }

  std::size_t size() const { return ends_.size(); }
  // Precondition: index < size().
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(begin, ends_[index] - begin);
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

}  // namespace pitser::cli
