/* One thread wakes another: what the waker's call costs, how late the wakee starts, what CPU time the wakee needs.
 *
 * Options (name=value):
 *   by            eventfd, pipe or futex
 *   waker_cpu wakee_cpu   equal means that the waker only makes the wakee ready, and then yields
 *   awake=1       the wakee polls without blocking: the call wakes nobody (the base, which the others are compared with)
 *   hogs          busy loops on the wakee's CPU: it sleeps, but its CPU does not
 *   pause_us      the waker spins so long after the wakee has said that it goes to sleep
 *   burst=1       the woken thread then does a fixed piece of work (system calls and 32 KiB of memory), which is timed
 *   milliseconds most samples     as in round_trip.c; series: .cost (the waker's call), .late (call begun to wakee's first
 *                 instruction), .after (call ended to the same; negative if the wakee is earlier), .burst
 * The waker never sleeps, so its call's time is its CPU time.
 */
#include "common.h"
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

struct board {
    _Atomic long waiting;                                                  /* the wakee goes to sleep for the n-th time */
    _Atomic uint32_t word;                                                 /* the futex */
    _Atomic int finish;
    int64_t cpu_ns, first_cpu_ns, switches, first_switches;
    int64_t times[];
};
static enum { EVENTFD, PIPE, FUTEX } by;
static int awake, ends[2], work_pipe[2];
static char memory[32768];
enum { WARM_UP = 300 };

static void wake(struct board *board, uint32_t turn) {
    uint64_t one = 1;
    if (by == FUTEX) {
        atomic_store(&board->word, turn);
        syscall(SYS_futex, &board->word, FUTEX_WAKE, 1, NULL, NULL, 0);
    } else if (write(ends[1], &one, sizeof one) != sizeof one) fail("write");
}
static void wait_for(struct board *board, uint32_t turn) {
    uint64_t value;
    if (by == FUTEX)
        while (atomic_load(&board->word) < turn) {
            if (awake) relax();
            else syscall(SYS_futex, &board->word, FUTEX_WAIT, turn - 1, NULL, NULL, 0);
        }
    else
        while (read(ends[0], &value, sizeof value) != sizeof value)
            if (errno != EAGAIN) fail("read");
}
static int64_t burst_ns(void) {
    int64_t started = now_ns();
    char byte = 0;
    for (int i = 0; i < 8; i++)
        if (write(work_pipe[1], &byte, 1) != 1 || read(work_pipe[0], &byte, 1) != 1) fail("pipe");
    for (size_t i = 0; i < sizeof memory; i += 64) memory[i]++;
    return now_ns() - started;
}

int main(int count, char **given) {
    int waker_cpu = number(count, given, "waker_cpu", 0), wakee_cpu = number(count, given, "wakee_cpu", 1);
    long most = number(count, given, "most", 100000), hogs = number(count, given, "hogs", 0), bursts = number(count, given, "burst", 0);
    int64_t length_ns = number(count, given, "milliseconds", 1000) * 1000000, pause_ns = number(count, given, "pause_us", 50) * 1000;
    const char *samples = option(count, given, "samples", ""), *means = option(count, given, "by", "eventfd");
    by = !strcmp(means, "futex") ? FUTEX : !strcmp(means, "pipe") ? PIPE : EVENTFD;
    awake = number(count, given, "awake", 0);
    if (by == PIPE ? pipe(ends) : 0) fail("pipe");
    if (by == EVENTFD && (ends[0] = ends[1] = eventfd(0, 0)) < 0) fail("eventfd");
    if (awake && by != FUTEX) fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (pipe(work_pipe)) fail("pipe");

    struct board *board = shared(sizeof *board + 2 * (most + WARM_UP) * sizeof(int64_t));
    int64_t *woken_at = board->times, *burst = board->times + most + WARM_UP;
    pid_t wakee = start_child();
    if (!wakee) {
        pin(wakee_cpu);
        for (long i = 0; i < most + WARM_UP; i++) {
            atomic_store(&board->waiting, i + 1);
            wait_for(board, i + 1);
            woken_at[i] = now_ns();
            if (bursts) burst[i] = burst_ns();
            if (i == WARM_UP) { board->first_cpu_ns = cpu_ns(); board->first_switches = voluntary_switches(); }
            if (atomic_load(&board->finish) || i == most + WARM_UP - 1) {
                board->cpu_ns = cpu_ns(); board->switches = voluntary_switches();
                _exit(0);
            }
        }
    }
    pin(waker_cpu);
    pid_t hog[8];
    for (int i = 0; i < hogs && i < 8; i++) hog[i] = start_hog(wakee_cpu);
    int64_t *began = malloc((most + WARM_UP) * 8), *cost = malloc((most + WARM_UP) * 8), started = 0;
    memset(began, 0, (most + WARM_UP) * 8), memset(cost, 0, (most + WARM_UP) * 8);
    long i = 0;
    for (; i < most + WARM_UP; i++) {
        while (atomic_load(&board->waiting) != i + 1) {
            if (waker_cpu == wakee_cpu) sched_yield();
            else relax();
        }
        if (waker_cpu == wakee_cpu) sched_yield();                         /* so that the wakee gets from its word to its sleep */
        spin_until(now_ns() + pause_ns);
        if (i == WARM_UP) started = now_ns();
        int last = i == most + WARM_UP - 1 || (i > WARM_UP && now_ns() - started >= length_ns);
        if (last) atomic_store(&board->finish, 1);
        began[i] = now_ns();
        wake(board, i + 1);
        cost[i] = now_ns() - began[i];
        if (last) break;
    }
    waitpid(wakee, NULL, 0);
    for (int k = 0; k < hogs && k < 8; k++) stop(hog[k]);
    long done = i - WARM_UP;
    int64_t *series = malloc((done + 1) * 8);
    memset(series, 0, (done + 1) * 8);
    save(samples, "cost", cost + WARM_UP, done);
    for (long k = 0; k < done; k++) series[k] = woken_at[k + WARM_UP] - began[k + WARM_UP];
    save(samples, "late", series, done);
    for (long k = 0; k < done; k++) series[k] -= cost[k + WARM_UP];
    save(samples, "after", series, done);
    if (bursts) save(samples, "burst", burst + WARM_UP, done);
    double wakee_cpu_ns = board->cpu_ns - board->first_cpu_ns, switches = board->switches - board->first_switches;
    printf("{\"wakee_cpu_per_op\": %.1f, \"wakee_switches_per_op\": %.4f, \"ops\": %ld}\n", wakee_cpu_ns / done, switches / done, done);
    return 0;
}
