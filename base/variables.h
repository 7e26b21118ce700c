#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace pitser::base {

// The environment variables of a process as they are when it is made: an argument, so that a test
// brings its own. An empty variable counts as none.   Thread: immutable, any number at once.
class Variables {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  static Variables System();
  explicit Variables(Map variables);

  std::optional<std::string> operator()(std::string_view name) const;
  // Whether it is there, and empty.
  bool IsEmpty(std::string_view name) const { return empty_.contains(name); }
  const Map& all() const { return variables_; }

 private:
  Map variables_;
  std::set<std::string, std::less<>> empty_;
};

}  // namespace pitser::base
