#pragma once

// CUTRACT_CLONES before a function: it is compiled for AVX-512, AVX2 and the baseline, and the loader picks at run
// time. Off under sanitizers, whose run time is not up yet when the loader asks which clone to take.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define CUTRACT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CUTRACT_CLONES
#endif
