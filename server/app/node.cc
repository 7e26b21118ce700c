#include "server/app/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/ticker.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "server/accounts/account_store.h"
#include "server/aggregator/aggregator.h"
#include "server/app/control_socket.h"
#include "server/app/data_folder.h"
#include "server/app/descriptors.h"
#include "server/app/folder_watch.h"
#include "server/app/genesis.h"
#include "server/app/key_keeper.h"
#include "server/app/key_settings.h"
#include "server/app/ksi_settings.h"
#include "server/app/node_status.h"
#include "server/app/operated.h"
#include "server/app/parent_settings.h"
#include "server/core/core.h"
#include "server/extender/calendar_extender.h"
#include "server/gateway/grpc/account.h"
#include "server/gateway/grpc/gateway.h"
#include "server/gateway/ksi/gateway.h"
#include "server/gateway/refusal_log.h"
#include "server/keys/key_set.h"
#include "server/parent/parent_extender.h"
#include "server/parent/parent_publications.h"
#include "server/parent/parent_signing.h"
#include "server/publisher/publisher.h"
#include "server/publisher/schedule.h"
#include "storage/calendar.h"

namespace pitser::server {
namespace {

constexpr std::size_t kMaxPemSize = std::size_t{1} << 20;
constexpr absl::Duration kTellHealthEvery = absl::Seconds(1);
// Each waits for the parent while it answers one extension.
constexpr std::size_t kThreadsThatAskTheParent = 16;

// A PEM file of the TLS settings; nothing for an empty name.
absl::StatusOr<std::string> ReadPem(std::string_view key, const std::string& path) {
  if (path.empty()) return std::string();
  auto text = base::ReadFile(path, kMaxPemSize);
  if (!text.ok()) return ledger::Annotate(text.status(), key);
  return std::string(ledger::WithoutByteOrderMark(*text));
}

absl::StatusOr<std::optional<GrpcTls>> ReadTls(const Settings& settings) {
  if (settings.tls_cert.empty() != settings.tls_key.empty()) {
    return absl::InvalidArgumentError("tls_cert and tls_key go together: one of them is missing");
  }
  if (settings.tls_cert.empty()) {
    if (settings.tls_client_ca.empty()) return std::optional<GrpcTls>();
    return absl::InvalidArgumentError("tls_client_ca needs tls_cert and tls_key");
  }
  GrpcTls tls;
  PITSER_ASSIGN_OR_RETURN(tls.certificate_pem, ReadPem("tls_cert", settings.tls_cert));
  auto key = base::ReadSecretFile(settings.tls_key, kMaxPemSize);
  if (!key.ok()) return ledger::Annotate(key.status(), "tls_key");
  tls.key_pem = std::string(ledger::WithoutByteOrderMark(*key));
  PITSER_ASSIGN_OR_RETURN(tls.client_ca_pem, ReadPem("tls_client_ca", settings.tls_client_ca));
  return std::optional<GrpcTls>(std::move(tls));
}

absl::StatusOr<GrpcGatewayOptions> GatewayOptions(const Settings& settings) {
  if (settings.max_batch > settings.max_batch_digests) {
    return absl::InvalidArgumentError("max_batch_digests: expected at least max_batch");
  }
  GrpcGatewayOptions options;
  const auto listen = net::ParseEndpoint(settings.grpc_listen, /*allow_port_zero=*/true);
  if (!listen.ok()) return ledger::Annotate(listen.status(), "grpc_listen");
  options.listen = *listen;
  PITSER_ASSIGN_OR_RETURN(options.tls, ReadTls(settings));
  options.insecure_listen = settings.insecure_listen;
  PITSER_RETURN_IF_ERROR(ledger::Annotate(CheckAccountName(settings.account), "account"));
  options.default_account = settings.account;
  options.limits.max_pending = settings.max_pending;
  options.limits.max_level = static_cast<std::uint32_t>(settings.max_level);
  options.limits.max_message_bytes = settings.max_message_bytes;
  options.limits.max_streams_per_connection =
      static_cast<std::uint32_t>(settings.max_streams_per_connection);
  options.limits.max_batch = static_cast<std::uint32_t>(settings.max_batch);
  options.limits.max_batch_digests = settings.max_batch_digests;
  options.limits.max_stream_in_flight = static_cast<std::uint32_t>(settings.max_stream_in_flight);
  options.limits.max_stream_unsent_bytes = settings.max_stream_unsent_bytes;
  options.limits.stream_stall_ms = static_cast<std::uint32_t>(settings.stream_stall_ms);
  options.limits.max_queued_reads = static_cast<std::uint32_t>(settings.max_queued_reads);
  options.limits.max_calendar_streams = static_cast<std::uint32_t>(settings.max_calendar_streams);
  options.limits.max_publication_streams =
      static_cast<std::uint32_t>(settings.max_publication_streams);
  options.limits.max_grpc_memory_bytes = settings.max_grpc_memory_bytes;
  options.version = absl::StrCat("pitserd ", ledger::ToAbsl(base::Version()));
  options.round_length = absl::Seconds(static_cast<std::int64_t>(settings.round_seconds));
  if (!settings.parent.empty()) options.read_threads = kThreadsThatAskTheParent;
  PITSER_RETURN_IF_ERROR(CheckListener(options));
  return options;
}

// The same certificate serves all faces; clients of the KSI protocol show none.
std::optional<KsiTls> KsiTlsOf(const std::optional<GrpcTls>& tls) {
  if (!tls) return std::nullopt;
  return KsiTls{tls->certificate_pem, tls->key_pem};
}

ClockRules RulesOf(const Settings& settings) {
  ClockRules rules;
  rules.max_step_forward = settings.max_clock_step;
  rules.max_behind = settings.max_clock_behind;
  rules.max_gap = settings.max_gap;
  rules.accept_gap = settings.accept_gap;
  return rules;
}

AggregatorOptions RoundOptions(const Settings& settings) {
  AggregatorOptions options;
  options.round_seconds = static_cast<std::uint32_t>(settings.round_seconds);
  options.max_pending = static_cast<std::size_t>(settings.max_pending);
  options.max_level = static_cast<ledger::Level>(settings.max_level);
  options.node_name = settings.machine_id;
  options.max_behind = settings.max_clock_behind;
  return options;
}

Account Anonymous(const Settings& settings) {
  Account account = AnonymousAccount();
  account.max_level = static_cast<ledger::Level>(settings.anonymous_max_level);
  account.max_requests = static_cast<std::uint32_t>(settings.anonymous_max_requests);
  return account;
}

std::uint64_t NowSeconds(const base::Clock& clock) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(clock.Now())));
}

// kInvalidArgument is what settings are refused with; malformed files are not of their doing.
absl::Status NotAboutSettings(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? absl::FailedPreconditionError(status.message()) : status;
}

class NodeImpl final : public Node, private Operated {
 public:
  explicit NodeImpl(const Settings& settings) : settings_(settings) {}
  ~NodeImpl() override { Stop(); }

  absl::Status Start(const Environment& environment) {
    // What the settings say is checked before anything is made.
    PITSER_ASSIGN_OR_RETURN(GrpcGatewayOptions gateway, GatewayOptions(settings_));
    PITSER_ASSIGN_OR_RETURN(KsiGatewayOptions ksi, KsiOptions(settings_, KsiTlsOf(gateway.tls)));
    ksi.limits.read_threads = gateway.read_threads;
    PITSER_ASSIGN_OR_RETURN(parent_options_, ParentOptionsOf(settings_));
    if (settings_.publish_every % absl::Seconds(1) != absl::ZeroDuration()) {
      return absl::InvalidArgumentError("publish_every: expected whole seconds");
    }
    if (settings_.parent.empty() && !settings_.test_schedule) {
      PITSER_RETURN_IF_ERROR(
          CheckSchedule(settings_.data, settings_.publish_every, NowSeconds(*environment.clock)));
    }
    return NotAboutSettings(StartParts(environment, std::move(gateway), std::move(ksi)));
  }
  std::string Faces() const override { return FacesOf(*gateway_, ksi_.get()); }

  void Stop() override {
    health_ticker_.reset();
    if (keeper_ != nullptr) keeper_->Stop();
    if (gateway_ != nullptr) gateway_->StopServing();
    // Pending requests are answered before the faces are asked to end, which wait for their calls.
    if (aggregator_ != nullptr) {
      aggregator_->CloseIntake();
      aggregator_->Stop();
    }
    if (control_ != nullptr) control_->Shutdown(settings_.shutdown_timeout);
    if (ksi_ != nullptr) ksi_->Shutdown(settings_.shutdown_timeout);
    if (gateway_ != nullptr) gateway_->Shutdown(settings_.shutdown_timeout);
    if (publisher_ != nullptr) publisher_->Stop();
    control_.reset();
    ksi_.reset();
    gateway_.reset();
    publications_ = nullptr;
    keeper_.reset();
    publisher_.reset();
    parent_publications_.reset();
    extender_.reset();
    aggregator_.reset();
    accounts_.reset();
    parent_signing_.reset();
    core_.reset();
    calendar_.reset();
    folder_.reset();
  }

 private:
  absl::Status StartParts(const Environment& environment, GrpcGatewayOptions gateway,
                          KsiGatewayOptions ksi) {
    base::Clock& clock = *environment.clock;
    started_ = clock.Monotonic();
    on_folder_lost_ = environment.on_folder_lost;
    // Not even keys are made by a clock that cannot be right.
    PITSER_RETURN_IF_ERROR(ClockGuard(RulesOf(settings_), &clock).CheckStart(std::nullopt));
    PITSER_ASSIGN_OR_RETURN(folder_, DataFolder::Open(settings_.data));
    if (parent_options_) {
      PITSER_RETURN_IF_ERROR(StartBehindParent(clock));
    } else {
      PITSER_RETURN_IF_ERROR(StartLedger(environment));
    }
    PITSER_ASSIGN_OR_RETURN(accounts_, AccountStore::Open(folder_->accounts()));
    if (settings_.allow_anonymous) accounts_->AddForThisProcess(Anonymous(settings_));
    return StartFaces(clock, std::move(gateway), std::move(ksi));
  }

  absl::StatusOr<std::unique_ptr<Extender>> StartExtender(const Environment& environment) const {
    const std::uint64_t now = NowSeconds(*environment.clock);
    CalendarExtenderOptions options{
        .core = core_.get(), .clock = environment.clock, .round_seconds = settings_.round_seconds};
    PITSER_ASSIGN_OR_RETURN(options.first_second,
                            SettleGenesis(folder_->genesis(), settings_.genesis, *calendar_, now));
    return std::make_unique<CalendarExtender>(calendar_.get(), options);
  }

  // A node that is no ledger itself: its rounds are signed by another.
  absl::Status StartBehindParent(base::Clock& clock) {
    if (base::Exists(folder_->calendar())) {
      return absl::FailedPreconditionError(absl::StrCat(
          "parent: ", settings_.data,
          " holds a calendar of its own: give a node with a parent another data folder"));
    }
    PITSER_RETURN_IF_ERROR(base::MakeDirectory(folder_->keys(), 0700));
    PITSER_RETURN_IF_ERROR(base::MakeDirectory(folder_->parent(), 0755));
    folder_->Watch(folder_->parent());
    parent_options_->publications.cache = folder_->parent() + "/publications.bin";
    PITSER_ASSIGN_OR_RETURN(parent_publications_,
                            ParentPublications::Start(parent_options_->publications, &clock));
    publications_ = parent_publications_.get();
    auto extender = std::make_unique<ParentExtender>(parent_options_->extender, &clock);
    parent_options_->signing.on_signed = [raw = extender.get()](std::uint64_t t) {
      raw->NoteHead(t);
    };
    extender_ = std::move(extender);
    parent_signing_ = std::make_unique<ParentSigning>(parent_options_->signing, &clock);
    return StartRounds(clock, parent_signing_.get());
  }

  absl::Status StartRounds(base::Clock& clock, Parent* parent) {
    parent_ = parent;
    PITSER_ASSIGN_OR_RETURN(aggregator_, StartAggregator(RoundOptions(settings_), parent, &clock));
    return absl::OkStatus();
  }

  absl::Status StartLedger(const Environment& environment) {
    base::Clock& clock = *environment.clock;
    if (base::Exists(folder_->parent())) {
      return absl::FailedPreconditionError(
          absl::StrCat(settings_.data,
                       " is the data folder of a node with a parent: give parent, or another "
                       "folder to begin a ledger in"));
    }
    // Keys are neither made nor renewed by a clock that the calendar contradicts.
    const bool begun = base::Exists(folder_->calendar());
    if (begun) PITSER_RETURN_IF_ERROR(OpenCalendar(environment));
    PITSER_ASSIGN_OR_RETURN(const KeySet keys,
                            LoadOrCreateKeySet(KeyOptions(settings_), NowSeconds(clock)));
    if (!begun) PITSER_RETURN_IF_ERROR(OpenCalendar(environment));
    PITSER_ASSIGN_OR_RETURN(
        core_, StartCore({RulesOf(settings_)},
                         {calendar_.get(), &clock, keys.calendar, SingleProcessAgreement(),
                          [this] { return folder_->CheckInPlace(); }}));
    PITSER_RETURN_IF_ERROR(StartRounds(clock, core_.get()));
    PITSER_ASSIGN_OR_RETURN(extender_, StartExtender(environment));
    PITSER_ASSIGN_OR_RETURN(
        publisher_, StartPublisher({settings_.data, settings_.publish_every, "", keys}, core_.get(),
                                   calendar_.get(), &clock));
    publications_ = publisher_.get();
    trust_ = {keys.root, keys.constraint};
    keeper_ = std::make_unique<KeyKeeper>(KeyOptions(settings_), keys,
                                          KeyKeeper::Parts{&clock, core_.get(), publisher_.get()});
    keeper_->Start();
    return absl::OkStatus();
  }

  absl::Status OpenCalendar(const Environment& environment) {
    storage::CalendarOptions options;
    options.env = environment.env;
    options.last_signed = folder_->last_signed();
    options.cache_bytes = static_cast<std::size_t>(settings_.calendar_cache_bytes);
    options.on_notice = [](std::string_view notice) {
      base::LogWarning("calendar_notice", {{"text", notice}});
    };
    options.on_head = [this](std::uint64_t head) { head_watch_.Moved(head); };
    PITSER_ASSIGN_OR_RETURN(options.handed_out, NewestPublicationTime(settings_.data));
    PITSER_ASSIGN_OR_RETURN(calendar_, storage::Calendar::Open(folder_->calendar(), options));
    folder_->Watch(folder_->calendar());
    folder_->Watch(folder_->last_signed());
    return CheckClock(*environment.clock);
  }

  // Against the calendar; against its publications file while there is no second in it, which the
  // first publication by a clock that is ahead would close up to then.
  absl::Status CheckClock(const base::Clock& clock) const {
    std::optional<std::uint64_t> known = calendar_->head();
    if (!known) {
      PITSER_ASSIGN_OR_RETURN(known, PublicationsFileTime(settings_.data));
      if (known) known = std::min(*known, NowSeconds(clock));
    }
    return ClockGuard(RulesOf(settings_), &clock).CheckStart(known);
  }

  absl::Status StartFaces(base::Clock& clock, GrpcGatewayOptions options, KsiGatewayOptions ksi) {
    PITSER_ASSIGN_OR_RETURN(
        gateway_, GrpcGateway::Start(std::move(options),
                                     {&clock, aggregator_.get(), extender_.get(), calendar_.get(),
                                      publications_, &head_watch_, trust_}));
    if (ksi.sign_listen || ksi.extend_listen) {
      PITSER_ASSIGN_OR_RETURN(
          ksi_, KsiGateway::Start(std::move(ksi), {&clock, accounts_.get(), aggregator_.get(),
                                                   extender_.get(), publications_}));
    }
    facts_.settings = &settings_;
    facts_.clock = &clock;
    facts_.started = started_;
    facts_.head_watch = &head_watch_;
    facts_.parent = parent_;
    facts_.parent_signing = parent_signing_.get();
    facts_.aggregator = aggregator_.get();
    facts_.publications = publications_;
    facts_.keys = keeper_.get();
    facts_.gateway = gateway_.get();
    facts_.ksi = ksi_.get();
    facts_.accounts = accounts_.get();
    facts_.extender = extender_.get();
    TellHealthNow();
    PITSER_ASSIGN_OR_RETURN(control_, ControlSocket::Start(folder_->run(), this));
    folder_watch_ = std::make_unique<FolderWatch>(folder_.get(), on_folder_lost_);
    health_ticker_.emplace(clock, "health", kTellHealthEvery, [this] { EverySecond(); });
    return absl::OkStatus();
  }

  // Somebody tidied up the folder it lies in: an operator finds the node again. By the ticker's
  // thread, which is the only one to touch control_ meanwhile.
  void KeepControlSocket() {
    if (control_ != nullptr && control_->there()) return;
    if (control_ != nullptr) {
      base::LogWarning("control_socket_removed", {{"folder", folder_->run()}});
      control_->Shutdown(absl::ZeroDuration());
    }
    control_.reset();
    auto made = ControlSocket::Start(folder_->run(), this);  // Else again in a second.
    if (made.ok()) control_ = *std::move(made);
  }

  // What the operator asks, while control_ is there.
  absl::StatusOr<ledger::PublicationData> Publish() override {
    if (publisher_ != nullptr) return publisher_->PublishNow();
    return absl::FailedPreconditionError("this node has a parent, which publishes: ask it there");
  }
  void Status(control::v1::GetStatusResponse& status) const override { FillStatus(facts_, status); }
  std::uint64_t SetDraining(bool draining) override {
    aggregator_->SetDraining(draining);
    TellHealthNow();
    const std::uint64_t pending = aggregator_->Stats().pending;
    base::LogInfo(draining ? "draining" : "draining_undone", {{"pending", pending}});
    return pending;
  }

  AccountStore& accounts() override { return *accounts_; }

  void EverySecond() {
    TellHealthNow();
    descriptors_.Look(facts_.clock->Monotonic());
    TellRefusals(absl::ToInt64Seconds(facts_.clock->Monotonic()));
    folder_watch_->Look();
    KeepControlSocket();
  }

  void TellHealthNow() {
    base::MutexLock lock(tell_mu_);
    TellHealth(HealthOf(facts_), *gateway_);
  }

  const Settings settings_;
  absl::Duration started_;  // Monotonic.
  // In the order in which they need each other.
  HeadWatch head_watch_;
  std::unique_ptr<DataFolder> folder_;
  // The ledger, or else its parent.
  std::unique_ptr<storage::Calendar> calendar_;
  std::unique_ptr<Core> core_;
  std::optional<ParentOptions> parent_options_;
  std::unique_ptr<ParentSigning> parent_signing_;
  std::unique_ptr<ParentPublications> parent_publications_;
  Parent* parent_ = nullptr;  // The core, or the other.
  const Publications* publications_ = nullptr;
  std::optional<GrpcGatewayParts::Trust> trust_;
  std::unique_ptr<AccountStore> accounts_;
  std::unique_ptr<Aggregator> aggregator_;
  std::unique_ptr<Extender> extender_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<KeyKeeper> keeper_;  // Null behind a parent.
  std::unique_ptr<GrpcGateway> gateway_;
  std::unique_ptr<KsiGateway> ksi_;  // Null: not served.
  NodeFacts facts_;                  // Constant once the faces are started.
  // Held while health is read and told, so that nothing older comes after it.
  base::Mutex tell_mu_;
  std::unique_ptr<ControlSocket> control_;
  DescriptorWatch descriptors_;  // The ticker's.
  std::function<void(const absl::Status&)> on_folder_lost_;
  std::unique_ptr<FolderWatch> folder_watch_;  // The ticker's.
  std::optional<base::Ticker> health_ticker_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Node>> Node::Start(const Settings& settings,
                                                  const Environment& environment) {
  auto node = std::make_unique<NodeImpl>(settings);
  PITSER_RETURN_IF_ERROR(node->Start(environment));
  return node;
}

}  // namespace pitser::server
