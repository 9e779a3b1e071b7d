/// The function table of ONNX Runtime, as the server declares it.

#ifndef BENCH_RUNTIME_H
#define BENCH_RUNTIME_H

#include "../../../../Sources/Runtimes/COnnxRuntime/include/COnnxRuntime.h"

#endif
