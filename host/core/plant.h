#pragma once

// Planted bugs: faults compiled in only by the preset `plant`, each armed by the environment variable
// CUTRACT_PLANT=name, so that tests/planted.sh can show that a test catches each. Everywhere else the macro is the
// constant false.
#ifdef CUTRACT_PLANT
#include <cstdlib>
#include <cstring>
#define CUTRACT_PLANTED(name)                           \
  ([] {                                                 \
    static const bool armed = [] {                      \
      const char* named = std::getenv("CUTRACT_PLANT"); \
      return named && std::strcmp(named, name) == 0;    \
    }();                                                \
    return armed;                                       \
  }())
#else
#define CUTRACT_PLANTED(name) false
#endif
