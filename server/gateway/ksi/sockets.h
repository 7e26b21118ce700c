#pragma once

// For the sources of this folder only: Boost.Asio and Beast, in one place.

// Boost.Asio 1.74 uses std::exchange and does not include it.
// clang-format off
#include <utility>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
// clang-format on

namespace pitser::server::internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;

// A connection's own executor: what runs on it runs one after the other.
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Strand>;

}  // namespace pitser::server::internal
