#define _GNU_SOURCE
#include "CThreads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

int apus_pin_thread(unsigned long thread, const long *cores, unsigned long count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (unsigned long place = 0; place < count; ++place) {
    if (cores[place] < 0 || cores[place] >= CPU_SETSIZE) return EINVAL;
    CPU_SET(cores[place], &set);
  }
  return pthread_setaffinity_np((pthread_t)thread, sizeof set, &set);
}
