#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/arguments.h"
#include "base/build_info.h"
#include "client/block_signer.h"
#include "client/cli/command_line_parts.h"
#include "client/cli/exit_code.h"
#include "client/cli/help.h"
#include "client/cli/settings.h"
#include "ledger/base/bytes.h"

namespace pitser::cli {
namespace internal {

void AddCommon(CLI::App& app, CommonOptions& options) {
  app.add_flag("--json", options.json, "one JSON object for each input, on standard output");
  app.add_flag("-q,--quiet", options.quiet, "no progress, no advice, nothing about what is well");
  app.add_option("--color", options.color, "auto, always or never (default: auto; see NO_COLOR)")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""));
  app.add_option("--config", options.config,
                 "settings file (or: PITSER_CLIENT_CONFIG; default:\n"
                 "~/.config/pitser/pitser.toml)")
      ->type_name("FILE");
}

namespace {

// Breaks a line for the column of help texts.
std::string Wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 76;
  std::string wrapped;
  std::size_t column = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column + word.size() > kWidth) {
      wrapped.back() = '\n';
      column = 0;
    }
    absl::StrAppendFormat(&wrapped, "%s ", word);
    column += word.size() + 1;
  }
  wrapped.pop_back();
  return wrapped;
}

}  // namespace

void AddSetting(CLI::App& app, CommonOptions& options, std::string_view key,
                const std::string& names) {
  const Setting& setting = SettingNamed(key);
  const std::string flag = names.empty() ? setting.flag() : names.substr(names.find("--"));
  const auto take = [&options, key, flag](const std::string& text) {
    options.flags.push_back({.key = std::string(key), .flag = flag, .text = text});
  };
  Settings defaults;
  const base::SettingIn in = setting.In(defaults);
  const std::string value = in.is_switch() ? "" : base::TextOf(in);
  const std::string help = Wrapped(absl::StrFormat("%s (or: %s%s%s)", in.help, in.variable,
                                                   value.empty() ? "" : "; default: ", value));
  const std::string& all_names = names.empty() ? flag : names;
  CLI::Option* const option =
      in.is_switch()
          ? app.add_flag_function(
                all_names, [take](std::int64_t on) { take(on > 0 ? "true" : "false"); }, help)
          : app.add_option_function<std::string>(all_names, take, help)
                ->type_name(std::string(setting.shape));
  option->group(std::string(setting.section));
}

void AddServer(CLI::App& app, CommonOptions& options) {
  AddSetting(app, options, "server");
  AddConnection(app, options);
}

void AddConnection(CLI::App& app, CommonOptions& options) {
  for (const char* key : {"timeout", "tls_ca", "tls_cert", "tls_key", "insecure"}) {
    AddSetting(app, options, key);
  }
}

void AddTrust(CLI::App& app, CommonOptions& common, TrustOptions& options) {
  const std::string group = "Trust";
  AddSetting(app, common, "trust");
  app.add_option("--publications-file", options.publications_file,
                 "publications file to use instead of the folder's")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--trust-anchor", options.trust_anchors,
                 "certificate that its signer must chain to, instead of the folder's (PEM;\n"
                 "may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--publisher-email", options.publisher_emails,
                 "e-mail address that its signer must have, instead of the folder's constraint")
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--publisher-constraint", options.publisher_constraints,
                 "subject attribute that its signer must have (may be repeated)")
      ->type_name("OID=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_flag("--system-trust", options.system_trust,
               "believe the certificates of this system's store (OpenSSL's, as for web sites)\n"
               "instead of the folder's; never done unless asked")
      ->group(group);
  app.add_option("--at", options.at,
                 "time at which the publications file's signature is judged, RFC 3339 or Unix\n"
                 "seconds (default: now)")
      ->type_name("TIME")
      ->group(group);
}

}  // namespace internal

namespace {

using enum ExitCode;
using internal::AddCommon;
using internal::AddServer;
using internal::AddSetting;
using internal::AddTrust;

// One parser for all commands; it owns the options that a parse fills.
class Parser {
 public:
  // `first`: the first argument. When it is one of these commands, only that one is made: the whole
  // takes longer to build than a signature to verify.
  explicit Parser(std::string_view first) {
    Describe(app_, {"pitser COMMAND [OPTIONS]",
                    "Seals documents in time: signs them through a Pitser ledger, verifies and\n"
                    "inspects signatures without one. Only hashes leave this machine.",
                    {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable,
                     kLocalFile, kBug, kInterrupted},
                    {"pitser sign contract.pdf --server 127.0.0.1:7380",
                     "pitser verify contract.pdf --trust pitser-data/trust"}});
    app_.add_flag("-V,--version", version_, "show the version");
    const auto wanted = [&](std::string_view name) { return !IsCommand(first) || first == name; };
    if (wanted("sign")) AddSign();
    if (wanted("verify")) AddVerify();
    if (wanted("extend")) AddExtend();
    if (wanted("inspect")) AddInspect();
    if (wanted("trust")) trust_commands_.emplace(app_);
    if (wanted("config")) AddConfig();
    if (!IsCommand(first)) read_commands_.emplace(app_);
    base::RefuseEmptyValues(
        app_, [](std::string_view flag) { return base::FlagMayBeEmpty(SettingsTable(), flag); });
  }

  absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& arguments) {
    auto help = base::ParseArguments(app_, arguments);
    if (!help.ok()) return UsageError(ledger::ToStd(help.status().message()));
    if (*help) return Information{**std::move(help)};
    if (version_) return Information{absl::StrFormat("pitser %s", base::Version())};
    if (Parsed(sign_)) return CommandOptions(sign_options_);
    if (Parsed(verify_)) return CommandOptions(verify_options_);
    if (Parsed(extend_)) return CommandOptions(extend_options_);
    if (Parsed(inspect_)) return CommandOptions(inspect_options_);
    if (trust_commands_) {
      if (auto options = trust_commands_->Parsed()) return *std::move(options);
    }
    if (Parsed(config_)) return CommandOptions(config_options_);
    if (read_commands_) {
      if (auto options = read_commands_->Parsed()) return *std::move(options);
    }
    return UsageError("a command is missing");
  }

 private:
  static bool IsCommand(std::string_view name) {
    constexpr std::string_view kNames[] = {"sign",    "verify", "extend",
                                           "inspect", "trust",  "config"};
    return std::ranges::find(kNames, name) != std::end(kNames);
  }
  static bool Parsed(const CLI::App* command) { return command != nullptr && command->parsed(); }

  void AddSign();
  void AddSignBatch();
  void AddVerify();
  void AddExtend();
  void AddInspect();
  void AddConfig();

  absl::Status UsageError(std::string_view message) const {
    return Error(kUsage, message, base::CommandOf(app_) + " --help");
  }

  CLI::App app_{"", "pitser"};
  bool version_ = false;
  CLI::App* sign_ = nullptr;
  CLI::App* verify_ = nullptr;
  CLI::App* extend_ = nullptr;
  CLI::App* inspect_ = nullptr;
  CLI::App* config_ = nullptr;
  std::optional<internal::TrustCommands> trust_commands_;
  std::optional<internal::ReadCommands> read_commands_;
  SignOptions sign_options_;
  VerifyOptions verify_options_;
  ExtendOptions extend_options_;
  InspectOptions inspect_options_;
  ConfigOptions config_options_;
};

void Parser::AddSign() {
  sign_ = app_.add_subcommand("sign", "sign documents");
  Describe(
      *sign_,
      {"pitser sign FILE... [--server HOST:PORT] [-o OUT] [--force]\n"
       "       pitser sign -r DIR...\n"
       "       pitser sign --files-from LIST [-0]\n"
       "       pitser sign --hash ALGORITHM:HEX [-o OUT]\n"
       "       pitser sign --batch FILE...|--files-from LIST|--hashes LIST [-o OUT.tar]",
       "Hashes each FILE here, has the hashes signed by the ledger in one round and "
       "writes\nFILE.ksig beside each; many are signed in batches. `-` is standard "
       "input; its signature, and\nthat of a hash, goes to -o or to standard output. "
       "Every signature is checked before it is\nwritten, and a document that cannot "
       "be signed does not keep the others from it.\nWith --batch the documents "
       "become a hash tree here, and the ledger is sent its root alone.",
       {kOk, kFailed, kUsage, kMalformed, kRefused, kUnreachable, kLocalFile, kBug, kInterrupted},
       {"pitser sign contract.pdf --server 127.0.0.1:7380",
        "pitser sign - -o input.ksig --server 127.0.0.1:7380 < contract.pdf"}});
  SignOptions& options = sign_options_;
  sign_->add_option("FILE", options.files, "documents to sign; `-` is standard input");
  sign_
      ->add_option("-o,--output", options.output,
                   "where the signature goes, with a single input; `-` is standard output")
      ->type_name("OUT");
  sign_
      ->add_option("--files-from", options.files_from,
                   "sign the documents that this file names, one a line; `-` is standard input")
      ->type_name("LIST");
  sign_->add_flag("-0,--null", options.null_separated, "names in LIST end with a zero byte");
  sign_->add_flag("-r,--recursive", options.recursive,
                  "FILE may be a folder: every document below it that has no signature yet");
  sign_->add_flag("--sign-signatures", options.sign_signatures,
                  "sign files called .ksig too, which are passed over otherwise");
  sign_->add_flag("-f,--force", options.force,
                  "replace a signature that is there; sign also what changes while it is read");
  sign_->add_option("--hash", options.hash, "sign this hash; the document stays where it is")
      ->type_name("ALGORITHM:HEX");
  AddSignBatch();
  AddSetting(*sign_, options.common, "algorithm");
  AddServer(*sign_, options.common);
  AddSetting(*sign_, options.common, "credentials");
  AddCommon(*sign_, options.common);
}

void Parser::AddSignBatch() {
  const std::string group = "Tree of your own";
  SignOptions& options = sign_options_;
  CLI::Option* const batch =
      sign_
          ->add_flag("--batch", options.batch,
                     "one request for a whole tree of documents; those that have their signature\n"
                     "are passed over; with -o all signatures go into one archive")
          ->group(group);
  sign_
      ->add_option("--hashes", options.hashes,
                   "sign the hashes in this file: lines HEX, or HEX  NAME as sha256sum writes\n"
                   "them; `-` is standard input, -0 says that lines end with a zero byte")
      ->type_name("LIST")
      ->needs(batch)
      ->group(group);
  sign_
      ->add_option("--client-ids", options.client_ids,
                   "put a line of this file into each signature: whose the document is, in plain")
      ->type_name("FILE")
      ->needs(batch)
      ->group(group);
  sign_
      ->add_option("--format", options.format,
                   "of the archive, tar or zip, where its name does not tell")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"tar", "zip"}).description(""))
      ->needs(batch)
      ->group(group);
  sign_
      ->add_flag("--no-masks", options.no_masks,
                 "no blinding masks: neighbours in the tree can try guesses out against your hash")
      ->needs(batch)
      ->group(group);
  sign_
      ->add_option("--tree-leaves", options.tree_leaves,
                   "documents of a tree at most (default: 1048576, of files 65536)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, client::kMaxBlockLeaves).description(""))
      ->needs(batch)
      ->group(group);
}

void Parser::AddVerify() {
  verify_ = app_.add_subcommand("verify", "verify documents with their signatures");
  Describe(*verify_,
           {"pitser verify FILE... [-s SIG] [--trust DIR]\n"
            "       pitser verify -r DIR... [--trust DIR]\n"
            "       pitser verify --files-from LIST [-0] [--trust DIR]\n"
            "       pitser verify --hash ALGORITHM:HEX SIG.ksig\n"
            "       pitser verify SIG.ksig",
            "Verifies each document with its signature (default: FILE.ksig) and says when and "
            "through\nwhom it was signed, and what the trust in that rests on. Needs no network, "
            "unless an extender\nmay be asked (--extend). A name that ends in .ksig is a signature "
            "to be verified with the document\nbeside it: one that is missing is never a yes where "
            "several are verified (3), a single signature\nis then verified alone and that is "
            "said. Several inputs have a line each, and the worst is the exit\ncode. Without "
            "--policy, the strongest that the "
            "evidence at hand allows is applied.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kLocalFile, kBug, kInterrupted},
            {"pitser verify contract.pdf --trust pitser-data/trust",
             "pitser verify contract.pdf.ksig --policy internal --json",
             "pitser verify contract.pdf --trust pitser-data/trust --extend --extender "
             "grpc://127.0.0.1:7380",
             "pitser verify -r . --trust pitser-data/trust --explain"}});
  VerifyOptions& options = verify_options_;
  verify_->add_option("FILE", options.files, "documents, or signatures (.ksig)");
  verify_->add_flag("-r,--recursive", options.recursive,
                    "FILE may be a folder: every signature below it, with the document beside it");
  verify_->add_flag("--require-all", options.require_all,
                    "with -r: a document that has no signature is inconclusive (3), too");
  verify_->add_flag("--signatures-only", options.signatures_only,
                    "verify signatures without their documents, even where those are missing");
  verify_->add_flag("--failures", options.failures,
                    "of several, tell only of those that are not verified, and the sum");
  CLI::Option* const list =
      verify_
          ->add_option("--files-from", options.files_from,
                       "verify what this file names, one a line; `-` is standard input")
          ->type_name("LIST");
  verify_->add_flag("-0,--null", options.null_separated, "names in LIST end with a zero byte")
      ->needs(list);
  verify_->add_option("-s,--signature", options.signature, "the signature, if not FILE.ksig")
      ->type_name("SIG");
  verify_->add_option("--hash", options.hash, "the document's hash, instead of the document")
      ->type_name("ALGORITHM:HEX");
  verify_
      ->add_option("--input-level", options.input_level,
                   "level of the document hash in a tree of its own (default: 0)")
      ->type_name("N")
      ->check(CLI::Range(0, 255).description(""));
  verify_
      ->add_option("--policy", options.policy,
                   "internal, key, publications-file, publication, calendar or general\n"
                   "(default: general, the strongest that the evidence allows)")
      ->type_name("POLICY")
      ->check(CLI::IsMember(
                  {"internal", "key", "publications-file", "publication", "calendar", "general"})
                  .description(""));
  verify_
      ->add_option("--publication", options.publication,
                   "publication code that you hold, e.g. from a newspaper")
      ->type_name("CODE");
  verify_->add_flag("--explain", options.explain, "tell every rule with its verdict");
  verify_->add_flag("--extend", options.extend,
                    "an extender may be asked to lead the signature to a publication");
  verify_
      ->add_option("--extender", options.extender,
                   "the extender to ask, instead of --server; as --extend (grpc://HOST:PORT, or "
                   "ksi+http://, ksi+https://, ksi+tcp://)")
      ->type_name("URL");
  AddServer(*verify_, options.common);
  AddSetting(*verify_, options.common, "credentials");
  AddTrust(*verify_, options.common, options.trust);
  AddCommon(*verify_, options.common);
}

void Parser::AddExtend() {
  extend_ = app_.add_subcommand("extend", "extend signatures to a publication");
  Describe(*extend_,
           {"pitser extend SIG... [--to CODE|TIME] [--server HOST:PORT] [-o OUT]\n"
            "       pitser extend -r DIR...\n"
            "       pitser extend --files-from LIST [-0]",
            "Replaces a key's word by a published root: leads each signature to a publication, by "
            "default\nthe nearest one of a freshly fetched and verified publications file. The "
            "signature is\nreplaced in place, or written to -o; it is verified before that.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile,
             kBug, kInterrupted},
            {"pitser extend contract.pdf.ksig --server 127.0.0.1:7380 --trust pitser-data/trust",
             "pitser extend contract.pdf.ksig -o extended.ksig --server 127.0.0.1:7380 --trust "
             "pitser-data/trust"}});
  ExtendOptions& options = extend_options_;
  extend_->add_option("SIG", options.signatures, "signatures to extend");
  extend_->add_flag("-r,--recursive", options.recursive,
                    "SIG may be a folder: every signature below it");
  CLI::Option* const list =
      extend_
          ->add_option("--files-from", options.files_from,
                       "extend the signatures that this file names, one a line; `-` is standard\n"
                       "input")
          ->type_name("LIST");
  extend_->add_flag("-0,--null", options.null_separated, "names in LIST end with a zero byte")
      ->needs(list);
  extend_
      ->add_option("--to", options.to,
                   "a publication code, or the time of a publication of the file (RFC 3339 or\n"
                   "Unix seconds)")
      ->type_name("CODE|TIME");
  extend_
      ->add_option("-o,--output", options.output,
                   "where the result goes, with a single signature; `-` is standard output")
      ->type_name("OUT");
  extend_->add_flag("-f,--force", options.force, "replace a file at -o");
  AddServer(*extend_, options.common);
  AddSetting(*extend_, options.common, "extender");
  AddSetting(*extend_, options.common, "credentials");
  AddTrust(*extend_, options.common, options.trust);
  AddCommon(*extend_, options.common);
}

void Parser::AddInspect() {
  inspect_ = app_.add_subcommand("inspect", "show what a signature says, unverified");
  Describe(*inspect_,
           {"pitser inspect SIG...",
            "Shows everything that a signature says as a tree, with the values that its "
            "chains give.\nIt verifies nothing: that is `pitser verify`.",
            {kOk, kUsage, kMalformed, kLocalFile, kBug, kInterrupted},
            {"pitser inspect contract.pdf.ksig", "pitser inspect contract.pdf.ksig --json"}});
  InspectOptions& options = inspect_options_;
  inspect_->add_option("SIG", options.signatures, "signatures; `-` is standard input")->required();
  AddCommon(*inspect_, options.common);
}

void Parser::AddConfig() {
  config_ = app_.add_subcommand("config", "show the settings in force and where they come from");
  Describe(*config_,
           {"pitser config [OPTIONS]",
            "Shows every setting that is in force and where its value comes from: a flag counts "
            "more than an\nenvironment variable, that more than the settings file, that more than "
            "the default. What is\nprinted is itself a settings file.",
            {kOk, kUsage, kLocalFile, kBug, kInterrupted},
            {"pitser config", "pitser config --server 127.0.0.1:7380 --json"}});
  ConfigOptions& options = config_options_;
  for (const Setting& setting : SettingsTable()) {
    AddSetting(*config_, options.common, setting.key);
  }
  AddCommon(*config_, options.common);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  const std::vector<std::string> plain = base::PlainArguments(arguments);
  return Parser(plain.empty() ? "" : plain.front()).Parse(plain);
}

}  // namespace pitser::cli
