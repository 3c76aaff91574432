/* Request and response over one TCP connection between two pinned processes: time, CPU time of both ends, single round trips.
 *
 * Options (name=value):
 *   client_cpu server_cpu         where the ends run; equal means on one CPU
 *   client_net server_net         network namespaces ("" is the caller's); address bind port: where to connect, where to listen
 *   request_bytes reply_bytes     1 and 1 unless given;  file: the reply's body is sent as nginx does (cork, header, sendfile, uncork)
 *   client_spins server_spins     that end never sleeps: it polls without blocking, so the other end need not wake it
 *   hogs                          busy loops on the server's CPU
 *   pause_us                      the client spins so long before each request, so the server has been asleep for about that time
 *   each_connects                 a connection for each request: connect, round trip, close
 *   milliseconds most             the run's length and the most round trips
 *   samples                       prefix of files with single samples: .round, .forth (request sent to request read), .back
 * An end's CPU time is the scheduler's run time of its thread, from one request read to a later one read.
 */
#include "common.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

struct board { _Atomic int ready; int64_t cpu_ns, switches, first_cpu_ns, first_switches; long seen; int64_t read_at_ns[]; };

static int request_bytes, reply_bytes, client_spins, server_spins, each_connects, file = -1;
static char buffer[1 << 21];
enum { WARM_UP = 300 };

static void all_read(int fd, int bytes, int spins) {
    for (int got = 0; got < bytes;) {
        ssize_t n = recv(fd, buffer, bytes - got, spins ? MSG_DONTWAIT : 0);
        if (n > 0) got += n;
        else if (n == 0) exit(0);                                              /* the other end has finished */
        else if (errno != EAGAIN) fail("recv");
    }
}
static void all_sent(int fd, int bytes) {
    for (int sent = 0; sent < bytes;) {
        ssize_t n = send(fd, buffer, bytes - sent, 0);
        if (n < 0) fail("send");
        sent += n;
    }
}
static void prepare(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5)) fail("cubic");
}
static void reply(int fd) {
    if (file < 0) { all_sent(fd, reply_bytes); return; }
    int on = 1, off = 0, header = 240;
    off_t from = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    all_sent(fd, header);
    while (from < reply_bytes - header)
        if (sendfile(fd, file, &from, reply_bytes - header - from) < 0) fail("sendfile");
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
}

static void serve(int listener, struct board *board, long most) {
    int fd = -1;
    atomic_store(&board->ready, 1);
    for (long seen = 0;; seen++) {
        if (fd < 0 || each_connects) {
            if (fd >= 0) close(fd);
            if ((fd = accept(listener, NULL, NULL)) < 0) fail("accept");
            if (!each_connects) prepare(fd);
        }
        all_read(fd, request_bytes, server_spins);
        long counted = seen - WARM_UP;
        if (counted >= 0 && counted <= most) {
            board->read_at_ns[counted] = now_ns();
            board->cpu_ns = cpu_ns();
            board->switches = voluntary_switches();
            board->seen = counted;
            if (!counted) { board->first_cpu_ns = board->cpu_ns; board->first_switches = board->switches; }
        }
        reply(fd);
    }
}

int main(int count, char **given) {
    int client_cpu = number(count, given, "client_cpu", 0), server_cpu = number(count, given, "server_cpu", 1);
    long most = number(count, given, "most", 200000), hogs = number(count, given, "hogs", 0);
    int64_t length_ns = number(count, given, "milliseconds", 1000) * 1000000, pause_ns = number(count, given, "pause_us", 0) * 1000;
    const char *samples = option(count, given, "samples", ""), *path = option(count, given, "file", "");
    int port = number(count, given, "port", 18999);
    request_bytes = number(count, given, "request_bytes", 1);
    reply_bytes = number(count, given, "reply_bytes", 1);
    client_spins = number(count, given, "client_spins", 0);
    server_spins = number(count, given, "server_spins", 0);
    each_connects = number(count, given, "each_connects", 0);
    if (*path && (file = open(path, O_RDONLY)) < 0) fail(path);

    struct board *board = shared(sizeof *board + (most + 1) * sizeof(int64_t));
    pid_t server = start_child();
    if (!server) {
        enter_net_namespace(option(count, given, "server_net", ""));
        pin(server_cpu);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(number(count, given, "bind_port", port))};
        at.sin_addr.s_addr = inet_addr(option(count, given, "bind", "127.0.0.1"));
        int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        prepare(listener);
        if (bind(listener, (void *)&at, sizeof at) || listen(listener, 128)) fail("listen");
        serve(listener, board, most);
    }
    while (!atomic_load(&board->ready))
        if (usleep(1000), waitpid(server, NULL, WNOHANG) == server) exit(1);

    enter_net_namespace(option(count, given, "client_net", ""));
    pin(client_cpu);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = inet_addr(option(count, given, "address", "127.0.0.1"));
    pid_t hog[8];
    for (int i = 0; i < hogs && i < 8; i++) hog[i] = start_hog(server_cpu);

    int64_t *sent = malloc((most + 1) * 8), *got = malloc((most + 1) * 8), *series = malloc((most + 1) * 8);
    memset(sent, 0, (most + 1) * 8), memset(got, 0, (most + 1) * 8), memset(series, 0, (most + 1) * 8);
    int64_t started = 0, first_cpu = 0, first_switches = 0, ended = 0, cpu = 0, switches = 0;
    long done = 0;
    int fd = -1;
    for (long i = -WARM_UP; i <= most; i++) {
        if (pause_ns) spin_until(now_ns() + pause_ns);
        int64_t at = now_ns();
        if (i == 0) { started = at; first_cpu = cpu_ns(); first_switches = voluntary_switches(); }
        if (i > 0 && (at - started >= length_ns || i == most)) {
            ended = at; cpu = cpu_ns() - first_cpu; switches = voluntary_switches() - first_switches; done = i;
        }
        if (fd < 0 || each_connects) {
            if ((fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) fail("socket");
            if (!each_connects) prepare(fd);
            if (connect(fd, (void *)&to, sizeof to)) fail("connect");
        }
        all_sent(fd, request_bytes);
        all_read(fd, reply_bytes, client_spins);
        if (each_connects) close(fd);
        if (done) break;                                                   /* the request beyond the last closes the server's account */
        if (i >= 0) { sent[i] = at; got[i] = now_ns(); }
    }
    int64_t server_cpu_ns = board->cpu_ns - board->first_cpu_ns, server_switches = board->switches - board->first_switches;
    for (int i = 0; i < hogs && i < 8; i++) stop(hog[i]);
    stop(server);
    if (board->seen != done) { fprintf(stderr, "server saw %ld of %ld requests\n", board->seen, done); return 1; }

    for (long i = 0; i < done; i++) series[i] = got[i] - sent[i];
    save(samples, "round", series, done);
    for (long i = 0; i < done; i++) series[i] = board->read_at_ns[i] - sent[i];
    save(samples, "forth", series, done);
    for (long i = 0; i < done; i++) series[i] = got[i] - board->read_at_ns[i];
    save(samples, "back", series, done);
    printf("{\"time_per_op\": %.1f, \"client_cpu_per_op\": %.1f, \"server_cpu_per_op\": %.1f, \"client_switches_per_op\": %.4f, "
           "\"server_switches_per_op\": %.4f, \"ops\": %ld}\n", (double)(ended - started) / done, (double)cpu / done,
           (double)server_cpu_ns / done, (double)switches / done, (double)server_switches / done, done);
    return 0;
}
