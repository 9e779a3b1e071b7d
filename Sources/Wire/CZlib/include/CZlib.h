/* What we use of zlib 1.2's interface, declared by ourselves; the library is opened while the
   program runs. The layout of the stream is part of zlib's promise since 1.0: the library checks
   the size we pass against its own and refuses with Z_VERSION_ERROR. */
#ifndef APUS_CZLIB_H
#define APUS_CZLIB_H

typedef struct {
  const unsigned char *next_in;
  unsigned int avail_in;
  unsigned long total_in;
  unsigned char *next_out;
  unsigned int avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *allocate;
  void *release;
  void *opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
} apus_z_stream;

typedef int (*apus_inflate_init)(apus_z_stream *, int window_bits, const char *version, int size);
typedef int (*apus_inflate)(apus_z_stream *, int flush);
typedef int (*apus_inflate_end)(apus_z_stream *);
typedef int (*apus_inflate_reset)(apus_z_stream *);
typedef int (*apus_deflate_init)(apus_z_stream *, int level, int method, int window_bits,
                                 int memory_level, int strategy, const char *version, int size);
typedef int (*apus_deflate)(apus_z_stream *, int flush);
typedef int (*apus_deflate_end)(apus_z_stream *);

#endif
