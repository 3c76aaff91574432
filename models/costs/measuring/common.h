/* What all measuring programs share: clocks, pinning, namespaces, hogs, options as name=value, samples in a file.
 *
 * A program prints one line of JSON; single samples (int64 nanoseconds) go to a file, so that runs can be pooled.
 * CLOCK_MONOTONIC is read on both CPUs: this needs a synchronized TSC (clocksource "tsc").
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) { perror(what); exit(1); }

static inline int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static inline int64_t cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }   /* the scheduler's run time, not sampled */

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}
static inline void spin_until(int64_t until_ns) { while (now_ns() < until_ns) relax(); }

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
}

static inline int64_t voluntary_switches(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_nvcsw;
}

static const char *option(int count, char **given, const char *name, const char *fallback) {
    size_t length = strlen(name);
    for (int i = 1; i < count; i++)
        if (!strncmp(given[i], name, length) && given[i][length] == '=') return given[i] + length + 1;
    return fallback;
}
static inline long number(int count, char **given, const char *name, long fallback) {
    const char *text = option(count, given, name, NULL);
    return text ? atol(text) : fallback;
}

static inline void enter_net_namespace(const char *name) {                        /* as made by "ip netns add" */
    char path[256];
    if (!*name) return;
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || setns(fd, CLONE_NEWNET)) fail(path);
    close(fd);
}

static inline void *shared(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    return memory;
}

/* A child that dies with its parent, so that nothing outlives an interrupted run. */
static inline pid_t start_child(void) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}
static inline pid_t start_hog(int cpu) {
    pid_t child = start_child();
    if (!child) {
        pin(cpu);
        for (volatile uint64_t work = 1;; work++) {}
    }
    return child;
}
static inline void stop(pid_t child) { kill(child, SIGKILL); waitpid(child, NULL, 0); }

static inline void save(const char *path, const char *series, const int64_t *values, long count) {
    char name[512];
    if (!*path) return;
    snprintf(name, sizeof name, "%s.%s", path, series);
    FILE *file = fopen(name, "wb");
    if (!file || fwrite(values, sizeof *values, count, file) != (size_t)count || fclose(file)) fail(name);
}
