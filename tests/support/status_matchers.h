#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/status.h"

namespace pitser::testing {

using ledger::internal::ToStatus;

// EXPECT_THAT(F(), IsOk()); EXPECT_THAT(F(), StatusIs(absl::StatusCode::kOutOfRange, "beyond"));
MATCHER(IsOk, "is OK") {
  *result_listener << ToStatus(arg).ToString();
  return arg.ok();
}

MATCHER_P(StatusIs, code, "has the status code " + absl::StatusCodeToString(code)) {
  *result_listener << ToStatus(arg).ToString();
  return ToStatus(arg).code() == code;
}

// The same, and the message contains `part`.
MATCHER_P2(StatusIs, code, part,
           "has the status code " + absl::StatusCodeToString(code) + " and says '" +
               std::string(part) + "'") {
  *result_listener << ToStatus(arg).ToString();
  return ToStatus(arg).code() == code &&
         std::string(ToStatus(arg).message()).find(part) != std::string::npos;
}

}  // namespace pitser::testing

#define PITSER_ASSERT_OK(expression) ASSERT_THAT(expression, ::pitser::testing::IsOk())
#define PITSER_EXPECT_OK(expression) EXPECT_THAT(expression, ::pitser::testing::IsOk())

// PITSER_ASSERT_OK_AND_ASSIGN(auto value, F());
#define PITSER_ASSERT_OK_AND_ASSIGN(lhs, expression) \
  PITSER_ASSERT_OK_AND_ASSIGN_INNER_(PITSER_CONCAT_(pitser_test_value_, __LINE__), lhs, expression)
#define PITSER_ASSERT_OK_AND_ASSIGN_INNER_(name, lhs, expression) \
  auto name = (expression);                                       \
  ASSERT_TRUE(name.ok()) << name.status();                        \
  lhs = std::move(name).value()
