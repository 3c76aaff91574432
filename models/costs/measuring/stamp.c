/* The first process of a container: writes the time of its first instruction to /stamp.time, then becomes the program given.
 *
 * The time is CLOCK_REALTIME in nanoseconds, as the engine's log has it. Statically linked, so that little runs before main.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **given) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (count < 2) return 2;
    int file = open("/stamp.time", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
        dprintf(file, "%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        close(file);
    }
    execv(given[1], given + 1);
    perror(given[1]);
    return 1;
}
