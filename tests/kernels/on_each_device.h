#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "host/core/exec.h"
#include "host/core/view.h"

namespace cutract::test {

enum class Device { cpu, gpu };

// One test body, every device. A case whose device is missing is skipped and counted; CUTRACT_REQUIRE_GPU=1 makes that
// a failure.
class OnEachDevice : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::cpu) return;
    const std::string missing = why_no_gpu();
    const std::string why = missing.empty() ? "no device buffers yet" : missing;
    const char* required = std::getenv("CUTRACT_REQUIRE_GPU");
    if (required && std::string(required) == "1") FAIL() << "CUTRACT_REQUIRE_GPU=1, but " << why;
    GTEST_SKIP() << why;
  }
  Exec& exec() { return exec_; }

 private:
  Exec exec_{std::in_place_type<CpuExec>, 2};
};

inline std::string device_name(const testing::TestParamInfo<Device>& device) {
  return device.param == Device::cpu ? "cpu" : "gpu";
}
#define CUTRACT_ON_EACH_DEVICE(suite)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(Device, suite, testing::Values(::cutract::test::Device::cpu, ::cutract::test::Device::gpu), \
                           ::cutract::test::device_name)

// What an op reads or writes, between two fences of NaN: a read beyond the end poisons the result, a write is found.
template <class T>
class Block {
 public:
  explicit Block(const std::vector<T>& given) : size_(given.size()), bytes_((size_ + 2 * kFence) * sizeof(T), kNaN) {
    if (size_ > 0) std::memcpy(data(), given.data(), size_ * sizeof(T));
  }
  // An output: every element NaN until the op writes it.
  explicit Block(Index n) : size_(static_cast<std::size_t>(n)), bytes_((size_ + 2 * kFence) * sizeof(T), kNaN) {}

  template <int Rank>
  View<T, Rank> view(std::array<Index, Rank> shape) {
    View<T, Rank> v{data(), shape};
    EXPECT_EQ(v.size(), static_cast<Index>(size_)) << "the test itself shapes a block wrongly";
    return v;
  }
  View<T, 1> view() { return {data(), {static_cast<Index>(size_)}}; }

  std::vector<T> values() const {
    const auto whole = [&](std::size_t from) {
      return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                         bytes_.begin() + static_cast<std::ptrdiff_t>(from + kFence * sizeof(T)),
                         [](unsigned char b) { return b == kNaN; });
    };
    EXPECT_TRUE(whole(0)) << "written before the beginning";
    EXPECT_TRUE(whole((kFence + size_) * sizeof(T))) << "written beyond the end";
    std::vector<T> out(size_);
    if (size_ > 0) std::memcpy(out.data(), bytes_.data() + kFence * sizeof(T), size_ * sizeof(T));
    return out;
  }

 private:
  static constexpr std::size_t kFence = 64;
  static constexpr unsigned char kNaN = 0xff;  // a float or double of these bytes is NaN
  T* data() { return reinterpret_cast<T*>(bytes_.data()) + kFence; }
  std::size_t size_;
  std::vector<unsigned char> bytes_;
};

inline std::vector<double> to_double(const std::vector<float>& v) { return {v.begin(), v.end()}; }

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
#define EXPECT_BITWISE(a, b) EXPECT_TRUE(::cutract::test::same_bits(a, b)) << #a " and " #b " differ in their bits"

}  // namespace cutract::test
