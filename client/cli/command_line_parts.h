#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "client/cli/options.h"

// What the parsers of commands share. For command_line.cc and its sisters only: it brings CLI11.
namespace pitser::cli::internal {

// Options that several commands have; `options` outlives the parse.
void AddCommon(CLI::App& app, CommonOptions& options);
// Makes a setting a flag of a command: `--tls-ca`, or the names that are given.
void AddSetting(CLI::App& app, CommonOptions& options, std::string_view key,
                const std::string& names = "");
void AddServer(CLI::App& app, CommonOptions& options);
// The same without --server.
void AddConnection(CLI::App& app, CommonOptions& options);
void AddTrust(CLI::App& app, CommonOptions& common, TrustOptions& options);

// trust fetch, archive and show.
class TrustCommands {
 public:
  explicit TrustCommands(CLI::App& app);

  // The options of the one that was parsed, if it was one of these.
  std::optional<CommandOptions> Parsed() const;

 private:
  void AddFetch(CLI::App& trust);
  void AddArchive(CLI::App& trust);
  void AddShow(CLI::App& trust);

  CLI::App* fetch_ = nullptr;
  CLI::App* archive_ = nullptr;
  CLI::App* show_ = nullptr;
  TrustFetchOptions fetch_options_;
  TrustArchiveOptions archive_options_;
  TrustShowOptions show_options_;
};

// The commands that look at a ledger and audit it: publications, server-info, calendar, audit.
class ReadCommands {
 public:
  explicit ReadCommands(CLI::App& app);

  // The options of the one that was parsed, if it was one of these.
  std::optional<CommandOptions> Parsed() const;

 private:
  void AddPublications(CLI::App& app);
  void AddServerInfo(CLI::App& app);
  void AddCalendar(CLI::App& app);
  void AddAudit(CLI::App& app);

  CLI::App* publications_fetch_ = nullptr;
  CLI::App* publications_show_ = nullptr;
  CLI::App* publications_verify_ = nullptr;
  CLI::App* server_info_ = nullptr;
  CLI::App* calendar_head_ = nullptr;
  CLI::App* calendar_leaves_ = nullptr;
  CLI::App* audit_ = nullptr;
  PublicationsFetchOptions publications_fetch_options_;
  PublicationsShowOptions publications_show_options_;
  PublicationsVerifyOptions publications_verify_options_;
  ServerInfoOptions server_info_options_;
  CalendarHeadOptions calendar_head_options_;
  CalendarLeavesOptions calendar_leaves_options_;
  AuditOptions audit_options_;
};

}  // namespace pitser::cli::internal
