// Compiling this file checks the positions that the header asserts.
#include "COnnxRuntime.h"
