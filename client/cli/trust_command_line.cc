#include "client/cli/command_line_parts.h"
#include "client/cli/help.h"

namespace pitser::cli::internal {

using enum ExitCode;

TrustCommands::TrustCommands(CLI::App& app) {
  CLI::App* trust = app.add_subcommand("trust", "fetch, keep or show whom to believe");
  trust->require_subcommand(1);
  Describe(*trust, {"pitser trust fetch --server HOST:PORT [-o DIR]\n"
                    "       pitser trust archive -o DIR [--trust DIR]\n"
                    "       pitser trust show [--trust DIR]",
                    "Whom to believe: a root certificate, the name of the publications file's "
                    "signer, and the\nnewest publications file, in a folder.",
                    {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable,
                     kLocalFile, kBug, kInterrupted},
                    {"pitser trust fetch --server 127.0.0.1:7380 --accept-first-use",
                     "pitser trust show --trust pitser-data/trust"}});
  AddFetch(*trust);
  AddArchive(*trust);
  AddShow(*trust);
}

std::optional<CommandOptions> TrustCommands::Parsed() const {
  if (fetch_->parsed()) return fetch_options_;
  if (archive_->parsed()) return archive_options_;
  if (show_->parsed()) return show_options_;
  return std::nullopt;
}

void TrustCommands::AddFetch(CLI::App& trust) {
  fetch_ = trust.add_subcommand("fetch", "fetch it from a server, have a person agree");
  Describe(*fetch_,
           {"pitser trust fetch --server HOST:PORT [-o DIR] [--fingerprint CODE]",
            "Fetches root, constraint and publications file and shows a code over root and "
            "constraint, to be\ncompared with one that came another way. It is taken by "
            "--fingerprint, by a person's yes on\na terminal, or blindly by --accept-first-use: "
            "then every verdict says so. A root that was\naccepted before is replaced only by "
            "--replace.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kRefused, kUnreachable, kLocalFile,
             kBug, kInterrupted},
            {"pitser trust fetch --server 127.0.0.1:7380 --accept-first-use -o trust",
             "pitser trust fetch --server 127.0.0.1:7380 -o trust --accept-first-use --replace"}});
  TrustFetchOptions& options = fetch_options_;
  AddSetting(*fetch_, options.common, "trust", "-o,--output");
  fetch_
      ->add_option("--fingerprint", options.fingerprint,
                   "the code that the ledger's operator gave you; or the SHA-256 of the root\n"
                   "certificate, together with who may publish under it")
      ->type_name("CODE");
  fetch_
      ->add_option("--publisher-email", options.publisher_emails,
                   "e-mail address of who signs the publications file, instead of what the\n"
                   "server says")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  fetch_
      ->add_option("--publisher-constraint", options.publisher_constraints,
                   "subject attribute that its signer must have (may be repeated)")
      ->type_name("OID=VALUE")
      ->allow_extra_args(false);
  fetch_->add_flag("--accept-first-use", options.accept_first_use,
                   "take an unknown root without comparing it");
  fetch_->add_flag("--replace", options.replace, "replace another root that was accepted");
  AddServer(*fetch_, options.common);
  AddCommon(*fetch_, options.common);
}

void TrustCommands::AddArchive(CLI::App& trust) {
  archive_ = trust.add_subcommand("archive", "make a folder that proves after its signer's end");
  Describe(*archive_,
           {"pitser trust archive -o DIR [--trust DIR]\n"
            "       pitser trust archive -o DIR --seal SIG (--publication CODE | --seal-trust DIR)",
            "Makes a trust folder to keep: root, constraint, publications file, and a record of "
            "what was\nverified and when, which counts when the certificate of the file's signer "
            "has ended. If it\nhas ended already, a seal proves that the file was there before: "
            "a signature of\npublications.bin that leads to a publication whose code you kept, "
            "or that another trust\nfolder believes. Says what the folder rests on.",
            {kOk, kFailed, kUsage, kInconclusive, kMalformed, kLocalFile, kBug, kInterrupted},
            {"pitser trust archive --trust pitser-data/trust -o archive",
             "pitser trust archive --trust pitser-data/trust -o other-archive --json"}});
  TrustArchiveOptions& options = archive_options_;
  archive_->add_option("-o,--output", options.output, "the folder to make")
      ->type_name("DIR")
      ->required();
  archive_->add_option("--seal", options.seal, "a signature of the publications file")
      ->type_name("SIG");
  archive_
      ->add_option("--publication", options.publication,
                   "the code, as you kept it, of the publication that the seal leads to")
      ->type_name("CODE");
  archive_
      ->add_option("--seal-trust", options.seal_trust,
                   "whom the seal is verified with: the folder of another ledger, or one with a\n"
                   "later publications file")
      ->type_name("DIR");
  AddSetting(*archive_, options.common, "trust");
  AddCommon(*archive_, options.common);
}

void TrustCommands::AddShow(CLI::App& trust) {
  show_ = trust.add_subcommand("show", "show what is in a trust folder");
  Describe(*show_, {"pitser trust show [--trust DIR]",
                    "Shows the code over root and constraint, how they were accepted, and what the "
                    "publications\nfile holds.",
                    {kOk, kUsage, kInconclusive, kMalformed, kLocalFile, kBug, kInterrupted},
                    {"pitser trust show --trust pitser-data/trust",
                     "pitser trust show --trust pitser-data/trust --json"}});
  TrustShowOptions& options = show_options_;
  AddSetting(*show_, options.common, "trust");
  AddCommon(*show_, options.common);
}

}  // namespace pitser::cli::internal
