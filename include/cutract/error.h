#pragma once

// The exception that every function of the library throws. The installed header of this name is host/core/error.h
// itself.
#include "host/core/error.h"
