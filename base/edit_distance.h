#pragma once

#include <span>
#include <string_view>

namespace pitser::base {

// The one of `names` that `name` was probably meant to be: at most two letters put in, left out,
// replaced or swapped with their neighbour. Empty when there is none, or `name` is one of them.
// Cost: the product of the lengths for each name; `name` is of a person, up to 64 letters are
// looked at.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> names);

}  // namespace pitser::base
