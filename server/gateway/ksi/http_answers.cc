#include "server/gateway/ksi/http_answers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "ledger/service/status_codes.h"

namespace pitser::server::internal {
namespace {

namespace service = ledger::service;
using ledger::ToStd;

std::string_view Std(beast::string_view text) { return {text.data(), text.size()}; }
beast::string_view ToBeast(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::string_view kPduType = "application/ksi-response";

// The path of a target, without what follows "?".
std::string_view PathOf(const HttpRequest& request) {
  const std::string_view target = Std(request.target());
  return target.substr(0, target.find('?'));
}

HttpResponse Empty(http::status status, const HttpRequest& request) {
  HttpResponse response(status, request.version());
  response.keep_alive(request.keep_alive());
  return response;
}

HttpResponse PublicationsResponse(const HttpRequest& request, const Publications& publications) {
  const auto file = publications.file();
  const ledger::Bytes bytes = file->bytes();
  const auto digest = ledger::Hash(ledger::HashAlgorithm::kSha256, {bytes});
  const std::string tag =
      digest.ok() ? "\"" + ledger::ToHex(digest->digest().first(16)) + "\"" : std::string();
  const bool known = !tag.empty() && Std(request[http::field::if_none_match]) == tag;
  HttpResponse response = Empty(known ? http::status::not_modified : http::status::ok, request);
  if (!tag.empty()) response.set(http::field::etag, tag);
  if (known) return response;
  response.set(http::field::content_type, "application/octet-stream");
  if (request.method() == http::verb::head) {
    response.content_length(bytes.size());
  } else {
    response.body() = ledger::ToVector(bytes);
    response.prepare_payload();
  }
  return response;
}

HttpResponse PreflightResponse(const HttpRequest& request, const KsiGatewayOptions& options) {
  HttpResponse response = Empty(http::status::no_content, request);
  AllowOrigin(response, request, options);
  response.set(http::field::access_control_allow_methods, "POST, GET, HEAD, OPTIONS");
  response.set(http::field::access_control_allow_headers, "Content-Type, Accept");
  return response;
}

}  // namespace

unsigned HttpStatusOf(const KsiReply& reply) {
  const std::uint64_t status = reply.error.status;
  if (status == service::kSuccess || reply.version1) return 200;
  return status < 0x200 ? 400 : 500;
}

void AllowOrigin(HttpResponse& response, const HttpRequest& request,
                 const KsiGatewayOptions& options) {
  const auto& origins = options.cors_origins;
  if (origins.empty()) return;
  response.set(http::field::vary, "Origin");
  const std::string origin(Std(request[http::field::origin]));
  if (std::ranges::find(origins, "*") != origins.end()) {
    response.set(http::field::access_control_allow_origin, "*");
  } else if (std::ranges::find(origins, origin) != origins.end()) {
    response.set(http::field::access_control_allow_origin, origin);
  }
}

HttpResponse PduResponse(const KsiReply& reply, ledger::ByteVector pdu,
                         const HttpRequest& request) {
  HttpResponse response = Empty(http::int_to_status(HttpStatusOf(reply)), request);
  if (response.result() != http::status::ok) {
    response.reason(service::PrintableMessage(reply.error.message));
  }
  response.set(http::field::content_type, ToBeast(kPduType));
  response.body() = std::move(pdu);
  response.prepare_payload();
  return response;
}

HttpResponse Refusal(http::status status, ledger::ByteVector pdu) {
  HttpResponse response(status, 11);
  response.keep_alive(false);
  response.set(http::field::content_type, ToBeast(kPduType));
  response.body() = std::move(pdu);
  response.prepare_payload();
  return response;
}

HttpResponse OtherResponse(const HttpRequest& request, const SessionContext& context) {
  const KsiGatewayOptions& options = *context.options;
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (reads && PathOf(request) == kPublicationsPath) {
    HttpResponse response = PublicationsResponse(request, *context.publications);
    AllowOrigin(response, request, options);
    return response;
  }
  if (request.method() == http::verb::options && !options.cors_origins.empty()) {
    return PreflightResponse(request, options);
  }
  HttpResponse response = Empty(http::status::method_not_allowed, request);
  response.set(http::field::allow, "POST");
  if (request.method() != http::verb::head) {
    const std::string_view text =
        "This is a KSI service: it takes POST, and GET of /ksi-publications.bin.\n";
    response.set(http::field::content_type, "text/plain");
    response.body() = ledger::ToVector(ledger::AsBytes(text));
  }
  response.prepare_payload();
  return response;
}

}  // namespace pitser::server::internal
