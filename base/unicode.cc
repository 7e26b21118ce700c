#include "base/unicode.h"

#include <utf8proc.h>

#include <cstdlib>

#include "absl/strings/str_format.h"

namespace pitser::base {
namespace {

const utf8proc_uint8_t* BytesOf(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

bool IsSeen(utf8proc_int32_t character) {
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CC:  // Control characters.
    case UTF8PROC_CATEGORY_CF:  // Direction of writing, joiners, characters without width.
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
      return false;
    default:
      return true;
  }
}

// The first character of a text: its number, -1 for a byte that is none, and its bytes.
struct Character {
  utf8proc_int32_t number = -1;
  std::string_view bytes;

  bool seen() const { return number >= 0 && IsSeen(number); }
};

Character Take(std::string_view& text) {
  Character character;
  const auto length = utf8proc_iterate(BytesOf(text), static_cast<utf8proc_ssize_t>(text.size()),
                                       &character.number);
  character.bytes = text.substr(0, length > 0 ? static_cast<std::size_t>(length) : 1);
  text.remove_prefix(character.bytes.size());
  return character;
}

// `escape` appends what stands for a character that is not seen.
template <typename Escape>
std::string Escaped(std::string_view text, Escape escape) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character character = Take(text);
    if (character.seen()) {
      result += character.bytes;
    } else {
      escape(character, result);
    }
  }
  return result;
}

void AppendBytes(const Character& character, std::string& result) {
  for (const char c : character.bytes) {
    absl::StrAppendFormat(&result, "\\x%02x", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string Printable(std::string_view text) { return Escaped(text, AppendBytes); }

std::string PrintableLines(std::string_view text) {
  return Escaped(text, [](const Character& character, std::string& result) {
    if (character.bytes == "\n") {
      result += '\n';
    } else {
      AppendBytes(character, result);
    }
  });
}

std::string PrintableJson(std::string_view json) {
  return Escaped(json, [](const Character& character, std::string& result) {
    if (character.number < 0x20) {  // Between values, or no text.
      result += character.bytes;
    } else if (character.number < 0x10000) {
      absl::StrAppendFormat(&result, "\\u%04x", character.number);
    } else {
      const auto above = character.number - 0x10000;
      absl::StrAppendFormat(&result, "\\u%04x\\u%04x", 0xD800 + (above >> 10),
                            0xDC00 + (above & 0x3FF));
    }
  });
}

std::string PrintableToml(std::string_view text) {
  return Escaped(text, [](const Character& character, std::string& result) {
    if (character.number < 0) {
      result += character.bytes;
    } else if (character.number < 0x10000) {
      absl::StrAppendFormat(&result, "\\u%04X", character.number);
    } else {
      absl::StrAppendFormat(&result, "\\U%08X", character.number);
    }
  });
}

std::string_view Clipped(std::string_view text, std::size_t columns) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const Character character = Take(rest);
    const int width = character.number < 0 ? 1 : utf8proc_charwidth(character.number);
    const auto wide = static_cast<std::size_t>(width < 0 ? 1 : width);
    if (wide > columns) return text.substr(0, text.size() - before);
    columns -= wide;
  }
  return text;
}

std::string Composed(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length =
      utf8proc_map(BytesOf(text), static_cast<utf8proc_ssize_t>(text.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string result(text);
  if (length >= 0) {
    result.assign(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length));
  }
  std::free(composed);  // utf8proc's own, made by malloc.
  return result;
}

}  // namespace pitser::base
