/// Counts allocations and copied bytes of the process that it is preloaded into.
///
/// The figures lie in the file that BENCH_COUNTS names, mapped, so that another process reads them at
/// any moment. What ONNX Runtime copies inside itself is counted apart, by the return address.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/// Copies below this are bookkeeping, not payload.
enum { LARGE_COPY = 1024 };

/// The order of the file, 8 bytes each.
struct Counts {
  atomic_ullong allocations;
  atomic_ullong allocatedBytes;
  atomic_ullong copiedBytes;
  atomic_ullong copiedBytesOfRuntime;
};

static struct Counts before;
static struct Counts *counts = &before;

__attribute__((constructor)) static void open_counts(void) {
  const char *path = getenv("BENCH_COUNTS");
  if (path == NULL) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof before, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) counts = mapped;
}

static void add(atomic_ullong *count, unsigned long long amount) {
  atomic_fetch_add_explicit(count, amount, memory_order_relaxed);
}

static void count_allocation(size_t size) {
  add(&counts->allocations, 1);
  add(&counts->allocatedBytes, size);
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  count_allocation(size);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_allocation(count * size);
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  count_allocation(size);
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count_allocation(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **made, size_t alignment, size_t size) {
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *made = memory;
  return 0;
}

static void count_copy(size_t size, void *caller) {
  if (size < LARGE_COPY) return;
  Dl_info place;
  const char *file = dladdr(caller, &place) != 0 ? place.dli_fname : NULL;
  int isRuntime = file != NULL && strstr(file, "onnxruntime") != NULL;
  add(isRuntime ? &counts->copiedBytesOfRuntime : &counts->copiedBytes, size);
}

static void *copy(void *to, const void *from, size_t size) {
  unsigned char *out = to;
  const unsigned char *in = from;
  if (out <= in || out >= in + size) {
    for (size_t i = 0; i < size; i++) out[i] = in[i];
  } else {
    for (size_t i = size; i > 0; i--) out[i - 1] = in[i - 1];
  }
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  count_copy(size, __builtin_return_address(0));
  return copy(to, from, size);
}

void *memmove(void *to, const void *from, size_t size) {
  count_copy(size, __builtin_return_address(0));
  return copy(to, from, size);
}

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room) {
  if (size > room) abort();
  count_copy(size, __builtin_return_address(0));
  return copy(to, from, size);
}

void *__memmove_chk(void *to, const void *from, size_t size, size_t room) {
  if (size > room) abort();
  count_copy(size, __builtin_return_address(0));
  return copy(to, from, size);
}
