#pragma once

#include <map>
#include <string>

namespace pitser::cli {

// Files whose names look the same and are not: a system that writes "é" as one character gave the
// one, a system that writes it as "e" and an accent the other. Keeps the names of the folder that
// it looked at last.   Thread: one at a time.
class OtherForms {
 public:
  // What there is in the place of `path`, which is not there, under another Unicode form of its
  // name; empty when there is nothing.
  std::string Find(const std::string& path);

 private:
  void Read(const std::string& folder);

  std::string folder_;
  bool read_ = false;
  std::map<std::string, std::string> names_;  // By their composed form; ASCII ones have none other.
};

}  // namespace pitser::cli
