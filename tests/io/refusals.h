#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract::test {

// Runs fn, which must throw Error{data}, and returns its message.
inline std::string refusal(const std::function<void()>& fn) {
  const Error e = thrown_by(fn);
  EXPECT_EQ(e.fault(), Fault::data) << e.what();
  return e.what();
}

// Replaces the first `from`, which must occur.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace cutract::test
