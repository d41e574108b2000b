#include "bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "host/core/philox.h"

namespace cutract::bench {

std::string op_name(const std::string& op, Device device, const std::string& shape) {
  return op + (device == Device::cpu ? "/cpu/" : "/gpu/") + shape;
}

std::vector<std::int32_t> lengths_of(Index B, Index T, bool ragged) {
  std::vector<std::int32_t> lengths;
  for (Index b = 0; b < B; ++b)
    lengths.push_back(static_cast<std::int32_t>(!ragged || B == 1 ? T : T + T / 2 - T * b / (B - 1)));
  return lengths;
}

Index frames_of(const std::vector<std::int32_t>& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), Index{0});
}

std::vector<float> random(Index n, std::uint64_t key, double scale) {
  PhiloxStream stream(derive_key(key, static_cast<std::uint64_t>(n), 0));
  std::vector<float> v(static_cast<std::size_t>(n));
  for (auto& x : v) x = static_cast<float>(scale * (2.0 * static_cast<double>(uniform(stream.next())) - 1));
  return v;
}

std::vector<Precision> precisions_of(Device device) {
  if (device == Device::cpu) return {Precision::fp32};
  return {Precision::fp32, Precision::tf32, Precision::bf16};
}

std::string ending(Device device, Precision p) { return device == Device::cpu ? "" : std::string("/") + name_of(p); }

Buffer<float> random_on(Exec& ex, Index n, std::uint64_t key, double scale) { return {ex, random(n, key, scale)}; }

Buffer<float> zeros_on(Exec& ex, Index n) {
  Buffer<float> zeros(ex, n);
  zeros.clear(ex);
  return zeros;
}

RaggedOn::RaggedOn(Exec& ex, const std::vector<std::int32_t>& lengths) : RaggedOn(ex, RaggedBatch(lengths)) {}

RaggedOn::RaggedOn(Exec& ex, RaggedBatch host)
    : host_(std::move(host)),
      offset_(ex, {host_.view().offset.data, static_cast<std::size_t>(host_.view().utterances)}),
      length_(ex, {host_.view().length.data, static_cast<std::size_t>(host_.view().utterances)}),
      view_(host_.view()) {
  view_.host_length = view_.length;
  view_.offset = offset_.view();
  view_.length = length_.view();
}

std::string compare(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
                    double bound) {
  if (got.size() != want.size()) return fmt::format("{}: {} values, expected {}", what, got.size(), want.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = static_cast<double>(got[i]) - want[i];
    difference += d * d;
    norm += want[i] * want[i];
  }
  const double error = std::sqrt(difference / norm);
  if (norm > 0 && error <= bound) return "";
  return fmt::format("{}: relative L2 error {:.3g}, expected at most {:.3g}", what, error, bound);
}

}  // namespace cutract::bench
