/* What worker processes need of Linux and Swift's view of it leaves out. */
#ifndef APUS_CWORKERS_H
#define APUS_CWORKERS_H

#include <stddef.h>
#include <stdint.h>

#include "apus_worker_package.h"

/* A file in memory of exactly that size, which nobody can shrink, grow or unseal; closed on exec.
   Its descriptor, or -1 with errno. */
int apus_memory_file(size_t byte_count);

/* A pair of connected sockets that keep messages whole; both closed on exec. 0, or -1 with errno. */
int apus_message_sockets(int pair[_Nonnull 2]);

/* An eventfd, non-blocking and closed on exec, or -1 with errno. */
int apus_event(void);

/* Sends one message, and with it a descriptor unless that is negative. Never waits and raises no
   signal. 0, or errno. */
int apus_send(int socket, const void *_Nonnull bytes, size_t count, int descriptor);

/* Takes one message without waiting: its length, 0 at the end, or -1 with errno; EMSGSIZE where it was
   longer than the buffer. Descriptors that come with it are closed. */
long apus_receive(int socket, void *_Nonnull buffer, size_t capacity);

/* The same for who trusts the other side: waits for the message, and gives the descriptor that came with
   it, or -1. */
long apus_receive_descriptor(
    int socket, void *_Nonnull buffer, size_t capacity, int *_Nonnull descriptor);

/* What a process is started as. */
struct apus_start {
  /* The program, by path or looked for in PATH, and its arguments and environment, ended by NULL. */
  const char *_Nonnull path;
  char *_Nullable const *_Nonnull arguments;
  char *_Nullable const *_Nonnull environment;
  /* NULL stays where we are. */
  const char *_Nullable directory;
  /* Become its descriptors 1, 2 and 3; everything else is closed, and 0 is empty. */
  int output, errors, channel;
};

/* Starts a process in a session of its own, which dies with the thread that calls this: the kernel's
   parent-death signal follows the thread. Its number, or -1 with errno, which is also that of a program
   that cannot be run. */
int apus_start_process(const struct apus_start *_Nonnull start);

/* The environment of this process, ended by NULL; read before other threads may change it. */
char *_Nullable *_Nonnull apus_environment(void);

/* A descriptor that becomes readable when the process has ended, or -1 with errno. */
int apus_process_descriptor(int process);

/* Lines that a worker draws around itself before it becomes its program. */
struct apus_confinement {
  /* Bytes of private memory, seconds of processor time, open files; 0 sets none. */
  uint64_t memory, processor_seconds, files;
  /* Tasks of its user beside those that there are; 0 sets none. The kernel asks nothing of root. */
  uint64_t tasks;
  /* Whether other processes may be started from it. */
  int may_start_processes;
  /* Whether what it starts stays in its session and its group of processes. */
  int keeps_session;
  /* Whether it may reach the network. */
  int may_use_network;
  /* The only folder that may be written to, or NULL where the system's own rules are all. */
  const char *_Nullable writable;
};

/* Draws them round the calling process; NULL, or which of them could not be drawn, with errno. */
const char *_Nullable apus_confine(const struct apus_confinement *_Nonnull lines);

#endif
