#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pitser::base {

// Text of somebody else - a file's name, a certificate's subject, a server's message - fit for a
// terminal: what moves the cursor, turns the direction of writing or is not seen (control and
// format characters, separators of lines, characters that are none), and bytes that are no UTF-8,
// are shown as \xNN. New lines too, so that no name can look like a line of ours.
std::string Printable(std::string_view text);

// The same without the new lines: a message of ours that has several lines.
std::string PrintableLines(std::string_view text);

// JSON, or a string of TOML between its quotes, in which all that has to be escaped is: what a
// terminal must not have is written as \uNNNN too, which reads back as the same.
std::string PrintableJson(std::string_view json);
std::string PrintableToml(std::string_view text);

// As much of a printable text as fits into so many columns of a terminal.
std::string_view Clipped(std::string_view text, std::size_t columns);

// Text in Unicode's composed normal form (NFC): two names that look the same, as other systems
// write them, become one. What is no UTF-8 stays as it is.
std::string Composed(std::string_view text);

}  // namespace pitser::base
