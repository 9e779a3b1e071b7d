#define _GNU_SOURCE
#include "CWorkers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no filter of system calls for this processor"
#endif

static int limit(int which, uint64_t most) {
  if (most == 0) return 0;
  struct rlimit before;
  if (getrlimit((__rlimit_resource_t)which, &before) != 0) return -1;
  rlim_t value = before.rlim_max < most ? before.rlim_max : most;
  struct rlimit bound = {value, value};
  return setrlimit((__rlimit_resource_t)which, &bound);
}

/* Words of a filter: see the kernel's Documentation/userspace-api/seccomp_filter.rst. */
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOW_ARGUMENT(n) \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(reason) ANSWER(SECCOMP_RET_ERRNO | (reason))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))

static int filter(struct sock_filter *lines, unsigned short count) {
  struct sock_fprog program = {count, lines};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Threads, yes; processes, no. The arguments of clone3 lie in memory, where a filter cannot look: the C
   library then takes clone. */
static int refuse_processes(void) {
  struct sock_filter lines[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      REFUSE(ENOSYS),
      LOAD(nr),
      UNLESS(SYS_clone3, 1),
      REFUSE(ENOSYS),
#ifdef SYS_fork
      UNLESS(SYS_fork, 1),
      REFUSE(EAGAIN),
      UNLESS(SYS_vfork, 1),
      REFUSE(EAGAIN),
#endif
      UNLESS(SYS_clone, 3),
      LOW_ARGUMENT(0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
      REFUSE(EAGAIN),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  return filter(lines, sizeof lines / sizeof lines[0]);
}

/* Nothing that it starts leaves the group of processes that is ended with it. */
static int refuse_leaving_session(void) {
  struct sock_filter lines[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      REFUSE(ENOSYS),
      LOAD(nr),
      UNLESS(SYS_setsid, 1),
      REFUSE(EPERM),
      UNLESS(SYS_setpgid, 1),
      REFUSE(EPERM),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  return filter(lines, sizeof lines / sizeof lines[0]);
}

/* RLIMIT_NPROC counts every task of the user, whoever started it. */
static int limit_tasks(uint64_t most) {
  if (most == 0) return 0;
  uid_t user = getuid();
  uint64_t count = 0;
  DIR *processes = opendir("/proc");
  if (!processes) return -1;
  for (struct dirent *entry; (entry = readdir(processes));) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/task", entry->d_name);
    struct stat found;
    /* Of the folder's links, two are its own. */
    if (stat(path, &found) == 0 && found.st_uid == user && found.st_nlink > 2)
      count += found.st_nlink - 2;
  }
  closedir(processes);
  return limit(RLIMIT_NPROC, count + most);
}

/* Where no network of its own can be had: sockets of other families than Unix are refused. */
static int refuse_sockets(void) {
  struct sock_filter lines[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      REFUSE(ENOSYS),
      LOAD(nr),
      UNLESS(SYS_socket, 3),
      LOW_ARGUMENT(0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
      REFUSE(EACCES),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  return filter(lines, sizeof lines / sizeof lines[0]);
}

#define CHANGES                                                                               \
  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                            \
   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static int allow_changes_below(int rules, const char *folder) {
  struct landlock_path_beneath_attr below = {
      .allowed_access = CHANGES, .parent_fd = open(folder, O_PATH | O_CLOEXEC)};
  if (below.parent_fd < 0) return -1;
  int outcome = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
  int reason = errno;
  close(below.parent_fd);
  errno = reason;
  return outcome;
}

static int allow_writing_null(int rules) {
  struct landlock_path_beneath_attr device = {
      .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
      .parent_fd = open("/dev/null", O_PATH | O_CLOEXEC)};
  if (device.parent_fd < 0) return -1;
  int outcome = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &device, 0);
  close(device.parent_fd);
  return outcome;
}

static int allow_changes_only_below(const char *folder) {
  struct landlock_ruleset_attr kinds = {.handled_access_fs = CHANGES};
  int rules = (int)syscall(SYS_landlock_create_ruleset, &kinds, sizeof kinds.handled_access_fs, 0);
  if (rules < 0) return -1;
  int outcome = allow_changes_below(rules, folder);
  if (outcome == 0) outcome = allow_writing_null(rules);
  if (outcome == 0) outcome = (int)syscall(SYS_landlock_restrict_self, rules, 0);
  int reason = errno;
  close(rules);
  errno = reason;
  return outcome;
}

const char *apus_confine(const struct apus_confinement *lines) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return "core files";
  /* Private memory that is written to, not reserved addresses: libraries reserve far more. */
  if (limit(RLIMIT_DATA, lines->memory) != 0) return "memory";
  if (limit(RLIMIT_CPU, lines->processor_seconds) != 0) return "processor time";
  if (limit(RLIMIT_NOFILE, lines->files) != 0) return "open files";
  if (limit_tasks(lines->tasks) != 0) return "processes";
  int is_cut_off = 0;
  if (!lines->may_use_network) is_cut_off = unshare(CLONE_NEWNET) == 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "privileges";
  if (lines->writable && allow_changes_only_below(lines->writable) != 0) return "the file system";
  if (!lines->may_use_network && !is_cut_off && refuse_sockets() != 0) return "the network";
  if (lines->keeps_session && refuse_leaving_session() != 0) return "sessions";
  if (!lines->may_start_processes && refuse_processes() != 0) return "processes";
  return NULL;
}
