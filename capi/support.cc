#include "capi/support.h"

#include <algorithm>
#include <cstring>

namespace pitser::capi {

void CopyText(char* to, std::size_t room, std::string_view text) {
  std::size_t size = std::min(text.size(), room - 1);
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;  // Within a UTF-8 character.
  };
  if (size < text.size()) {
    while (size > 0 && continues(size)) --size;
  }
  std::copy_n(text.data(), size, to);
  to[size] = '\0';
}

void Say(pitser_error* error, std::string_view text) {
  if (error != nullptr) CopyText(error->text, sizeof(error->text), text);
}

pitser_status Give(const absl::Status& status, pitser_error* error) {
  if (status.ok()) return PITSER_OK;
  Say(error, std::string_view(status.message().data(), status.message().size()));
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return PITSER_MALFORMED;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:  // By the dates of a certificate.
      return PITSER_NOT_TRUSTED;
    case absl::StatusCode::kUnimplemented:
      return PITSER_UNSUPPORTED;
    default:
      return PITSER_INTERNAL;
  }
}

pitser_status Refuse(pitser_error* error, std::string_view what) {
  Say(error, what);
  return PITSER_INVALID_ARGUMENT;
}

}  // namespace pitser::capi
