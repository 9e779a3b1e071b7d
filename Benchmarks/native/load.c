/// Sends one prepared HTTP request over many connections, in a closed or an open loop.
///
///     load PORT MESSAGE-FILE
///
/// Each line `CONNECTIONS WARM-UP SECONDS RATE SEED RECORDS-FILE` of standard input is a round and is
/// answered with a line of JSON. A rate of 0 is the closed loop: every connection asks again as soon
/// as it has its answer, and hangs up at the end without waiting for the last one. Otherwise requests come due at random moments (exponential gaps) whatever is
/// answered, and a request that finds no free connection waits for one: how long it took is counted
/// from when it was due, so a server that falls behind cannot slow its own clock.
///
/// One thread, so that what it costs is seen in its processor time. Records are as `struct Record`.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 16 << 10, SCRATCH = 1 << 20, EVENTS = 256 };

/// How long answers are waited for after the last request was sent.
static const double PATIENCE = 60;

/// Seconds count from the end of the warm-up; a status of 0 is an answer that never came.
struct Record {
  double due;
  float took;
  float lag;  ///< from due to sent, where a connection was free: the generator's own lateness
  uint32_t status;
  uint32_t starved;  ///< 1 where no connection was free when it was due
};

struct Connection {
  int socket;
  bool isBusy, isWaitingToWrite, isClosing;
  size_t sent;
  size_t headLength;
  size_t bodyLeft;
  bool hasHead;
  struct Record record;
  char head[HEAD_MAX + 1];
};

struct Round {
  double begin, warmUp, seconds, rate, next;
  uint64_t random;
  bool isStarving;
};

static struct sockaddr_in address;
static char *message;
static size_t messageLength;
static char scratch[SCRATCH];
static int poller;
static FILE *records;
static size_t outstanding;
static char failure[256];
static struct Connection **idle;
static size_t idleCount;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double processorSeconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void stop(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

/// Uniform in (0, 1], by splitmix64.
static double chance(uint64_t *state) {
  uint64_t mixed = *state += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return ((double)((mixed ^ mixed >> 31) >> 11) + 1) * 0x1p-53;
}

static void open_socket(struct Connection *one) {
  one->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (one->socket < 0) stop("socket");
  if (connect(one->socket, (struct sockaddr *)&address, sizeof address)) stop("connect");
  int yes = 1;
  setsockopt(one->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(one->socket, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, one->socket, &event)) stop("epoll_ctl");
  one->isWaitingToWrite = false;
  one->isClosing = false;
}

static void reopen(struct Connection *one) {
  close(one->socket);
  open_socket(one);
}

static void want_writable(struct Connection *one, bool wanted) {
  if (one->isWaitingToWrite == wanted) return;
  one->isWaitingToWrite = wanted;
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = one};
  if (epoll_ctl(poller, EPOLL_CTL_MOD, one->socket, &event)) stop("epoll_ctl");
}

static void finish(struct Connection *one, struct Round *round, uint32_t status) {
  one->record.took = (float)(now() - round->begin - one->record.due);
  one->record.status = status;
  fwrite(&one->record, sizeof one->record, 1, records);
  one->isBusy = false;
  outstanding--;
  // What was answered before it was sent whole cannot be followed by another request.
  if (status == 0 || one->isClosing || one->sent < messageLength) reopen(one);
  idle[idleCount++] = one;
}

static void lose(struct Connection *one, struct Round *round, const char *why) {
  if (!failure[0]) snprintf(failure, sizeof failure, "%s", why);
  finish(one, round, 0);
}

static void write_more(struct Connection *one) {
  while (one->sent < messageLength) {
    ssize_t count =
        send(one->socket, message + one->sent, messageLength - one->sent, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN) return want_writable(one, true);
      // An answer may have come before the whole request was taken; reading tells.
      return want_writable(one, false);
    }
    one->sent += (size_t)count;
  }
  want_writable(one, false);
}

static void begin_request(struct Connection *one, struct Round *round, double due, bool starved) {
  double lag = now() - round->begin - due;
  one->record = (struct Record){.due = due, .lag = (float)lag, .starved = starved};
  one->isBusy = true;
  one->sent = one->headLength = one->bodyLeft = 0;
  one->hasHead = false;
  outstanding++;
  write_more(one);
}

static const char *field(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n"))
    if (strncasecmp(line + 2, name, length) == 0) return line + 2 + length;
  return NULL;
}

/// Takes bytes of an answer; true once it is whole.
static bool take(struct Connection *one, size_t count) {
  if (one->hasHead) {
    one->bodyLeft -= count < one->bodyLeft ? count : one->bodyLeft;
    return one->bodyLeft == 0;
  }
  size_t room = HEAD_MAX - one->headLength, taken = count < room ? count : room;
  memcpy(one->head + one->headLength, scratch, taken);
  one->headLength += taken;
  one->head[one->headLength] = 0;
  char *end = strstr(one->head, "\r\n\r\n");
  if (!end) return false;
  end[2] = 0;
  one->hasHead = true;
  const char *length = field(one->head, "content-length:");
  const char *connection = field(one->head, "connection:");
  one->isClosing = connection && strncasecmp(connection + strspn(connection, " "), "close", 5) == 0;
  one->bodyLeft = length ? strtoull(length, NULL, 10) : 0;
  size_t ofBody = one->headLength - (size_t)(end + 4 - one->head) + (count - taken);
  one->bodyLeft -= ofBody < one->bodyLeft ? ofBody : one->bodyLeft;
  return one->bodyLeft == 0;
}

/// Remembers the first such answer, with the end of what came, as text that JSON can hold.
static void note_status(uint32_t status, size_t count) {
  if (failure[0]) return;
  int length = snprintf(failure, sizeof failure, "an answer with status %u: ", status);
  size_t begin = count > 160 ? count - 160 : 0;
  for (size_t index = begin; index < count; index++) {
    char letter = scratch[index];
    bool isPlain = letter >= ' ' && letter < 127 && letter != '"' && letter != '\\';
    failure[length++] = isPlain ? letter : ' ';
  }
  failure[length] = 0;
}

static void read_more(struct Connection *one, struct Round *round) {
  for (;;) {
    ssize_t count = recv(one->socket, scratch, SCRATCH, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      if (one->isBusy) return lose(one, round, "the server closed the connection");
      return reopen(one);
    }
    if (one->isBusy && take(one, (size_t)count)) {
      uint32_t status = (uint32_t)strtoul(one->head + sizeof "HTTP/1.1", NULL, 10);
      if (status != 200 && status != 429) note_status(status, (size_t)count);
      return finish(one, round, status);
    }
    if (count < SCRATCH) return;
  }
}

/// Sends what is due; gives the seconds until the next is.
static double send_due(struct Round *round) {
  double end = round->seconds;
  for (;;) {
    double at = now() - round->begin;
    if (round->rate == 0) {
      if (at >= end) return end - at;
      if (idleCount == 0) return end - at;
      begin_request(idle[--idleCount], round, at, false);
      continue;
    }
    if (round->next >= end) return end - at;
    if (round->next > at) { round->isStarving = false; return round->next - at; }
    if (idleCount == 0) { round->isStarving = true; return end - at; }
    begin_request(idle[--idleCount], round, round->next, round->isStarving);
    round->next -= log(chance(&round->random)) / round->rate;
  }
}

static void wait_for_events(struct Round *round, double seconds) {
  if (seconds < 0) seconds = 0;
  struct timespec limit = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  struct epoll_event events[EVENTS];
  int count = epoll_pwait2(poller, events, EVENTS, &limit, NULL);
  for (int index = 0; index < count; index++) {
    struct Connection *one = events[index].data.ptr;
    if (events[index].events & EPOLLOUT) write_more(one);
    if (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_more(one, round);
  }
}

static void run(struct Round *round, struct Connection *connections, size_t count) {
  round->begin = now() + round->warmUp;
  round->next = -round->warmUp;
  for (;;) {
    double left = send_due(round), past = now() - round->begin - round->seconds;
    bool isOver = past >= 0;
    if (isOver && (outstanding == 0 || round->rate == 0)) return;
    if (past >= PATIENCE) break;
    wait_for_events(round, isOver ? 0.1 : left);
  }
  for (size_t index = 0; index < count; index++)
    if (connections[index].isBusy) lose(&connections[index], round, "no answer came");
}

static void play(char *line) {
  size_t count;
  struct Round round = {0};
  char path[4096];
  if (sscanf(line, "%zu %lf %lf %lf %lu %4095s", &count, &round.warmUp, &round.seconds,
             &round.rate, &round.random, path) != 6) {
    fprintf(stderr, "load: not an order: %s", line);
    exit(1);
  }
  records = fopen(path, "wb");
  if (!records) stop(path);
  poller = epoll_create1(0);
  struct Connection *connections = calloc(count, sizeof *connections);
  idle = calloc(count, sizeof *idle);
  idleCount = outstanding = 0;
  failure[0] = 0;
  for (size_t index = 0; index < count; index++) {
    open_socket(&connections[index]);
    idle[idleCount++] = &connections[index];
  }
  double begin = now(), processor = processorSeconds();
  run(&round, connections, count);
  double wall = now() - begin, used = processorSeconds() - processor;
  for (size_t index = 0; index < count; index++) close(connections[index].socket);
  fclose(records);
  close(poller);
  free(connections);
  free(idle);
  // Last, because the driver reads the records once it has this line.
  printf(
      "{\"begin\": %f, \"seconds\": %f, \"wall_s\": %f, \"cpu_s\": %f, \"failure\": \"%s\"}\n",
      round.begin, round.seconds, wall, used, failure);
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: load PORT MESSAGE-FILE\n");
    return 2;
  }
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(arguments[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int file = open(arguments[2], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status)) stop(arguments[2]);
  messageLength = (size_t)status.st_size;
  message = malloc(messageLength + 1);
  size_t filled = 0;
  while (filled < messageLength) {
    ssize_t taken = read(file, message + filled, messageLength - filled);
    if (taken <= 0) stop(arguments[2]);
    filled += (size_t)taken;
  }
  close(file);
  // Wake up when a request is due, not up to 50 us later.
  prctl(PR_SET_TIMERSLACK, 1);
  printf("{\"ready\": true}\n");
  fflush(stdout);
  char line[8192];
  while (fgets(line, sizeof line, stdin)) play(line);
  return 0;
}
