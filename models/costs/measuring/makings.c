/* What making a part of a container costs: a namespace, a cgroup, an overlay mount. Needs root.
 *
 * Options (name=value): make (unshare, cgroup or overlay), repeats, and
 *   kind          of a namespace: uts, ipc, mnt, pid, net, user, cgroup, or docker5 for uts, ipc, mnt, pid and net in one call
 *   directory     cgroup: of a hierarchy, where it makes and removes one folder; overlay: a folder for layers
 *   layers        lower layers of the overlay
 * A namespace is made by a fresh child each time, since a process keeps what it entered. Mounts are made in a mount namespace of its own.
 */
#include "common.h"
#include <sys/mount.h>
#include <sys/stat.h>

enum { MOST = 1000 };
static double taken[3][MOST];

static int flags_of(const char *kind) {
    static const struct { const char *name; int flags; } kinds[] = {
        {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
        {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP},
        {"docker5", CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, kind)) return kinds[i].flags;
    fprintf(stderr, "no kind %s\n", kind);
    exit(2);
}
static void unshare_in_a_child(int flags, double *took_ns) {
    double *shown = shared(sizeof *shown);
    pid_t child = start_child();
    if (!child) {
        int64_t started = now_ns();
        if (unshare(flags)) fail("unshare");
        *shown = now_ns() - started;
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status) exit(1);
    *took_ns = *shown;
    munmap(shown, sizeof *shown);
}
static void write_pid(const char *folder, pid_t pid) {
    char path[600], text[32];
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    int fd = open(path, O_WRONLY), length = snprintf(text, sizeof text, "%d", pid);
    if (fd < 0 || write(fd, text, length) != length) fail(path);
    close(fd);
}
static void cgroup(const char *directory, long repeats) {
    char path[512];
    snprintf(path, sizeof path, "%s/made", directory);
    for (long r = 0; r < repeats; r++) {
        int64_t started = now_ns();
        if (mkdir(path, 0755)) fail(path);
        taken[0][r] = now_ns() - started;
        pid_t child = start_child();
        if (!child) for (;;) pause();
        started = now_ns();
        write_pid(path, child);
        taken[1][r] = now_ns() - started;
        stop(child);
        started = now_ns();
        while (rmdir(path)) {
            if (errno != EBUSY) fail(path);
            usleep(1000);
            started = now_ns();
        }
        taken[2][r] = now_ns() - started;
    }
}
static void overlay(const char *directory, long layers, long repeats) {
    char options[4096], path[600];
    int length = snprintf(options, sizeof options, "lowerdir=");
    for (long i = 0; i < layers; i++) {
        snprintf(path, sizeof path, "%s/lower%ld", directory, i);
        mkdir(path, 0755);
        length += snprintf(options + length, sizeof options - length, "%s%s", i ? ":" : "", path);
    }
    const char *others[] = {"upper", "work", "merged"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, others[i]);
        mkdir(path, 0755);
    }
    snprintf(options + length, sizeof options - length, ",upperdir=%s/upper,workdir=%s/work", directory, directory);
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("mount namespace");
    for (long r = 0; r < repeats; r++) {
        int64_t started = now_ns();
        if (mount("overlay", path, "overlay", 0, options)) fail("mount");
        taken[0][r] = now_ns() - started;
        started = now_ns();
        if (umount(path)) fail("umount");
        taken[1][r] = now_ns() - started;
    }
}
static void print(const char *name, const double *values, long count, const char *before) {
    printf("%s\"%s\": [", before, name);
    for (long r = 0; r < count; r++) printf("%s%.0f", r ? ", " : "", values[r]);
    printf("]");
}

int main(int count, char **given) {
    const char *make = option(count, given, "make", "unshare"), *directory = option(count, given, "directory", ".");
    long repeats = number(count, given, "repeats", 15);
    if (repeats > MOST) repeats = MOST;
    pin(number(count, given, "cpu", 1));
    printf("{");
    if (!strcmp(make, "unshare")) {
        int flags = flags_of(option(count, given, "kind", "uts"));
        for (long r = 0; r < repeats; r++) unshare_in_a_child(flags, &taken[0][r]);
        print("unshare", taken[0], repeats, "");
    } else if (!strcmp(make, "cgroup")) {
        cgroup(directory, repeats);
        print("mkdir", taken[0], repeats, ""), print("attach", taken[1], repeats, ", "), print("rmdir", taken[2], repeats, ", ");
    } else {
        overlay(directory, number(count, given, "layers", 1), repeats);
        print("mount", taken[0], repeats, ""), print("umount", taken[1], repeats, ", ");
    }
    printf("}\n");
    return 0;
}
