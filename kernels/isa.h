#pragma once

#include <string>

// The vector instruction set that the CPU ops use, chosen once for this CPU, at the first op. A binary never executes
// instructions the CPU lacks: only the functions made by CUTRACT_PER_ISA are compiled for more than the baseline.
namespace cutract {

enum class Isa { portable, avx2, avx512 };

// The widest instruction set of this CPU, or the one named by the environment variable CUTRACT_ISA: portable, avx2 or
// avx512. Throws Error{usage} if that name is unknown or this CPU lacks the instructions.
Isa cpu_isa();
std::string name_of(Isa);

// Floats in one vector register.
constexpr int lanes_of(Isa isa) { return isa == Isa::avx512 ? 16 : isa == Isa::avx2 ? 8 : 4; }

// v4: AVX-512 F, BW, CD, DQ, VL; v3: AVX2 and FMA.
#if defined(__x86_64__)
#if defined(__clang__)
#define CUTRACT_TARGET_AVX512 __attribute__((target("arch=x86-64-v4")))
#else  // gcc would otherwise vectorise loops by only 8 floats
#define CUTRACT_TARGET_AVX512 __attribute__((target("arch=x86-64-v4", "prefer-vector-width=512")))
#endif
#define CUTRACT_TARGET_AVX2 __attribute__((target("arch=x86-64-v3")))
#else
#define CUTRACT_TARGET_AVX512
#define CUTRACT_TARGET_AVX2
#endif

// For functions called from a per-ISA function: they must be inlined to be compiled for its instruction set.
#define CUTRACT_INLINE inline __attribute__((always_inline))

// Defines `void name params` from `template <Isa> CUTRACT_INLINE void name_body params`, compiled once for each Isa:
//   CUTRACT_PER_ISA(scale, (float* x, Index n), (x, n))
// NOLINTBEGIN(bugprone-macro-parentheses): params and args are parameter lists
#define CUTRACT_PER_ISA(name, params, args)                                          \
  CUTRACT_TARGET_AVX512 void name##_avx512 params { name##_body<Isa::avx512> args; } \
  CUTRACT_TARGET_AVX2 void name##_avx2 params { name##_body<Isa::avx2> args; }       \
  void name##_portable params { name##_body<Isa::portable> args; }                   \
  void name params {                                                                 \
    static const auto chosen = cpu_isa() == Isa::avx512 ? name##_avx512              \
                               : cpu_isa() == Isa::avx2 ? name##_avx2                \
                                                        : name##_portable;           \
    chosen args;                                                                     \
  }
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace cutract
