#pragma once

#include <cstddef>
#include <memory>

#include "server/extender/extender.h"
#include "server/gateway/ksi/service.h"

namespace pitser::server {

// A service that reads the disk, with threads of its own.
class KsiExtendService : public KsiService {
 public:
  // Whether a read came upon stored bytes that contradict their checksum or shape.
  virtual bool SawDamage() const = 0;
  // Answers what waits; what comes after it is refused.
  virtual void Stop() = 0;

 protected:
  using KsiService::KsiService;
};

struct KsiExtendOptions {
  std::size_t read_threads = 2;   // As fast as a disk answers.
  std::size_t max_queued = 1024;  // Requests that wait for one of them.
};

// The extender's service.   Source: spec/ksi-protocol.md 4, 5.2.   All outlive it.
std::unique_ptr<KsiExtendService> NewKsiExtendService(const KsiExtendOptions& options,
                                                      const AccountStore* accounts,
                                                      const Extender* extender,
                                                      const base::Clock* clock);

}  // namespace pitser::server
