#pragma once

#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "capi/pitser.h"

// What the files behind pitser.h share.
namespace pitser::capi {

// Leaves a sentence in `error`, which may be null, cut to what fits and never within a character.
void Say(pitser_error* error, std::string_view text);

// Copies what fits into `to`, terminated, never ending within a character.
void CopyText(char* to, std::size_t room, std::string_view text);

// The status of the C interface for one of ours, with its message in `error`.
pitser_status Give(const absl::Status& status, pitser_error* error);

// Says it and returns PITSER_INVALID_ARGUMENT.
pitser_status Refuse(pitser_error* error, std::string_view what);

// Runs `body`, which returns a pitser_status: nothing that C++ throws leaves the library.
template <typename Body>
pitser_status Guarded(pitser_error* error, Body&& body) noexcept {
  if (error != nullptr) error->text[0] = '\0';
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    Say(error, "out of memory");
    return PITSER_NO_MEMORY;
  } catch (const std::exception& caught) {
    Say(error, caught.what());
    return PITSER_INTERNAL;
  } catch (...) {
    Say(error, "an unknown exception");
    return PITSER_INTERNAL;
  }
}

}  // namespace pitser::capi
