#define _GNU_SOURCE
#include "CWorkers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

int apus_memory_file(size_t byte_count) {
  int file = memfd_create("apus-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (ftruncate(file, (off_t)byte_count) == 0 &&
      fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return file;
  int reason = errno;
  close(file);
  errno = reason;
  return -1;
}

int apus_message_sockets(int pair[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

int apus_event(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int apus_send(int socket, const void *bytes, size_t count, int descriptor) {
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  if (descriptor >= 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
  }
  long sent;
  do sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

long apus_receive(int socket, void *buffer, size_t capacity) {
  struct iovec part = {.iov_base = buffer, .iov_len = capacity};
  /* No room for descriptors: the kernel closes those that came. */
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  long taken;
  do taken = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (taken < 0 && errno == EINTR);
  if (taken >= 0 && (message.msg_flags & MSG_TRUNC)) {
    errno = EMSGSIZE;
    return -1;
  }
  return taken;
}

long apus_receive_descriptor(int socket, void *buffer, size_t capacity, int *descriptor) {
  struct iovec part = {.iov_base = buffer, .iov_len = capacity};
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
      .msg_controllen = sizeof control.bytes};
  long taken;
  do taken = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (taken < 0 && errno == EINTR);
  *descriptor = -1;
  struct cmsghdr *head = taken > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
    memcpy(descriptor, CMSG_DATA(head), sizeof(int));
  return taken;
}

/* In the child, which borrows our memory until it runs its program, so that nothing of it is copied,
   however much there is: system calls only. */
static int become(const struct apus_start *start, pid_t parent) {
  /* Copied out of the way of each other first: a pipe may have got one of the wanted numbers. */
  int output = fcntl(start->output, F_DUPFD_CLOEXEC, 10);
  int errors = fcntl(start->errors, F_DUPFD_CLOEXEC, 10);
  int channel = fcntl(start->channel, F_DUPFD_CLOEXEC, 10);
  if (output < 0 || errors < 0 || channel < 0) return errno;
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0 ||
      dup2(channel, 3) < 0)
    return errno;
  /* CLOSE_RANGE_CLOEXEC: the pipe that reports a failing exec stays until then. */
  if (syscall(SYS_close_range, 4u, ~0u, 1u << 2) != 0)
    for (int file = 4; file < 4096; ++file) fcntl(file, F_SETFD, FD_CLOEXEC);
  if (setsid() < 0) return errno;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return ESRCH;
  if (start->directory && chdir(start->directory) != 0) return errno;
  execvpe(start->path, start->arguments, start->environment);
  return errno;
}

static void take_default_signals(void) {
  struct sigaction usual = {.sa_handler = SIG_DFL};
  for (int number = 1; number < 32; ++number) sigaction(number, &usual, NULL);
}

int apus_start_process(const struct apus_start *start) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -1;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t parent = getpid();
  pid_t child = vfork();
  if (child == 0) {
    take_default_signals();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int reason = become(start, parent);
    long written = write(report[1], &reason, sizeof reason);
    (void)written;
    _exit(127);
  }
  int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(report[1]);
  if (child > 0) {
    long got;
    do got = read(report[0], &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    if (got == (long)sizeof reason) {
      int status;
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
      child = -1;
    }
  }
  close(report[0]);
  errno = reason;
  return child;
}

int apus_process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

char **apus_environment(void) { return environ; }
