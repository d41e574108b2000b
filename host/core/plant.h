#pragma once

// Planted bugs: faults compiled in only by the preset `plant`. The environment variable CUTRACT_PLANT=name activates
// one, so that tests/planted.sh can show that a test catches it. In all other builds the macro is the constant false.

namespace cutract {

// Whether the environment names this planted bug. Only the preset `plant` defines it (plant.cpp); it is declared in
// every build so that a file without a planted bug is the same text in all of them, and a compiler cache builds it
// once.
bool is_planted(const char* name);

}  // namespace cutract

#ifdef CUTRACT_PLANT
#define CUTRACT_PLANTED(name)                                \
  ([] {                                                      \
    static const bool planted = ::cutract::is_planted(name); \
    return planted;                                          \
  }())
#else
#define CUTRACT_PLANTED(name) false
#endif
