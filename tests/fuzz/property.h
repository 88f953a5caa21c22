// What fuzz targets share: a property that must hold for every input.
#pragma once

#include <cstdio>
#include <cstdlib>

// Aborts, which both libFuzzer and the replaying driver report together with the input.
#define HOLDFAST_PROPERTY(condition)                                                      \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
