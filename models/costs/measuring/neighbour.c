/* Beside a server: a busy loop, or a program that touches memory until it is killed.
 *
 * Usage: neighbour cpu                   computes for ever
 *        neighbour memory MIB            touches a MiB at a time, and writes "TOUCHED_MIB SECONDS" (clock of the machine) every 8 MiB
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int main(int count, char **given) {
    if (count > 1 && !strcmp(given[1], "memory")) {
        long whole = count > 2 ? atol(given[2]) : 64;
        for (long touched = 0; touched <= whole; touched++) {
            if (touched % 8 == 0) {
                struct timespec now;
                clock_gettime(CLOCK_REALTIME, &now);
                printf("%ld %lld.%09ld\n", touched, (long long)now.tv_sec, now.tv_nsec);
                fflush(stdout);
            }
            char *fresh = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (fresh == MAP_FAILED) return 1;
            memset(fresh, 1, 1 << 20);
        }
        return 0;
    }
    for (volatile uint64_t work = 1;; work++) {}
}
