/* The Python package that runs inside worker processes, embedded in the program. */
#ifndef APUS_WORKER_PACKAGE_H
#define APUS_WORKER_PACKAGE_H

#include <stddef.h>

/* One of its files: where it belongs below the package's folder, and its bytes, which live as long as the
   process. */
struct apus_worker_file {
  const char *_Nonnull path;
  const unsigned char *_Nonnull bytes;
  size_t byte_count;
};

/* How many there are. */
size_t apus_worker_file_count(void);

/* The file at `index`, which must be smaller than the count. */
struct apus_worker_file apus_worker_file_at(size_t index);

#endif
