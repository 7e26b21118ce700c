#pragma once

#include <string>

#include "absl/time/time.h"
#include "net/endpoint.h"

namespace pitser::net {

// How a client speaks with a server that it did not reach.
struct Approach {
  enum class Protocol { kGrpc, kKsiHttp, kKsiTcp };
  Endpoint endpoint;
  Protocol protocol = Protocol::kGrpc;
  bool tls = false;
  // As in ChannelOptions: PEM texts, empty where there is none.
  std::string ca_pem, certificate_pem, key_pem;
};

// Why, for a person: what stands in the way, and what to do. Both empty: nothing does, the server
// is there and speaks as the client does.
struct Diagnosis {
  std::string cause, advice;
};

// Asks what answers at an address, once, after a call has failed: gRPC tells a refused certificate,
// a wrong port and a server that is gone by the same status. Connects directly, by no proxy, at
// most three times, and takes at most `timeout` for each step. Thread: any.
Diagnosis Diagnose(const Approach& approach, absl::Duration timeout);

}  // namespace pitser::net
