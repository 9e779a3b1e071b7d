/* epoll(7), which Swift's view of the system leaves out. */
#ifndef APUS_CEPOLL_H
#define APUS_CEPOLL_H

/* What happened on one socket. */
typedef struct {
  unsigned long long mark;
  /* There is room for bytes to be sent. */
  int is_writable;
  /* There are bytes, an end, or an error. */
  int is_readable;
} apus_epoll_event;

/* A descriptor, or -1 with errno. */
int apus_epoll_create(void);
/* Watches a socket for what comes, and `for_room` for room, too: 0, or -1 with errno. */
int apus_epoll_add(int epoll, int socket, unsigned long long mark, int for_room);
int apus_epoll_change(int epoll, int socket, unsigned long long mark, int for_room);
/* Waits until something happened, or so many nanoseconds; how many events there are, at most
   `count` and at most 256. */
int apus_epoll_wait(int epoll, apus_epoll_event *events, int count, unsigned long long nanoseconds);

#endif
