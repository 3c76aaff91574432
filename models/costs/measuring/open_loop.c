/* Requests at a fixed mean rate, whatever the server does (open loop): latency from the scheduled arrival, free of coordinated omission.
 *
 * Options (name=value): address, port, path, client_cpu, connections, rate (requests a second), milliseconds, seed, spin_us (60)
 * Arrivals are Poisson. Each goes to the connection that has waited longest for work; where all are busy it waits, and its latency runs.
 * The client sleeps in epoll until spin_us before an arrival is due, then polls. After the last arrival it waits at most a second.
 * Prints latencies from the scheduled arrival and from the sending, CPU time and voluntary switches of itself (us, a request).
 */
#include "common.h"
#include <arpa/inet.h>
#include <math.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CONNECTIONS = 1024, BUFFER = 1 << 16 };
struct connection { int fd, busy; int64_t due_ns, sent_ns; long length, got; char head[2048]; int head_bytes; };

static struct connection connections[CONNECTIONS];
static int idle[CONNECTIONS], first_idle, idle_count;
static char request[512], buffer[BUFFER];
static int64_t *latency, *from_send;
static long served, errors;

static uint64_t seed;

static double uniform(void) {
    static uint64_t x;
    if (!x) x = seed * 0x9E3779B97F4A7C15ull + 88172645463325252ull;
    x ^= x << 13; x ^= x >> 7; x ^= x << 17;
    return ((x >> 11) + 0.5) / 9007199254740992.0;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static double quantile_us(int64_t *sorted, double share) { return served ? sorted[(long)(share * (served - 1) + 0.5)] / 1000.0 : 0; }

static void send_request(struct connection *one, int64_t due_ns) {
    one->busy = 1; one->due_ns = due_ns; one->got = 0; one->length = -1; one->head_bytes = 0;
    one->sent_ns = now_ns();
    ssize_t n = send(one->fd, request, strlen(request), MSG_NOSIGNAL);
    if (n != (ssize_t)strlen(request)) errors++;
}
/* Reads what is there; whether the response is complete. */
static int receive(struct connection *one) {
    for (;;) {
        ssize_t n = recv(one->fd, buffer, BUFFER, MSG_DONTWAIT);
        if (n < 0) return 0;
        if (n == 0) { fprintf(stderr, "the server has closed a connection\n"); exit(1); }
        ssize_t used = 0;
        if (one->length < 0) {
            int room = (int)sizeof one->head - 1 - one->head_bytes, take = n < room ? (int)n : room;
            memcpy(one->head + one->head_bytes, buffer, take);
            one->head[one->head_bytes + take] = 0;
            char *end = strstr(one->head, "\r\n\r\n");
            if (!end) { one->head_bytes += take; continue; }
            used = end + 4 - one->head - one->head_bytes;
            if (strncmp(one->head + 8, " 200", 4)) errors++;
            char *length = strcasestr(one->head, "\r\ncontent-length:");
            if (!length) { fprintf(stderr, "a response without a length\n"); exit(1); }
            one->length = atol(length + 17);
        }
        one->got += n - used;
        if (one->got >= one->length) return 1;
    }
}

int main(int count, char **given) {
    long rate = number(count, given, "rate", 1000), open = number(count, given, "connections", 128);
    int64_t length_ns = number(count, given, "milliseconds", 1000) * 1000000, spin_ns = number(count, given, "spin_us", 60) * 1000;
    seed = number(count, given, "seed", 1);
    if (open > CONNECTIONS) open = CONNECTIONS;
    pin(number(count, given, "client_cpu", 0));
    const char *address = option(count, given, "address", "127.0.0.1");
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", option(count, given, "path", "/"), address);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(number(count, given, "port", 80))};
    to.sin_addr.s_addr = inet_addr(address);
    int poll = epoll_create1(0), on = 1;
    for (long i = 0; i < open; i++) {
        struct connection *one = &connections[i];
        if ((one->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(one->fd, (void *)&to, sizeof to)) fail("connect");
        setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, one->fd, &event)) fail("epoll");
        idle[i] = i;
    }
    idle_count = open;
    long most = (long)(rate * (length_ns / 1e9) * 1.5) + 1000, planned = 0;
    int64_t *arrivals = malloc(most * sizeof *arrivals);
    latency = malloc(most * sizeof *latency), from_send = malloc(most * sizeof *from_send);
    double at = 0;
    while (planned < most && (at += -log(uniform()) / rate * 1e9) < length_ns) arrivals[planned++] = at;

    int64_t started = now_ns() + 2000000, cpu = cpu_ns(), switches = voluntary_switches();
    long next = 0, sent = 0;                                               /* arrived; of these handed to a connection */
    struct epoll_event events[256];
    while (served < planned) {
        int64_t now = now_ns() - started;
        if (now > length_ns + 1000000000) break;
        while (next < planned && arrivals[next] <= now) next++;
        while (sent < next && idle_count) {
            int which = idle[first_idle];
            first_idle = (first_idle + 1) % CONNECTIONS, idle_count--;
            send_request(&connections[which], arrivals[sent++] + started);
        }
        int64_t left = next < planned ? arrivals[next] - (now_ns() - started) : 10000000;
        struct timespec wait = {0, 0};
        if (left > spin_ns) wait.tv_nsec = left - spin_ns > 500000000 ? 500000000 : left - spin_ns;
        int ready = epoll_pwait2(poll, events, 256, &wait, NULL);
        for (int k = 0; k < ready; k++) {
            struct connection *one = &connections[events[k].data.u32];
            if (!receive(one) || !one->busy) continue;
            int64_t ended = now_ns();
            one->busy = 0;
            latency[served] = ended - one->due_ns, from_send[served++] = ended - one->sent_ns;
            idle[(first_idle + idle_count++) % CONNECTIONS] = events[k].data.u32;
        }
    }
    double cpu_us = (cpu_ns() - cpu) / 1000.0, voluntary = voluntary_switches() - switches, sum = 0;
    for (long i = 0; i < served; i++) sum += latency[i];
    qsort(latency, served, sizeof *latency, by_size), qsort(from_send, served, sizeof *from_send, by_size);
    double each = served ? served : 1;
    printf("{\"requests\": %ld, \"errors\": %ld, \"left_unserved\": %ld, \"latency_mean\": %.3f, \"latency_p50\": %.3f, "
           "\"latency_p90\": %.3f, \"latency_p99\": %.3f, \"latency_p999\": %.3f, \"latency_max\": %.3f, \"latency_from_send_p50\": %.3f, "
           "\"latency_from_send_p99\": %.3f, \"client_cpu_per_request\": %.4f, \"client_switches_voluntary_per_request\": %.4f}\n",
           served, errors, planned - served, sum / each / 1000, quantile_us(latency, 0.5), quantile_us(latency, 0.9), quantile_us(latency, 0.99),
           quantile_us(latency, 0.999), quantile_us(latency, 1), quantile_us(from_send, 0.5), quantile_us(from_send, 0.99),
           cpu_us / each, voluntary / each);
    return 0;
}
