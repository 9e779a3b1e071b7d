#ifndef APUS_FUZZER_H
#define APUS_FUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer as a library: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(int *count, char ***arguments,
                        int (*run)(const uint8_t *bytes, size_t count));

// Ours, under the name that the library's own main, which is linked but not used, looks for.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
