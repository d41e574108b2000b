#pragma once

#include "host/core/error.h"

namespace cutract {

// Errors of an LSTM engine. The text says what is wrong; what to set instead depends on the program, which adds it.

// The engine that was asked for cannot compute this: another one would.
class EngineRefused : public Error {
  using Error::Error;
};

// cuDNN failed or cannot be used: the engines without it would compute this.
class CudnnFailed : public Error {
  using Error::Error;
};

}  // namespace cutract
