/* What a spinning thread does not get: the gaps above 2 us between two readings of the clock, and their share of the time.
 *
 * Options (name=value): cpus (1 or 2: CPU 1 alone, or CPUs 0 and 1 at once), milliseconds, samples (series .gaps, of all CPUs).
 * Gaps are interrupts, the tick, the host's own work, and other threads.
 */
#include "common.h"

enum { MOST = 1 << 20, THRESHOLD_NS = 2000 };
struct board { long seen; int64_t total_ns; int64_t gap_ns[MOST]; };

static void watch(struct board *board, int cpu, int64_t length_ns) {
    pin(cpu);
    int64_t started = now_ns(), last = started;
    while (last - started < length_ns) {
        int64_t now = now_ns();
        if (now - last > THRESHOLD_NS && board->seen < MOST) {
            board->gap_ns[board->seen++] = now - last;
            board->total_ns += now - last;
        }
        last = now;
    }
}

int main(int count, char **given) {
    int cpus = number(count, given, "cpus", 1);
    int64_t length_ns = number(count, given, "milliseconds", 2000) * 1000000;
    struct board *first = shared(sizeof *first), *second = shared(sizeof *second);
    pid_t other = 0;
    if (cpus == 2 && !(other = start_child())) { watch(second, 0, length_ns); _exit(0); }
    watch(first, 1, length_ns);
    if (other) waitpid(other, NULL, 0);
    memcpy(first->gap_ns + first->seen, second->gap_ns, second->seen * sizeof(int64_t));
    long seen = first->seen + second->seen, above[3] = {0, 0, 0};
    for (long i = 0; i < seen; i++) {
        above[0] += first->gap_ns[i] > 100000;
        above[1] += first->gap_ns[i] > 1000000;
        above[2] += first->gap_ns[i] > 5000000;
    }
    double seconds = (double)length_ns / 1e9 * cpus;
    save(option(count, given, "samples", ""), "gaps", first->gap_ns, seen);
    double share = (first->total_ns + second->total_ns) / 1e9 / seconds;
    printf("{\"gaps_per_s\": %.2f, \"gap_share\": %.6f, \"gt100us_per_s\": %.2f, \"gt1ms_per_s\": %.2f, \"gt5ms_per_s\": %.2f}\n",
           seen / seconds, share, above[0] / seconds, above[1] / seconds, above[2] / seconds);
    return 0;
}
