// The files of the web page, embedded in the program. Constants: they live as long as the process.
#ifndef APUS_CONSOLE_ASSETS_H
#define APUS_CONSOLE_ASSETS_H

#include <stddef.h>

/// One file: the path it is served at and its bytes, which are not terminated by a zero.
struct apus_console_asset {
  const char *_Nonnull path;
  const unsigned char *_Nonnull bytes;
  size_t byte_count;
};

/// How many files there are.
size_t apus_console_asset_count(void);

/// The file at `index`, which must be smaller than the count.
struct apus_console_asset apus_console_asset_at(size_t index);

#endif
