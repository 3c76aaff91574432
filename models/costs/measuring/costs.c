/* What small things cost on one CPU: a system call, a context switch, a fork, a page fault, a file opened and read.
 *
 * Options (name=value): cost (a name below), cpu, repeats, milliseconds (about what a loop takes, 20), directory (the file rows read
 * "measured" in it, which must be there, or create a file in it). Prints the time of one operation for each repeat, a mean over a loop.
 */
#include "common.h"
#include <linux/futex.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char page[65536], block[1 << 20], other_block[1 << 20], file_name[512];
static int ends[2], back[2], file;
static pid_t partner;

static void xorshift(void) {
    static uint64_t x = 88172645463325252ull;
    x ^= x << 13; x ^= x >> 7; x ^= x << 17;
    __asm__ volatile("" : : "r"(x));
}
static void memcpy_1_kib(void) {
    static size_t at;
    memcpy(other_block + at, block + at, 1024);
    __asm__ volatile("" : : : "memory");
    at = (at + 1024) % sizeof block;
}
static void getppid_call(void) { syscall(SYS_getppid); }
static void clock_read(void) { now_ns(); }
static void pipe_alone(void) {
    if (write(ends[1], page, 1) != 1 || read(ends[0], page, 1) != 1) fail("pipe");
}
static void prepare_switch(void) {
    if ((partner = start_child())) return;
    for (;;)
        if (read(ends[0], page, 1) != 1 || write(back[1], page, 1) != 1) _exit(0);
}
static void pipe_there_and_back(void) {                                     /* two switches; halved below */
    if (write(ends[1], page, 1) != 1 || read(back[0], page, 1) != 1) fail("pipe");
}
static void fork_exit(void) {
    pid_t child = fork();
    if (!child) _exit(0);
    waitpid(child, NULL, 0);
}
static void fork_exec(void) {
    pid_t child = fork();
    if (!child) { execl("/bin/busybox", "true", (char *)NULL); _exit(1); }
    waitpid(child, NULL, 0);
}
static void fault(void) {                                                   /* maps 64 pages, touches each: per page below */
    char *fresh = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 64; i++) fresh[i * 4096] = 1;
    munmap(fresh, 64 * 4096);
}
static void fault_huge(void) {                                              /* 2 MiB in one fault, if the kernel gives huge pages */
    static char *at;
    if (!at) {
        char *fresh = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED) fail("mmap");
        at = (char *)(((uintptr_t)fresh + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
        madvise(at, 2 << 20, MADV_HUGEPAGE);
    }
    for (int i = 0; i < 512; i++) at[i * 4096] = 1;
    madvise(at, 2 << 20, MADV_DONTNEED);
}
static void create_write_unlink(void) {
    int fd = open(file_name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (fd < 0 || write(fd, page, 1) != 1) fail(file_name);
    close(fd);
    unlink(file_name);
}
static void open_file(const char *directory) {
    snprintf(file_name, sizeof file_name, "%s/measured", directory);
    if ((file = open(file_name, O_RDONLY)) < 0) fail(file_name);
}
static void open_read_close(void) {
    int fd = open(file_name, O_RDONLY);
    if (read(fd, page, 4096) != 4096) fail("read");
    close(fd);
}
static void pread_4_kib(void) { if (pread(file, page, 4096, 0) != 4096) fail("pread"); }
static void stat_file(void) { struct stat about; stat(file_name, &about); }

static const struct { const char *name; void (*once)(void); double parts; } costs[] = {
    {"cpu_xorshift_iter", xorshift, 1}, {"memcpy_per_KiB", memcpy_1_kib, 1}, {"syscall_getppid", getppid_call, 1},
    {"clock_gettime", clock_read, 1}, {"pipe_write_read_noswitch", pipe_alone, 1}, {"ctxswitch_pipe_samecpu", pipe_there_and_back, 2},
    {"fork_exit_wait", fork_exit, 1}, {"fork_exec_wait_static", fork_exec, 1}, {"pagefault_4k", fault, 64},
    {"pagefault_thp_per4k", fault_huge, 512}, {"file_create_write1_unlink", create_write_unlink, 1},
    {"file_open_read4k_close", open_read_close, 1}, {"file_pread4k", pread_4_kib, 1}, {"file_stat", stat_file, 1}};

int main(int count, char **given) {
    const char *cost = option(count, given, "cost", "syscall_getppid");
    size_t which = 0, known = sizeof costs / sizeof *costs;
    while (which < known && strcmp(costs[which].name, cost)) which++;
    if (which == known) { fprintf(stderr, "no cost %s\n", cost); return 2; }
    void (*once)(void) = costs[which].once;
    pin(number(count, given, "cpu", 1));
    if (pipe(ends) || pipe(back)) fail("pipe");
    memset(block, 1, sizeof block), memset(other_block, 1, sizeof other_block);
    const char *directory = option(count, given, "directory", ".");
    if (once == create_write_unlink) snprintf(file_name, sizeof file_name, "%s/created", directory);
    else if (!strncmp(cost, "file_", 5)) open_file(directory);
    if (once == pipe_there_and_back) prepare_switch();

    long loop = 1;
    int64_t enough_ns = number(count, given, "milliseconds", 20) * 1000000 / 4;
    for (int64_t took = 0; took < enough_ns; loop *= 2) {                   /* find a loop of about a quarter of that */
        int64_t started = now_ns();
        for (long i = 0; i < loop; i++) once();
        took = now_ns() - started;
    }
    loop *= 2;
    long repeats = number(count, given, "repeats", 15);
    printf("{\"time_per_op\": [");
    for (long r = 0; r < repeats; r++) {
        int64_t started = now_ns();
        for (long i = 0; i < loop; i++) once();
        printf("%s%.2f", r ? ", " : "", (double)(now_ns() - started) / loop / costs[which].parts);
    }
    printf("]}\n");
    if (partner) stop(partner);
    return 0;
}
