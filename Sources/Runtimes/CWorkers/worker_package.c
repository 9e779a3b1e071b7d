#include "apus_worker_package.h"

// The compiler reads the files itself and depends on them, so a change of one is a build.
#pragma clang diagnostic ignored "-Wc23-extensions"

// A zero ends each, because an array may not be empty and a file may.
static const unsigned char apus_worker___init___py[] = {
#embed "../Python/Worker/apus_worker/__init__.py" suffix(, )
    0};
static const unsigned char apus_worker___main___py[] = {
#embed "../Python/Worker/apus_worker/__main__.py" suffix(, )
    0};
static const unsigned char apus_worker_channel_py[] = {
#embed "../Python/Worker/apus_worker/channel.py" suffix(, )
    0};
static const unsigned char apus_worker_loop_py[] = {
#embed "../Python/Worker/apus_worker/loop.py" suffix(, )
    0};

// Less the zero at the end.
#define FILE(path, name) {path, name, sizeof(name) - 1}

static const struct apus_worker_file files[] = {
    FILE("apus_worker/__init__.py", apus_worker___init___py),
    FILE("apus_worker/__main__.py", apus_worker___main___py),
    FILE("apus_worker/channel.py", apus_worker_channel_py),
    FILE("apus_worker/loop.py", apus_worker_loop_py),
};

size_t apus_worker_file_count(void) { return sizeof(files) / sizeof(files[0]); }

struct apus_worker_file apus_worker_file_at(size_t index) { return files[index]; }
