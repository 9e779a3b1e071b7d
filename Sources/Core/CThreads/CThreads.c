#define _GNU_SOURCE
#include "CThreads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int apus_pin_thread(unsigned long thread, const long *cores, unsigned long count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (unsigned long place = 0; place < count; ++place) {
    if (cores[place] < 0 || cores[place] >= CPU_SETSIZE) return EINVAL;
    CPU_SET(cores[place], &set);
  }
  return pthread_setaffinity_np((pthread_t)thread, sizeof set, &set);
}

/* struct sched_attr as of Linux 3.14, sched_setattr(2); later kernels take the short form. */
struct slice_request {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

int apus_set_slice(unsigned long nanoseconds) {
  struct slice_request request = {.size = sizeof request};
  if (syscall(SYS_sched_getattr, 0, &request, sizeof request, 0) != 0) return errno;
  /* Of any other policy the field means a bandwidth. */
  if (request.policy != SCHED_OTHER && request.policy != SCHED_BATCH) return EINVAL;
  request.size = sizeof request;
  request.flags = 0;
  request.runtime = nanoseconds;
  return syscall(SYS_sched_setattr, 0, &request, 0) == 0 ? 0 : errno;
}
