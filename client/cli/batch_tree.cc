#include "client/cli/batch_tree.h"

#include <utility>

#include "ledger/base/check.h"

namespace pitser::cli {
namespace {

ledger::StreamHasher MakeHasher() {
  auto hasher = ledger::StreamHasher::Create(ledger::HashAlgorithm::kSha256);
  PITSER_CHECK(hasher.ok());
  return *std::move(hasher);
}

}  // namespace

BatchTree::BatchTree() : hasher_(MakeHasher()) {}

void BatchTree::Add(const BatchDocument& document, bool is_leaf) {
  ledger::ByteVector head;
  ledger::AppendBe64(head, document.name.size());
  ledger::AppendBe64(head, document.client_id.size());
  hasher_.Update(head);
  hasher_.Update(ledger::AsBytes(document.name));
  hasher_.Update(ledger::AsBytes(document.client_id));
  if (document.listed) hasher_.Update(document.hash->bytes());
  taken_.push_back(is_leaf ? 1 : 0);
  if (is_leaf) names_.Add(document.name);
}

ledger::Imprint BatchTree::Take(FlatNames& names, ledger::ByteVector& taken) {
  names = std::exchange(names_, {});
  taken = std::exchange(taken_, {});
  return hasher_.Finish();
}

}  // namespace pitser::cli
