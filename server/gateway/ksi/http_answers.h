#pragma once

#include <boost/beast/http.hpp>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ledger/format/publications_file.h"
#include "server/gateway/ksi/session.h"
#include "server/gateway/ksi/sockets.h"

// What is answered over HTTP, without the connection. For the sources of this folder only.
namespace pitser::server::internal {

namespace http = boost::beast::http;

using HttpRequest = http::request<http::vector_body<std::uint8_t>>;
using HttpResponse = http::response<http::vector_body<std::uint8_t>>;

inline constexpr std::string_view kPublicationsPath = "/ksi-publications.bin";

// The HTTP status of an answer.   Source: spec/ksi-protocol.md 6.2.
unsigned HttpStatusOf(const KsiReply& reply);

// The answer to a POST. Its reason phrase says what is wrong: some clients show nothing else.
HttpResponse PduResponse(const KsiReply& reply, ledger::ByteVector pdu, const HttpRequest& request);

// The answer to anything else: the publications file, what browsers ask before they POST, a
// refusal.
HttpResponse OtherResponse(const HttpRequest& request, const SessionContext& context);

// A refusal of what is not even HTTP, or too long.
HttpResponse Refusal(http::status status, ledger::ByteVector pdu);

// Says which web page may read the answer, where operators allow any.
void AllowOrigin(HttpResponse& response, const HttpRequest& request,
                 const KsiGatewayOptions& options);

}  // namespace pitser::server::internal
