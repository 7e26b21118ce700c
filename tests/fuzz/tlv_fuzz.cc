#include "ledger/base/check.h"
#include "ledger/format/tlv.h"
#include "tests/fuzz/target.h"

// Elements as such: the reader walks what the writer writes, and the values that are read are
// written as they were.
namespace pitser::fuzz {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Element;
using ledger::TlvReader;

Element Only(const ByteVector& bytes) {
  TlvReader reader(bytes);
  const auto element = reader.Next();
  PITSER_CHECK(element.ok() && reader.done());
  return *element;
}

void CheckValues(const Element& element) {
  ByteVector written;
  if (const auto number = ReadInt(element, "number"); number.ok()) {
    ledger::WriteInt(written, element.type, *number);
    PITSER_CHECK(ledger::Equal(Only(written).value, element.value));
  }
  written.clear();
  if (const auto text = ReadText(element, "text", true); text.ok()) {
    ledger::WriteText(written, element.type, *text);
    PITSER_CHECK(ledger::Equal(Only(written).value, element.value));
    PITSER_CHECK(ReadText(element, "text", false).ok() == !text->empty());
  }
  written.clear();
  if (const auto imprint = ReadImprint(element, "imprint"); imprint.ok()) {
    ledger::WriteImprint(written, element.type, *imprint);
    PITSER_CHECK(ledger::Equal(Only(written).value, element.value));
  }
  if (const auto algorithm = ReadAlgorithm(element, "algorithm"); algorithm.ok()) {
    PITSER_CHECK(*ReadInt(element, "algorithm") == static_cast<std::uint64_t>(*algorithm));
  }
}

void CheckRewritten(const Element& element) {
  ByteVector written;
  ledger::WriteElement(written, element.type, element.value,
                       {.non_critical = element.non_critical, .forward = element.forward});
  PITSER_CHECK(written.size() <= element.raw.size());  // The shortest header.
  PITSER_CHECK(written.size() == ledger::EncodedSize(element.type, element.value.size()));
  const Element again = Only(written);
  PITSER_CHECK(again.type == element.type && again.forward == element.forward &&
               again.non_critical == element.non_critical &&
               ledger::Equal(again.value, element.value));
}

// How many elements lie in each other is the input's choice: walked by hand, not on the stack.
void Walk(Bytes input) {
  TlvReader reader(input);
  std::size_t offset = 0;
  while (!reader.done()) {
    const auto element = reader.Next();
    if (!element.ok()) {
      PITSER_CHECK(element.status().code() == absl::StatusCode::kInvalidArgument);
      return;
    }
    PITSER_CHECK(element->offset == offset);
    PITSER_CHECK(element->raw.data() == input.data() + offset);
    PITSER_CHECK(element->value.data() + element->value.size() ==
                 element->raw.data() + element->raw.size());
    offset += element->raw.size();
    PITSER_CHECK(offset <= input.size());
    CheckRewritten(*element);
    CheckValues(*element);
  }
  PITSER_CHECK(offset == input.size());
}

}  // namespace

PITSER_FUZZ_TARGET(tlv) {
  Walk(input);
  // The same one level down, as far as it goes.
  Bytes inner = input;
  while (!inner.empty()) {
    TlvReader reader(inner);
    const auto first = reader.Next();
    if (!first.ok()) break;
    inner = first->value;
    Walk(inner);
  }
}

}  // namespace pitser::fuzz
