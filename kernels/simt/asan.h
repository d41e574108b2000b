#pragma once

// Defines CUTRACT_ASAN under AddressSanitizer, which g++ and clang++ announce differently.
#if defined(__SANITIZE_ADDRESS__)
#define CUTRACT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUTRACT_ASAN 1
#endif
#endif

#ifdef CUTRACT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
