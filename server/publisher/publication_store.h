#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/publications_file.h"

namespace pitser::server {

// Every publication and every calendar certificate that a ledger ever listed, in a file beside the
// calendar that only grows: what a lost, damaged or older publications file is made good by, and
// what finds out an older calendar. It is not signed, so nobody but the node's user may write or
// read it (0600): what it lists gets into a file that is.
//
// The file: "PTSRPUBL" || be64 version, then frames, each written and synced in one go:
//   be32 size || be32 ~size || payload || SHA-256 imprint of (the header, or the imprint of the
//   frame before) || payload
// The payload is TLV elements: 0x01 an X.509 certificate (DER), 0x703 a publication record as in a
// publications file. Version 1 is read as long as there are such files.
// Thread: one at a time.
class PublicationStore {
 public:
  // Reads it; a file that is not there is an empty store, and is made by the first Keep(). A frame
  // that a crash tore off at the end was never handed out and does not count.
  // Errors: kFailedPrecondition for a damaged file and for one of a newer version, saying what to
  //         do; kDataLoss when it contradicts itself; the system's.
  static absl::StatusOr<std::unique_ptr<PublicationStore>> Open(const std::string& path);

  // Whether there is a file.
  bool there() const { return size_ > 0; }
  // The time of the newest publication.
  std::optional<std::uint64_t> newest() const;

  // Takes in what it does not have yet; on disk when it returns OK.
  // Errors: kDataLoss when there is another root for a second (CheckAgrees()); the system's.
  absl::Status Keep(const ledger::PublicationsFileContent& content);

  // Adds to `content` what it lacks, the publications by ascending time; returns how many
  // publications and certificates that were.
  // Errors: kDataLoss when there is another root for a second.
  absl::StatusOr<std::size_t> Complete(ledger::PublicationsFileContent& content) const;

 private:
  explicit PublicationStore(std::string path) : path_(std::move(path)) {}

  absl::Status Load(ledger::Bytes bytes);
  absl::Status TakeFrame(ledger::Bytes payload);
  absl::Status CheckAgrees(const ledger::PublicationsFileContent& content) const;
  absl::Status Append(ledger::Bytes payload);

  const std::string path_;
  std::size_t size_ = 0;      // Of what is whole; 0: there is no file.
  ledger::ByteVector chain_;  // The header, or the newest frame's imprint.
  std::map<std::uint64_t, ledger::PublicationRecord> publications_;
  std::set<std::string> known_;                          // Certificates.
  std::vector<ledger::CertificateRecord> certificates_;  // In the order in which they came.
};

}  // namespace pitser::server
