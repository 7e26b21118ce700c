#include "client/cli/command_line_parts.h"
#include "client/cli/help.h"

namespace pitser::cli::internal {

using enum ExitCode;

ReadCommands::ReadCommands(CLI::App& app) {
  AddPublications(app);
  AddServerInfo(app);
  AddCalendar(app);
  AddAudit(app);
}

std::optional<CommandOptions> ReadCommands::Parsed() const {
  if (publications_fetch_->parsed()) return publications_fetch_options_;
  if (publications_show_->parsed()) return publications_show_options_;
  if (publications_verify_->parsed()) return publications_verify_options_;
  if (server_info_->parsed()) return server_info_options_;
  if (calendar_head_->parsed()) return calendar_head_options_;
  if (calendar_leaves_->parsed()) return calendar_leaves_options_;
  if (audit_->parsed()) return audit_options_;
  return std::nullopt;
}

void ReadCommands::AddPublications(CLI::App& app) {
  CLI::App* publications =
      app.add_subcommand("publications", "fetch, show or verify a publications file");
  publications->require_subcommand(1);
  Describe(*publications,
           {"pitser publications fetch [-o FILE]\n"
            "       pitser publications show [FILE]\n"
            "       pitser publications verify [FILE]",
            "The publications of a ledger: the calendar roots that it may be held to for ever.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile,
             kBug, kInterrupted},
            {"pitser publications show pitser-data/trust/publications.bin",
             "pitser publications verify --trust pitser-data/trust"}});

  publications_fetch_ = publications->add_subcommand("fetch", "fetch it from a server, verified");
  Describe(
      *publications_fetch_,
      {"pitser publications fetch [--server HOST:PORT] [--trust DIR] [-o FILE]",
       "Fetches the publications file, verifies it with the trust folder and keeps it there, or "
       "in\n-o FILE. A file that lacks a publication which the one at hand has is refused: "
       "publications\nare never taken back.",
       {kOk, kFailed, kUsage, kMalformed, kRefused, kUnreachable, kLocalFile, kBug, kInterrupted},
       {"pitser publications fetch --server 127.0.0.1:7380 --trust pitser-data/trust -o p.bin",
        "pitser publications fetch --server 127.0.0.1:7380 --trust pitser-data/trust -o p.bin "
        "--json"}});
  PublicationsFetchOptions& fetch = publications_fetch_options_;
  publications_fetch_
      ->add_option("-o,--output", fetch.output,
                   "where it goes; what is there must be an older one (default: the trust folder,\n"
                   "if `pitser trust fetch` made it); `-` is standard output")
      ->type_name("FILE");
  AddServer(*publications_fetch_, fetch.common);
  AddSetting(*publications_fetch_, fetch.common, "extender");
  AddSetting(*publications_fetch_, fetch.common, "credentials");
  AddTrust(*publications_fetch_, fetch.common, fetch.trust);
  AddCommon(*publications_fetch_, fetch.common);

  publications_show_ = publications->add_subcommand("show", "show publications, unverified");
  Describe(*publications_show_,
           {"pitser publications show [FILE] [--last N]\n"
            "       pitser publications show --server HOST:PORT [--last N]",
            "Shows the publications of a file or, without FILE, those that a server lists: time, "
            "code and\nwhere each can be looked up. It verifies nothing.",
            {kOk, kUsage, kMalformed, kRefused, kUnreachable, kLocalFile, kBug, kInterrupted},
            {"pitser publications show pitser-data/trust/publications.bin",
             "pitser publications show --server 127.0.0.1:7380 --last 10"}});
  PublicationsShowOptions& show = publications_show_options_;
  publications_show_->add_option("FILE", show.file, "publications file; `-` is standard input");
  publications_show_->add_option("--last", show.last, "only so many of the newest")
      ->type_name("N")
      ->check(CLI::Range(1u, 4'000'000'000u).description(""));
  AddServer(*publications_show_, show.common);
  AddCommon(*publications_show_, show.common);

  publications_verify_ = publications->add_subcommand("verify", "verify its signature, offline");
  Describe(*publications_verify_,
           {"pitser publications verify [FILE] [--trust DIR]",
            "Verifies the signature of a publications file (default: the trust folder's) with what "
            "is\ntrusted: its signer's certificate must lead to the root, and its subject must say "
            "what the\nconstraint asks for. Needs no network.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kLocalFile, kBug, kInterrupted},
            {"pitser publications verify --trust pitser-data/trust",
             "pitser publications verify pitser-data/trust/publications.bin --trust "
             "pitser-data/trust --json"}});
  PublicationsVerifyOptions& verify = publications_verify_options_;
  publications_verify_->add_option("FILE", verify.file, "publications file; `-` is standard input");
  AddTrust(*publications_verify_, verify.common, verify.trust);
  AddCommon(*publications_verify_, verify.common);
}

void ReadCommands::AddServerInfo(CLI::App& app) {
  server_info_ = app.add_subcommand("server-info", "show what a server is and what its limits are");
  Describe(*server_info_,
           {"pitser server-info [--server HOST:PORT]",
            "Shows the server's version, round length, clock, root fingerprint, algorithms and "
            "limits.",
            {kOk, kUsage, kMalformed, kRefused, kUnreachable, kLocalFile, kBug, kInterrupted},
            {"pitser server-info --server 127.0.0.1:7380",
             "pitser server-info --server 127.0.0.1:7380 --json"}});
  AddServer(*server_info_, server_info_options_.common);
  AddCommon(*server_info_, server_info_options_.common);
}

void ReadCommands::AddCalendar(CLI::App& app) {
  CLI::App* calendar = app.add_subcommand("calendar", "show a ledger's head or its leaves");
  calendar->require_subcommand(1);
  Describe(
      *calendar,
      {"pitser calendar head [--server HOST:PORT]\n"
       "       pitser calendar leaves [--since TIME] [--to TIME] [-o FILE]",
       "The calendar itself: one leaf a second. `pitser audit` recomputes what follows from it.",
       {kOk, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile, kBug,
        kInterrupted},
       {"pitser calendar head --server 127.0.0.1:7380",
        "pitser calendar leaves --server 127.0.0.1:7380 -o calendar.leaves"}});

  calendar_head_ = calendar->add_subcommand("head", "show the newest closed second and its root");
  Describe(*calendar_head_,
           {"pitser calendar head [--server HOST:PORT]",
            "Shows the newest closed second, its calendar root, and both as a publication code.",
            {kOk, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile, kBug,
             kInterrupted},
            {"pitser calendar head --server 127.0.0.1:7380",
             "pitser calendar head --server 127.0.0.1:7380 --json"}});
  AddServer(*calendar_head_, calendar_head_options_.common);
  AddCommon(*calendar_head_, calendar_head_options_.common);

  calendar_leaves_ = calendar->add_subcommand("leaves", "show or keep the leaves of a range");
  Describe(*calendar_leaves_,
           {"pitser calendar leaves [--since TIME] [--to TIME] [-o FILE]",
            "Shows the leaves of a range of seconds, one a line, or keeps them in a file that "
            "`pitser\naudit --leaves` replays. Seconds in a row that have no leaf are one line. "
            "With --json each\nrun of seconds is a line, and the last line says how it ended.",
            {kOk, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile, kBug,
             kInterrupted},
            {"pitser calendar leaves --server 127.0.0.1:7380",
             "pitser calendar leaves --server 127.0.0.1:7380 -o calendar.leaves --json"}});
  CalendarLeavesOptions& leaves = calendar_leaves_options_;
  calendar_leaves_
      ->add_option("--since", leaves.since, "first second, RFC 3339 or Unix (default: 0)")
      ->type_name("TIME");
  calendar_leaves_->add_option("--to", leaves.to, "last second (default: the newest closed one)")
      ->type_name("TIME");
  calendar_leaves_
      ->add_option("-o,--output", leaves.output, "file of leaves; `-` is standard output")
      ->type_name("FILE");
  calendar_leaves_->add_flag("-f,--force", leaves.force, "replace a file that is there");
  AddServer(*calendar_leaves_, leaves.common);
  AddCommon(*calendar_leaves_, leaves.common);
}

void ReadCommands::AddAudit(CLI::App& app) {
  audit_ = app.add_subcommand("audit", "replay a ledger and hold it to what it published");
  Describe(
      *audit_,
      {"pitser audit [--server HOST:PORT] [--since TIME] [--to TIME] [--trust DIR]\n"
       "       pitser audit --server HOST:PORT --server HOST:PORT [--proof FILE]\n"
       "       pitser audit --leaves FILE\n"
       "       pitser audit --check-proof FILE",
       "Replays the calendar leaf by leaf, recomputes every root, and holds the ledger to its\n"
       "publications, to codes and signatures that you kept, and to what it told the last "
       "time.\nIt keeps its place, and goes on from there. Two servers must tell the same "
       "leaves; if they\ndo not, the proof goes into a file.",
       {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile, kBug,
        kInterrupted},
       {"pitser audit --server 127.0.0.1:7380 --trust pitser-data/trust",
        "pitser audit --server 127.0.0.1:7380 --trust pitser-data/trust --signature "
        "contract.pdf.ksig --no-state --json"}});
  AuditOptions& options = audit_options_;
  audit_
      ->add_option("--server", options.servers,
                   "the ledger (or: PITSER_SERVER, `server` in settings); twice: two nodes of it")
      ->type_name("HOST:PORT")
      ->allow_extra_args(false)
      ->group("Server");
  AddConnection(*audit_, options.common);
  audit_
      ->add_option("--leaves", options.leaves,
                   "replay a file of `pitser calendar leaves`; no server is asked")
      ->type_name("FILE");
  audit_
      ->add_option("--publication", options.publications,
                   "publication code that you hold (may be repeated)")
      ->type_name("CODE")
      ->allow_extra_args(false);
  audit_
      ->add_option("--signature", options.signatures,
                   "signature whose record and leaf are to be right (may be repeated)")
      ->type_name("SIG")
      ->allow_extra_args(false);
  audit_
      ->add_option("--since", options.since,
                   "replay from this second on, 0: all (default: where the last audit stopped)")
      ->type_name("TIME");
  audit_->add_option("--to", options.to, "up to this second (default: the newest closed one)")
      ->type_name("TIME");
  audit_
      ->add_option("--state", options.state,
                   "where the place is kept (default: ~/.local/state/pitser/audit-SERVER.state)")
      ->type_name("FILE");
  audit_->add_flag("--no-state", options.no_state, "start anew, keep nothing");
  audit_
      ->add_option("--proof", options.proof,
                   "where the proof goes when two servers differ (default: beside the states)")
      ->type_name("FILE");
  audit_
      ->add_option("--check-proof", options.check_proof,
                   "check such a proof, offline; nothing is audited")
      ->type_name("FILE");
  AddTrust(*audit_, options.common, options.trust);
  AddCommon(*audit_, options.common);
}

}  // namespace pitser::cli::internal
