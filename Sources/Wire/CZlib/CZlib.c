#include "CZlib.h"

/* The size that zlib 1.2 has on every 64-bit Linux. */
_Static_assert(sizeof(apus_z_stream) == 112, "z_stream has another layout here");
