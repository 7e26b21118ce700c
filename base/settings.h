#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/variables.h"

namespace pitser::base {

// What an operator can choose, in the same way for every program. A program has a struct of its
// settings, with the defaults, and one table of them. The table drives flags, environment,
// configuration file, help, `config`, samples and documentation: there is no second list.
//
// Layers, what counts more first: the flag --grpc-listen, the environment variable
// PITSER_GRPC_LISTEN, the key grpc_listen of the configuration file (TOML), the default.

// Where a value is, and what is allowed for it.
struct NumberIn {
  std::uint64_t* value;
  std::uint64_t min, max;
};
struct DurationIn {
  absl::Duration* value;
  absl::Duration min, max;
  bool bare_seconds;  // Whether a number without a unit is taken, as seconds.
};
using ValueIn = std::variant<std::string*, bool*, NumberIn, DurationIn>;

// One setting in a certain struct: what everything below works on.
struct SettingIn {
  std::string_view key;      // In the file, snake_case; the flag has dashes.
  std::string_view section;  // A heading for people.
  std::string_view shape;    // What a value looks like, e.g. "HOST:PORT". Empty for a switch.
  std::string help;          // Lower case, no final stop; may be several sentences.
  std::string variable;      // PITSER_ and the key in capitals, if nothing else is said.
  ValueIn value;
  bool may_be_empty = false;  // Whether an empty value means something: its flag takes one.
  bool believed = false;      // Whether it says what is believed: its variable must not be empty.

  bool is_switch() const { return std::holds_alternative<bool*>(value); }
};

// One setting of the struct S.
template <typename S>
struct Setting {
  struct Number {
    std::uint64_t S::*value;
    std::uint64_t min, max;
  };
  struct Duration {
    absl::Duration S::*value;
    absl::Duration min, max;
    bool bare_seconds = false;
  };
  using Text = std::string S::*;
  using Switch = bool S::*;

  std::string_view key, section, shape, help;  // As in SettingIn.
  std::variant<Text, Switch, Number, Duration> field;
  // The environment variable, where PITSER_ and the key would mean something else: programs that
  // are run in one shell must not take a variable each for something of its own.
  std::string_view own_variable = {};
  // What an empty value means, for people: "it is a ledger itself". Without it a flag must have
  // one.
  std::string_view empty = {};
  bool believed = false;  // As in SettingIn.

  std::string flag() const;
  std::string variable() const;
  SettingIn In(S& settings) const;
};

// "--grpc-listen" and "PITSER_GRPC_LISTEN" of grpc_listen.
std::string FlagOf(std::string_view key);
std::string VariableOf(std::string_view key);

// Whether this flag is one of a setting to which an empty value means something.
template <typename S>
bool FlagMayBeEmpty(std::span<const Setting<S>> table, std::string_view flag) {
  for (const Setting<S>& setting : table) {
    if (setting.flag() == flag) return !setting.empty.empty();
  }
  return false;
}

// Sets one from its text form, as on the command line: a switch takes "true" and "false", a
// duration Go's notation ("24h", "1m30s"). On an error the value stays as it is.
// Errors: kInvalidArgument, saying what was expected and what came.
absl::Status SetFromText(const SettingIn& setting, std::string_view text);
// The value in the text form.
std::string TextOf(const SettingIn& setting);
// "1 to 3600"; empty where there is no range.
std::string RangeOf(const SettingIn& setting);

// Where a value comes from.
struct Origin {
  enum class Layer { kDefault, kFile, kVariable, kFlag };
  Layer layer = Layer::kDefault;
  std::string place;  // FILE:LINE, the variable's or the flag's name; empty for the default.
};
std::string_view LayerName(Origin::Layer layer);

// A setting, its value and where that comes from.
struct SettingInForce {
  SettingIn setting;
  Origin origin;
};
using SettingsInForce = std::vector<SettingInForce>;

// The settings of a table as they are in `settings`, which must outlive the result: the defaults.
template <typename S>
SettingsInForce InForce(std::span<const Setting<S>> table, S& settings) {
  SettingsInForce in_force;
  for (const Setting<S>& setting : table) in_force.push_back({setting.In(settings), {}});
  return in_force;
}

// The one with this key. Precondition: there is one.
SettingInForce& Named(std::string_view key, SettingsInForce& settings);

// A setting that the command line gave.
struct GivenFlag {
  std::string key;
  std::string flag;  // As people know it, "--grpc-listen".
  std::string text;
};

// What the layers are read from.
struct Layers {
  std::string file_flag;           // --config; empty when it was not given.
  std::string_view file_variable;  // The environment variable that names the file otherwise.
  std::string default_file;        // Read if it is there; empty for none.
  const Variables& variables;
  std::span<const GivenFlag> flags;  // Of one key, the last counts.
};

// Puts all layers into the settings, each value with its origin. Returns the path of the
// configuration file that was read, empty when there was none. An empty variable counts as none.
// Errors: kInvalidArgument for what is no TOML, an unknown key, a value that is none, an empty
// variable of what is believed - naming FILE:LINE, variable or flag; kNotFound, kPermissionDenied
// or kUnknown when the file cannot be read. The settings may then be half changed.
absl::StatusOr<std::string> ApplyLayers(const Layers& layers, SettingsInForce& settings);

// Variables that begin with PITSER_, are no setting and are all but spelt like one, as advice: one
// sentence each. Other variables are not ours to speak about.
std::vector<std::string> MisspeltVariables(const Layers& layers, const SettingsInForce& settings);

// --- What the templates are made of ---

template <typename S>
std::string Setting<S>::flag() const {
  return FlagOf(key);
}

template <typename S>
std::string Setting<S>::variable() const {
  return own_variable.empty() ? VariableOf(key) : std::string(own_variable);
}

template <typename S>
SettingIn Setting<S>::In(S& settings) const {
  SettingIn in{key,        section,   shape,          std::string(help),
               variable(), ValueIn(), !empty.empty(), believed};
  if (!empty.empty()) in.help.append(". Empty: ").append(empty);
  if (const auto* text = std::get_if<Text>(&field)) {
    in.value = &(settings.*(*text));
  } else if (const auto* on = std::get_if<Switch>(&field)) {
    in.value = &(settings.*(*on));
  } else if (const auto* number = std::get_if<Number>(&field)) {
    in.value = NumberIn{&(settings.*(number->value)), number->min, number->max};
  } else if (const auto* duration = std::get_if<Duration>(&field)) {
    in.value = DurationIn{&(settings.*(duration->value)), duration->min, duration->max,
                          duration->bare_seconds};
  }
  return in;
}

}  // namespace pitser::base
