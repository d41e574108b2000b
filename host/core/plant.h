#pragma once

// Planted bugs: faults compiled in only by the preset `plant`. The environment variable CUTRACT_PLANT=name activates
// one, so that tests/planted.sh can show that a test catches it. In all other builds the macro is the constant false.
#ifdef CUTRACT_PLANT
#include <cstdlib>
#include <cstring>
#define CUTRACT_PLANTED(name)                            \
  ([] {                                                  \
    static const bool armed = [] {                       \
      const char* wanted = std::getenv("CUTRACT_PLANT"); \
      return wanted && std::strcmp(wanted, name) == 0;   \
    }();                                                 \
    return armed;                                        \
  }())
#else
#define CUTRACT_PLANTED(name) false
#endif
