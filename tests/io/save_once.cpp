// save_once PATH TEXT runs a single save_atomically, to be observed from outside.
#include <cstdio>

#include "host/core/error.h"
#include "host/io/atomic_file.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    cutract::save_atomically(cutract::real_file_system(), argv[1], argv[2]);
  } catch (const cutract::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return static_cast<int>(e.fault());
  }
}
