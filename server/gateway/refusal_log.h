#pragma once

#include <cstdint>
#include <string_view>

// Requests that were refused, in the log: a line a minute for each reason, so that an operator sees
// that there are some and why, and nobody fills the disk with them. For the whole process, as the
// log is. Logs: refused.
// Thread: any.
namespace pitser::server {

// `face`: "grpc" or "ksi". `reason`: a limit's name or a code's, of which there are few; further
// ones than some dozens are counted together.
void CountRefusal(std::string_view face, std::string_view reason);

// Logs what was counted, if it was not done within the last minute. `now`: seconds of a clock that
// does not go back.
void TellRefusals(std::int64_t now);

}  // namespace pitser::server
