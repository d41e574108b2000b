#include "kernels/isa.h"

#include <cstdlib>

#include "host/core/error.h"

namespace cutract {
namespace {

Isa widest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? Isa::avx512 : v3 ? Isa::avx2 : Isa::portable;
#else
  return Isa::portable;
#endif
}

Isa choose() {
  const Isa most = widest();
  const char* asked = std::getenv("CUTRACT_ISA");
  if (asked == nullptr || *asked == '\0') return most;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (asked != name_of(isa)) continue;
    if (isa > most)
      fail(Fault::usage, "CUTRACT_ISA: is " + name_of(isa) + ", this CPU has " + name_of(most) +
                             " at most; take that or unset the variable");
    return isa;
  }
  fail(Fault::usage, std::string("CUTRACT_ISA: is \"") + asked + "\", expected portable, avx2 or avx512");
}

}  // namespace

Isa cpu_isa() {
  static const Isa isa = choose();
  return isa;
}

std::string name_of(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "portable"; }

}  // namespace cutract
