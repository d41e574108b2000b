#pragma once

#include <algorithm>

namespace cutract {

// The ends of the streams of one recording may differ by 20 ms, or by one articulation frame if that is more.
inline constexpr double kSlack_s = 0.020;
inline double slack_s(double articulation_rate_hz) { return std::max(kSlack_s, 1 / articulation_rate_hz); }

}  // namespace cutract
