#include "client/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <clocale>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"

namespace pitser::client {
namespace {

using ledger::Bytes;

// What the sink gets at once.
constexpr int kBlockSize = 1 << 20;

struct ArchiveDeleter {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct EntryDeleter {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

// libarchive takes the names of a ZIP for text in the thread's locale; a program has "C" unless it
// says otherwise, where no name but ASCII is text. So this thread's is UTF-8 for a while.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(Utf8())) {}
  ~Utf8Locale() { uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t Utf8() {
    static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    PITSER_CHECK(kUtf8 != nullptr);  // Part of Debian's libc.
    return kUtf8;
  }

  const locale_t previous_;
};

}  // namespace

struct ArchiveWriter::State {
  ArchiveFormat format;
  ByteSink sink;
  absl::Status sink_status;  // Of the first call that the sink failed; it gets no more then.
  std::unique_ptr<archive, ArchiveDeleter> out;
  std::unique_ptr<archive_entry, EntryDeleter> entry;

  // Never tells libarchive of a failure: it would leak its buffers.
  static la_ssize_t Write(archive* /*a*/, void* self, const void* data, std::size_t size) {
    State& state = *static_cast<State*>(self);
    if (state.sink_status.ok()) {
      state.sink_status = state.sink(Bytes(static_cast<const std::uint8_t*>(data), size));
    }
    return static_cast<la_ssize_t>(size);
  }

  absl::Status Done(int result) const {
    return result == ARCHIVE_OK && sink_status.ok() ? absl::OkStatus() : Failed("the archive");
  }

  // Why a call was not done.
  absl::Status Failed(std::string_view what) const {
    if (!sink_status.ok()) return sink_status;
    const char* reason = archive_error_string(out.get());
    return absl::InternalError(
        absl::StrFormat("%s: %s", what, reason == nullptr ? "unknown" : reason));
  }
};

absl::StatusOr<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(ArchiveFormat format,
                                                                     ByteSink sink) {
  auto state = std::make_unique<State>();
  state->format = format;
  state->sink = std::move(sink);
  state->out.reset(archive_write_new());
  state->entry.reset(archive_entry_new());
  PITSER_CHECK(state->out != nullptr && state->entry != nullptr);
  archive* const out = state->out.get();
  const Utf8Locale locale;
  const bool good =
      (format == ArchiveFormat::kTar
           ? archive_write_set_format_gnutar(out) == ARCHIVE_OK
           : archive_write_set_format_zip(out) == ARCHIVE_OK &&
                 archive_write_set_options(out, "zip:compression=store,zip:hdrcharset=UTF-8") ==
                     ARCHIVE_OK) &&
      archive_write_set_bytes_per_block(out, kBlockSize) == ARCHIVE_OK &&
      // Nothing is added to fill up the last piece.
      archive_write_set_bytes_in_last_block(out, 1) == ARCHIVE_OK &&
      archive_write_open(out, state.get(), nullptr, State::Write, nullptr) == ARCHIVE_OK;
  if (!good) return state->Failed("no archive can be made");
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(std::move(state)));
}

ArchiveWriter::ArchiveWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

ArchiveWriter::~ArchiveWriter() {
  // What is not finished is given up: nothing more goes to the sink.
  state_->sink_status.Update(absl::CancelledError("the archive is given up"));
}

absl::Status ArchiveWriter::Add(const std::string& name, Bytes content, std::uint64_t time) {
  if (state_->format == ArchiveFormat::kZip && !ledger::IsUtf8(ledger::AsBytes(name))) {
    return absl::InvalidArgumentError("a name in a ZIP is text in UTF-8; a tar takes any");
  }
  const Utf8Locale locale;
  archive* const out = state_->out.get();
  archive_entry* const entry = state_->entry.get();
  archive_entry_clear(entry);
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  archive_entry_set_mtime(entry, static_cast<time_t>(time), 0);
  if (archive_write_header(out, entry) != ARCHIVE_OK) return state_->Failed("the archive");
  const la_ssize_t put = archive_write_data(out, content.data(), content.size());
  if (put != static_cast<la_ssize_t>(content.size())) return state_->Failed("the archive");
  return state_->Done(archive_write_finish_entry(out));
}

absl::Status ArchiveWriter::Finish() {
  const Utf8Locale locale;
  return state_->Done(archive_write_close(state_->out.get()));
}

}  // namespace pitser::client
