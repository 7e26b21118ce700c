#pragma once

#include <functional>
#include <map>
#include <optional>
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
  const Map& all() const { return variables_; }

 private:
  Map variables_;
};

}  // namespace pitser::base
