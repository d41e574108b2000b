#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/memory.h"
#include "host/device/ragged.h"

namespace cutract::test {

enum class Device { cpu, gpu };

// Runs one test body on every device; in a build for the emulated GPU, that is the GPU. A case whose device is missing
// is skipped and counted; with CUTRACT_REQUIRE_GPU=1 a missing device is a failure.
class OnEachDevice : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::cpu) return;
    if (const std::string why = why_no_gpu(); !why.empty()) {
      const char* required = std::getenv("CUTRACT_REQUIRE_GPU");
      if (required && std::string(required) == "1") FAIL() << "CUTRACT_REQUIRE_GPU=1, but " << why;
      GTEST_SKIP() << why;
    }
    exec_.emplace<GpuExec>(0);
  }
  Exec& exec() { return exec_; }

  // Executors that must give the same bits as exec(): other numbers of threads, or the same GPU again.
  std::vector<Exec> others() {
    std::vector<Exec> all;
    if (GetParam() == Device::cpu) {
      for (const int threads : {1, 2, 3, 8}) all.emplace_back(std::in_place_type<CpuExec>, threads);
    } else {
      for (int again = 0; again < 2; ++again) all.emplace_back(std::in_place_type<GpuExec>, 0);
    }
    return all;
  }

 private:
  Exec exec_{std::in_place_type<CpuExec>, 2};
};

// For tests with their own parameters: empty if the device is missing, in which case the test must be skipped.
inline std::optional<Exec> exec_for(Device device) {
  if (device == Device::cpu) return Exec(std::in_place_type<CpuExec>, 2);
  if (why_no_gpu().empty()) return Exec(std::in_place_type<GpuExec>, 0);
  const char* required = std::getenv("CUTRACT_REQUIRE_GPU");
  EXPECT_FALSE(required && std::string(required) == "1") << "CUTRACT_REQUIRE_GPU=1, but " << why_no_gpu();
  return std::nullopt;
}

inline std::string device_name(const testing::TestParamInfo<Device>& device) {
  return device.param == Device::cpu ? "cpu" : gpu_is_emulated() ? "emulated" : "gpu";
}
#define CUTRACT_ON_EACH_DEVICE(suite)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(Device, suite, testing::Values(::cutract::test::Device::cpu, ::cutract::test::Device::gpu), \
                           ::cutract::test::device_name)

// Data that an op reads or writes, in the memory of the device, between two fences of NaN. A read beyond the end makes
// the result NaN, and a write is detected.
template <class T>
class Block {
 public:
  Block(Exec& ex, const std::vector<T>& given) : Block(ex, given.size(), given.data()) {}
  // An output: every element is NaN until the op writes it.
  Block(Exec& ex, Index n) : Block(ex, static_cast<std::size_t>(n), nullptr) {}

  template <int Rank>
  View<T, Rank> view(std::array<Index, Rank> shape) {
    View<T, Rank> v{data(), shape};
    EXPECT_EQ(v.size(), static_cast<Index>(size_)) << "the test itself shapes a block wrongly";
    return v;
  }
  View<T, 1> view() { return {data(), {static_cast<Index>(size_)}}; }

  std::vector<T> values() const {
    std::vector<unsigned char> bytes((size_ + 2 * kFence) * sizeof(T));
    memory_.read(*exec_, bytes.data());
    const auto whole = [&](std::size_t from) {
      return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                         bytes.begin() + static_cast<std::ptrdiff_t>(from + kFence * sizeof(T)),
                         [](unsigned char b) { return b == kNaN; });
    };
    EXPECT_TRUE(whole(0)) << "written before the beginning";
    EXPECT_TRUE(whole((kFence + size_) * sizeof(T))) << "written beyond the end";
    std::vector<T> out(size_);
    if (size_ > 0) std::memcpy(out.data(), bytes.data() + kFence * sizeof(T), size_ * sizeof(T));
    return out;
  }

 private:
  static constexpr std::size_t kFence = 64;
  static constexpr unsigned char kNaN = 0xff;  // a float or double with all bytes set to this is NaN
  Block(Exec& ex, std::size_t n, const T* given)
      : exec_(&ex), size_(n), memory_(ex, static_cast<Index>((n + 2 * kFence) * sizeof(T))) {
    std::vector<unsigned char> bytes((n + 2 * kFence) * sizeof(T), kNaN);
    if (given && n > 0) std::memcpy(bytes.data() + kFence * sizeof(T), given, n * sizeof(T));
    memory_.write(ex, bytes.data(), static_cast<Index>(bytes.size()));
  }
  T* data() { return reinterpret_cast<T*>(memory_.data()) + kFence; }
  Exec* exec_;
  std::size_t size_;
  Memory memory_;
};

// The offsets and lengths of the utterances of a batch, in the memory of the device.
class RaggedBlock {
 public:
  // With `behind` rows after the last utterance.
  RaggedBlock(Exec& ex, const std::vector<std::int32_t>& lengths, Index behind = 0)
      : RaggedBlock(ex, RaggedBatch(lengths)) {
    ragged_.frames += static_cast<std::int32_t>(behind);
  }
  Ragged view() { return ragged_; }

 private:
  RaggedBlock(Exec& ex, const RaggedBatch& host)
      : lengths_(copy(host.view().length)),
        offset_(ex, copy(host.view().offset)),
        length_(ex, lengths_),
        ragged_(host.view()) {
    ragged_.host_length = {lengths_.data(), {static_cast<Index>(lengths_.size())}};
    ragged_.offset = offset_.view();
    ragged_.length = length_.view();
  }
  static std::vector<std::int32_t> copy(View<const std::int32_t, 1> v) { return {v.data, v.data + v.size()}; }
  std::vector<std::int32_t> lengths_;
  Block<std::int32_t> offset_, length_;
  Ragged ragged_;
};

inline std::vector<double> to_double(const std::vector<float>& v) { return {v.begin(), v.end()}; }

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
#define EXPECT_BITWISE(a, b) EXPECT_TRUE(::cutract::test::same_bits(a, b)) << #a " and " #b " differ in their bits"

}  // namespace cutract::test
