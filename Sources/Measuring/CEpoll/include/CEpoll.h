/* The system's own declarations of epoll(7) and eventfd(2), which Swift's view of it leaves out. */
#ifndef APUS_CEPOLL_H
#define APUS_CEPOLL_H

#include <sys/epoll.h>
#include <sys/eventfd.h>

#endif
