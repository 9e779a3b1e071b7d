#include "CEpoll.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENT_COUNT_MAX 256

int apus_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int socket, unsigned long long mark, int for_room) {
  struct epoll_event event;
  event.events = EPOLLIN | (for_room ? EPOLLOUT : 0);
  event.data.u64 = mark;
  return epoll_ctl(epoll, operation, socket, &event);
}

int apus_epoll_add(int epoll, int socket, unsigned long long mark, int for_room) {
  return control(epoll, EPOLL_CTL_ADD, socket, mark, for_room);
}

int apus_epoll_change(int epoll, int socket, unsigned long long mark, int for_room) {
  return control(epoll, EPOLL_CTL_MOD, socket, mark, for_room);
}

int apus_epoll_wait(int epoll, apus_epoll_event *events, int count, unsigned long long nanoseconds) {
  struct epoll_event found[EVENT_COUNT_MAX];
  const int most = count < EVENT_COUNT_MAX ? count : EVENT_COUNT_MAX;
  const struct timespec limit = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
  int got = epoll_pwait2(epoll, found, most, &limit, NULL);
  /* Before Linux 5.11: whole milliseconds, none of them too many. */
  if (got < 0 && errno == ENOSYS) got = epoll_wait(epoll, found, most, (int)(nanoseconds / 1000000));
  for (int index = 0; index < got; index += 1) {
    events[index].mark = found[index].data.u64;
    events[index].is_writable = (found[index].events & EPOLLOUT) != 0;
    events[index].is_readable = (found[index].events & ~(unsigned)EPOLLOUT) != 0;
  }
  return got < 0 ? 0 : got;
}
