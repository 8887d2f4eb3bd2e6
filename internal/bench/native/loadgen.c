/*
 * The load generator of internal/bench for Linux: one thread, epoll, closed loop. Its source is
 * here so that a fresh clone can compile it (see ../README.md). On other hosts src/generate.ts
 * does the same in Node, with the same options, commands and output.
 *
 * loadgen -p PORT [-m echo|stream|churn] [-n CONNS] [-a ACTIVE] [-s BYTES] [-q WINDOW]
 *         [-S SETTLE_MS] [-P PID,PID...]
 *
 *   echo    ACTIVE of CONNS connections keep one message of BYTES in flight each
 *   stream  each active connection writes chunks of BYTES, with at most WINDOW bytes not echoed yet
 *   churn   ACTIVE at a time: connect, echo one message, close
 *   -S      the delay between connecting and printing that it is ready
 *   -P      report the CPU time of these processes, all threads, from schedstat, over the window
 *
 * It connects, prints {"ready":true}, and then executes commands from its standard input:
 *
 *   time WARMUP_SECONDS SECONDS   generate load for WARMUP_SECONDS, then measure for SECONDS. The
 *                                 warm-up lasts at least until all active connections have started
 *   count MESSAGES                send exactly this many messages
 *
 * It answers each command with one line of JSON when all sent bytes have come back. Between two
 * commands the connections stay open and idle. It exits at the end of its input. `slowest` and
 * `fastest` are the numbers of messages on the least and the most served active connection.
 *
 * It compares every echoed byte with the sent one.
 * Exit codes: 2 a call failed, 3 no progress for 30 s, 4 the peer closed, 5 a wrong byte came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STALL_NS 30000000000ull
#define MOST_PIDS 16
#define FIRST_ACTIVE 16

typedef struct {
  int fd;
  int received;       /* of the message in flight */
  long sent_total;    /* stream */
  long received_total;
  uint64_t fired_at;
  uint32_t number;    /* of the message in flight */
  uint32_t events;
  uint64_t messages;  /* of the measured window */
} Connection;

static int port, conns = 1, active = 0, size = 64;
static long window = 262144, settle_ms = 100;
static const char *mode = "echo";
static int pids[MOST_PIDS], pid_count;
static uint64_t cpu_before[MOST_PIDS];
static Connection *connections;
static int epoll;
static unsigned char *pattern, *incoming;
/* State of the current command. */
static uint64_t messages, total, bytes, fired, most;
static int measuring, is_stopping;
/* The number of active connections that have started; see start_some. */
static int begun;
/* Echo and churn: messages on their way. Stream: bytes. */
static long in_flight;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void mismatch(long at) {
  fprintf(stderr, "loadgen: a wrong byte came, in the piece at %ld\n", at);
  exit(5);
}

/* A histogram of latencies in ns: 64 steps for each doubling, so the error is at most 1.6 %. */
#define DOUBLINGS 40
static uint32_t histogram[DOUBLINGS * 128];

static void record(uint64_t ns) {
  int shift = 0;
  while (ns >= 128) { ns >>= 1; shift++; }
  if (shift >= DOUBLINGS) shift = DOUBLINGS - 1;
  histogram[shift * 128 + ns]++;
}

static double percentile_us(double part) {
  uint64_t all = 0, seen = 0;
  for (int i = 0; i < DOUBLINGS * 128; i++) all += histogram[i];
  if (all == 0) return 0;
  uint64_t wanted = (uint64_t)(part * all);
  if (wanted >= all) wanted = all - 1;
  for (int i = 0; i < DOUBLINGS * 128; i++) {
    seen += histogram[i];
    if (seen <= wanted) continue;
    int shift = i / 128;
    return ((double)((uint64_t)(i % 128) << shift) + ((1ull << shift) >> 1)) / 1e3;
  }
  return 0;
}

static uint64_t cpu_of(int pid) {
  char path[64], task[400];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *directory = opendir(path);
  if (!directory) return 0;
  uint64_t sum = 0;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    if (entry->d_name[0] == '.') continue;
    snprintf(task, sizeof task, "%s/%s/schedstat", path, entry->d_name);
    FILE *file = fopen(task, "r");
    if (!file) continue;
    unsigned long long ns;
    if (fscanf(file, "%llu", &ns) == 1) sum += ns;
    fclose(file);
  }
  closedir(directory);
  return sum;
}

static int open_connection(int is_nonblocking) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in to = {
    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (is_nonblocking) fcntl(fd, F_SETFL, O_NONBLOCK);
  if (connect(fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
  if (!is_nonblocking) fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* True if another message may be sent. */
static int may_fire(void) { return !is_stopping && !(most && fired >= most); }

static void fire(Connection *c) {
  c->number++;
  fired++;
  if (size >= 4) memcpy(pattern, &c->number, 4);
  c->fired_at = now();
  c->received = 0;
  if (send(c->fd, pattern, size, MSG_NOSIGNAL) != size) die("send");
}

static void want(Connection *c, uint32_t events, int operation) {
  if (c->events == events && operation == EPOLL_CTL_MOD) return;
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll, operation, c->fd, &event) < 0) die("epoll_ctl");
  c->events = events;
}

/* Stream: writes until the window or the socket is full. Completes a partly written chunk. */
static void pump(Connection *c) {
  for (;;) {
    long at = c->sent_total % size;
    if (at == 0 && (!may_fire() || window - (c->sent_total - c->received_total) < size)) break;
    if (at == 0) fired++;
    ssize_t sent = send(c->fd, pattern + at, size - at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) die("send");
    if (sent < 0 && at == 0) fired--;
    if (sent > 0) { c->sent_total += sent; in_flight += sent; }
    if (sent < size - at) { want(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD); return; }
  }
  want(c, EPOLLIN, EPOLL_CTL_MOD);
}

/* Receives; returns 0 if there is nothing to receive now. */
static long take(Connection *c, unsigned char *into, long room) {
  ssize_t count = recv(c->fd, into, room, 0);
  if (count > 0) return count;
  if (count < 0 && errno == EAGAIN) return 0;
  fprintf(stderr, "loadgen: the peer closed after %llu messages: %s\n",
          (unsigned long long)total, count < 0 ? strerror(errno) : "end of stream");
  exit(4);
}

static void finish_message(Connection *c) {
  total++;
  in_flight--;
  if (!measuring) return;
  messages++;
  c->messages++;
  bytes += size;
  record(now() - c->fired_at);
}

static void on_stream(Connection *c, uint32_t events) {
  if (events & ~EPOLLOUT) {
    long count = take(c, incoming, 1 << 20);
    for (long done = 0; done < count;) {
      long at = (c->received_total + done) % size, part = size - at;
      if (part > count - done) part = count - done;
      if (memcmp(incoming + done, pattern + at, part)) mismatch(c->received_total + done);
      done += part;
    }
    long whole = (c->received_total + count) / size - c->received_total / size;
    c->received_total += count;
    in_flight -= count;
    total += whole;
    if (measuring) { messages += whole; c->messages += whole; bytes += count; }
  }
  pump(c);
}

/* True if the message is complete and correct. */
static int take_message(Connection *c) {
  c->received += take(c, incoming + c->received, size - c->received);
  if (c->received < size) return 0;
  if (size >= 4) memcpy(pattern, &c->number, 4);
  if (memcmp(incoming, pattern, size)) mismatch(total);
  return 1;
}

static void start_churn(Connection *c) {
  c->fd = open_connection(1);
  c->fired_at = now();
  in_flight++;
  fired++;
  want(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void on_churn(Connection *c) {
  if (c->events & EPOLLOUT) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) { errno = error; die("connect"); }
    uint64_t began = c->fired_at;
    fire(c);
    fired--;
    c->fired_at = began;
    want(c, EPOLLIN, EPOLL_CTL_MOD);
    return;
  }
  if (!take_message(c)) return;
  finish_message(c);
  close(c->fd);
  if (may_fire()) start_churn(c);
}

static void begin_measuring(void) {
  measuring = 1;
  messages = bytes = 0;
  memset(histogram, 0, sizeof histogram);
  for (int i = 0; i < conns; i++) connections[i].messages = 0;
  for (int i = 0; i < pid_count; i++) cpu_before[i] = cpu_of(pids[i]);
}

/* Returns an active connection; they are spread evenly among all connections. */
static Connection *active_at(int index) { return &connections[index * (conns / active)]; }

static void print_results(double elapsed, const uint64_t *cpu) {
  uint64_t slowest = active_at(0)->messages, fastest = slowest;
  for (int i = 1; i < active; i++) {
    uint64_t its = active_at(i)->messages;
    if (its < slowest) slowest = its;
    if (its > fastest) fastest = its;
  }
  printf("{\"generator\":\"c\",\"seconds\":%.4f,\"messages\":%llu,\"total\":%llu,\"bytes\":%llu,"
         "\"slowest\":%llu,\"fastest\":%llu,"
         "\"p50us\":%.2f,\"p99us\":%.2f,\"p999us\":%.2f,\"cpuNs\":[",
         elapsed, (unsigned long long)messages, (unsigned long long)total,
         (unsigned long long)bytes, (unsigned long long)slowest, (unsigned long long)fastest,
         percentile_us(.5), percentile_us(.99), percentile_us(.999));
  for (int i = 0; i < pid_count; i++)
    printf("%s%llu", i ? "," : "", (unsigned long long)(cpu[i] - cpu_before[i]));
  printf("]}\n");
  fflush(stdout);
}

/*
 * Starts up to `count` more active connections. They do not start all at once: if a thousand
 * sockets became readable at the same moment, Wine 8 would need seconds for this burst, which is
 * not a workload of this bench.
 */
static void start_some(int count, int is_churn, int is_stream) {
  for (; count > 0 && begun < active; count--) {
    Connection *c = active_at(begun);
    if (!is_stream && !may_fire()) return;
    begun++;
    c->received = 0;
    if (is_stream) { pump(c); continue; }
    if (is_churn) { start_churn(c); continue; }
    in_flight++;
    fire(c);
  }
}

static void on_echo(Connection *c) {
  if (!take_message(c)) return;
  finish_message(c);
  if (may_fire()) {
    in_flight++;
    fire(c);
  }
  start_some(1, 0, 0);
}

/* Executes one command. */
static void load(int is_churn, int is_stream, double warmup, double seconds) {
  struct epoll_event events[512];
  uint64_t cpu[MOST_PIDS] = {0}, seen = 0, start = now(), from = start, to = 0, moved_at = start;
  messages = total = bytes = fired = 0;
  in_flight = measuring = is_stopping = begun = 0;
  if (most) begin_measuring();
  start_some(FIRST_ACTIVE, is_churn, is_stream);
  while (in_flight > 0 || may_fire()) {
    uint64_t at = now();
    if (!measuring && !is_stopping && begun == active && at >= start + (uint64_t)(warmup * 1e9)) {
      begin_measuring();
      from = now();
    }
    if (!most && measuring && at >= from + (uint64_t)(seconds * 1e9)) {
      to = at;
      for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]);
      is_stopping = 1;
      measuring = 0;
    }
    if (total != seen) { moved_at = at; seen = total; }
    if (at - moved_at > STALL_NS) {
      fprintf(stderr, "loadgen: nothing moved for 30 s, after %llu messages\n",
              (unsigned long long)total);
      exit(3);
    }
    int ready = epoll_wait(epoll, events, 512, in_flight > 0 ? 200 : 0);
    for (int i = 0; i < ready; i++) {
      Connection *c = events[i].data.ptr;
      if (is_churn) on_churn(c);
      else if (is_stream) on_stream(c, events[i].events);
      else on_echo(c);
    }
  }
  if (most) {
    to = now();
    for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]);
  }
  print_results((to - from) / 1e9, cpu);
}

static void read_options(int count, char **arguments) {
  int option;
  while ((option = getopt(count, arguments, "p:m:n:a:s:q:S:P:")) > 0) switch (option) {
    case 'p': port = atoi(optarg); break;
    case 'm': mode = optarg; break;
    case 'n': conns = atoi(optarg); break;
    case 'a': active = atoi(optarg); break;
    case 's': size = atoi(optarg); break;
    case 'q': window = atol(optarg); break;
    case 'S': settle_ms = atol(optarg); break;
    case 'P':
      for (char *each = strtok(optarg, ","); each && pid_count < MOST_PIDS; each = strtok(0, ","))
        pids[pid_count++] = atoi(each);
      break;
    default: exit(2);
  }
  if (!active) active = conns;
  if (conns < active) conns = active;
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  int is_churn = !strcmp(mode, "churn"), is_stream = !strcmp(mode, "stream");
  pattern = malloc(size + 16);
  incoming = malloc((1 << 20) + size);
  uint32_t x = 0x9e3779b9;
  for (int i = 0; i < size; i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; pattern[i] = x >> 24; }
  epoll = epoll_create1(0);
  if (is_churn) conns = active;
  connections = calloc(conns, sizeof *connections);
  for (int i = 0; i < conns && !is_churn; i++) {
    connections[i].fd = open_connection(0);
    want(&connections[i], EPOLLIN, EPOLL_CTL_ADD);
  }
  usleep(settle_ms * 1000);
  printf("{\"ready\":true}\n");
  fflush(stdout);
  char line[200];
  while (fgets(line, sizeof line, stdin)) {
    double warmup = 0, seconds = 0;
    unsigned long long wanted = 0;
    if (sscanf(line, "count %llu", &wanted) != 1 && sscanf(line, "time %lf %lf", &warmup, &seconds) != 2) {
      fprintf(stderr, "loadgen: no such command: %s", line);
      return 2;
    }
    most = wanted;
    load(is_churn, is_stream, warmup, seconds);
  }
  return 0;
}
