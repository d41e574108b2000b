#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/core/error.h"
#include "host/core/philox.h"
#include "host/core/view.h"
#include "host/io/safetensors.h"

namespace cutract::test {

// ||a - b|| / ||b||, in double. A NaN anywhere gives NaN, which no comparison accepts. If b is all zero, returns ||a||.
template <class A, class B>
double rel_l2(const A& a, const B& b) {
  if (a.size() != b.size()) return std::nan("");
  double diff = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    diff += (x - y) * (x - y);
    norm += y * y;
  }
  return norm > 0 ? std::sqrt(diff / norm) : std::sqrt(diff);
}
// The same for sums, where `terms` holds the sum of the moduli of the terms of each b. A few sums can cancel to nearly
// nothing, and their relative error then depends on the order of addition alone, and so on the CPU. Fewer than 8
// numbers are therefore measured against at least an eighth of ||terms||. SupportTest.OneSumIsMeasuredAgainstItsTerms
// shows both.
template <class A, class B>
double rel_l2_of_sums(const A& a, const B& b, const B& terms) {
  if (a.size() != b.size() || b.size() != terms.size()) return std::nan("");
  const B zeros(b.size());
  const double norm = rel_l2(b, zeros);
  const double least = b.size() < 8 ? rel_l2(terms, zeros) / 8 : 0;
  return least > norm ? rel_l2(a, b) * (norm > 0 ? norm : 1) / least : rel_l2(a, b);
}
template <class A, class B>
double max_abs(const A& a, const B& b) {
  if (a.size() != b.size()) return std::nan("");
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= most)) most = d;  // keeps a NaN
  }
  return most;
}

// EXPECT_REL_L2(got, want, bound) compares by relative L2 norm, never element by element; NaN fails.
#define EXPECT_REL_L2(got, want, bound)                      \
  EXPECT_TRUE(::cutract::test::rel_l2(got, want) <= (bound)) \
      << #got << ": relative L2 error " << ::cutract::test::rel_l2(got, want) << ", bound " << (bound)
// EXPECT_REL_L2_OF_SUMS(got, want, terms, bound): the same, by rel_l2_of_sums.
#define EXPECT_REL_L2_OF_SUMS(got, want, terms, bound)                      \
  EXPECT_TRUE(::cutract::test::rel_l2_of_sums(got, want, terms) <= (bound)) \
      << #got << ": relative L2 error " << ::cutract::test::rel_l2_of_sums(got, want, terms) << ", bound " << (bound)
#define EXPECT_MAX_ABS(got, want, bound)                      \
  EXPECT_TRUE(::cutract::test::max_abs(got, want) <= (bound)) \
      << #got << ": max abs error " << ::cutract::test::max_abs(got, want) << ", bound " << (bound)

// Random numbers that are the same everywhere; std::normal_distribution differs between libraries.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : stream_(seed) {}
  double uniform(double lo = 0, double hi = 1) { return lo + (hi - lo) * (stream_.next() * 0x1p-32); }
  double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform()); }
  int below(int n) { return static_cast<int>(stream_.below(static_cast<std::uint64_t>(n))); }
  std::vector<float> normals(Index n, double scale = 1);

 private:
  PhiloxStream stream_;
};

// Runs fn and returns the Error it throws; fails the test (and returns Fault::internal) if it throws none.
Error thrown_by(const std::function<void()>& fn);

// EXPECT_FAULT(statement, Fault::data, "part of the text")
#define EXPECT_FAULT(statement, expected_fault, part)                                                 \
  do {                                                                                                \
    const ::cutract::Error caught = ::cutract::test::thrown_by([&] { statement; });                   \
    EXPECT_EQ(caught.fault(), expected_fault) << caught.what();                                       \
    EXPECT_NE(std::string(caught.what()).find(part), std::string::npos) << "text: " << caught.what(); \
  } while (false)

// A folder that is removed with its content at the end of its scope.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& bytes) const;  // creates folders; returns the path

 private:
  std::string path_;
};

// The path of a file of the source tree. CUTRACT_SOURCE names another copy of the tree, for tests that run on a
// different machine than they were built on (scripts/bundle.sh).
std::string source_file(const std::string& path);
TensorFile read_safetensors(const std::string& path);
TensorFile golden(const std::string& name);  // tests/golden/NAME

}  // namespace cutract::test
