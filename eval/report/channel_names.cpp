#include "eval/report/channel_names.h"

#include <algorithm>
#include <array>

#include "host/core/text.h"

namespace cutract {
namespace {

struct Place {
  const char *code, *meaning;
};

// Sensors of commonly used corpora: HPRC, MNGU0, MOCHA-TIMIT, USC-TIMIT, XRMB, STEM-E2VA and the embedded one. tb and
// t2 are the tongue's body in some of them and its blade or back in others.
constexpr Place kSensors[] = {{"tt", "tongue tip"},
                              {"tm", "tongue middle"},
                              {"tb", "tongue body"},
                              {"td", "tongue dorsum"},
                              {"tr", "tongue root"},
                              {"t1", "tongue point 1 (tip)"},
                              {"t2", "tongue point 2"},
                              {"t3", "tongue point 3"},
                              {"t4", "tongue point 4 (back)"},
                              {"ul", "upper lip"},
                              {"ll", "lower lip"},
                              {"upperlip", "upper lip"},
                              {"lowerlip", "lower lip"},
                              {"lc", "lip corner"},
                              {"ml", "left mouth corner"},
                              {"li", "lower incisor (jaw)"},
                              {"ui", "upper incisor"},
                              {"mni", "lower incisor (jaw)"},
                              {"mnm", "lower molar (jaw)"},
                              {"jaw", "jaw"},
                              {"v", "velum"},
                              {"vel", "velum"},
                              {"velum", "velum"},
                              {"larynx", "larynx"},
                              {"hyoid", "hyoid bone"}};

// Channels that are a single number, without a direction.
constexpr Place kScalars[] = {{"velum", "velum opening"},
                              {"la", "lip aperture"},
                              {"lp", "lip protrusion"},
                              {"ja", "jaw angle"},
                              {"ttcl", "tongue tip constriction, location"},
                              {"ttcd", "tongue tip constriction, degree"},
                              {"tbcl", "tongue body constriction, location"},
                              {"tbcd", "tongue body constriction, degree"},
                              {"tdcl", "tongue dorsum constriction, location"},
                              {"tdcd", "tongue dorsum constriction, degree"}};

template <std::size_t N>
std::string find(const Place (&places)[N], const std::string& code) {
  const auto at = std::find_if(std::begin(places), std::end(places), [&](const Place& p) { return code == p.code; });
  return at == std::end(places) ? "" : at->meaning;
}

bool is_axis(char c) { return c == 'x' || c == 'y' || c == 'z'; }

// Returns the name without its axis and their separator: "tt" for "TT_x", "tt-x" and "ttx".
std::string sensor_of(const std::string& name) {
  std::string out = lowercase(name);
  if (out.size() < 2 || !is_axis(out.back())) return "";
  out.pop_back();
  while (!out.empty() && (out.back() == '_' || out.back() == '-' || out.back() == '.' || out.back() == ' '))
    out.pop_back();
  return out;
}

const char* direction(const std::string& name, const std::string& sensor, std::span<const Channel> all) {
  const auto has = [&](char axis) {
    return std::any_of(all.begin(), all.end(), [&](const Channel& c) {
      return sensor_of(c.name) == sensor && lowercase(c.name).back() == axis;
    });
  };
  const char axis = lowercase(name).back();
  if (axis == 'x') return "front-back";
  return axis == 'y' && has('z') ? "left-right" : "up-down";
}

}  // namespace

std::string channel_meaning(const std::string& name, std::span<const Channel> all) {
  if (const std::string scalar = find(kScalars, lowercase(name)); !scalar.empty()) return scalar;
  const std::string sensor = sensor_of(name), place = find(kSensors, sensor);
  return place.empty() ? "" : place + ", " + direction(name, sensor, all);
}

}  // namespace cutract
