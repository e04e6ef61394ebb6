#include "bench/procfs.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line of a file of /proc, the one that begins with `start`.  Returns what follows, in
 * `line`, or NULL. */
static char *find_line(const char *path, const char *start, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    char *found = NULL;
    while (file != NULL && found == NULL && fgets(line, (int)size, file) != NULL)
        if (strncmp(line, start, strlen(start)) == 0)
            found = line + strlen(start);
    if (file != NULL)
        fclose(file);
    return found;
}

static int add_usage(pid_t pid, struct usage *out)
{
    char     path[64], line[1024];
    uint64_t user, system, rss_kib = 0;
    double   ticks = (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    char *text = find_line(path, "", line, sizeof line);
    text = text != NULL ? strrchr(text, ')') : NULL; /* the name before it may hold anything */
    if (text == NULL || sscanf(text, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
                               &user, &system) != 2)
        return ERR_NOT_FOUND;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    text = find_line(path, "VmRSS:", line, sizeof line);
    if (text != NULL)
        sscanf(text, " %" SCNu64, &rss_kib);
    out->user_s += (double)user / ticks;
    out->system_s += (double)system / ticks;
    out->rss_bytes += rss_kib * 1024;
    return 0;
}

int procfs_read_usage(const pid_t *pids, unsigned count, struct usage *out)
{
    *out = (struct usage){ .rss_bytes = 0 };
    for (unsigned i = 0; i < count; i++) {
        int error = add_usage(pids[i], out);
        if (error < 0)
            return error;
    }
    return 0;
}

void procfs_read_machine(struct machine_usage *out)
{
    char     line[1024];
    uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0, pages = 0;
    double   ticks = (double)sysconf(_SC_CLK_TCK);
    char    *text = find_line("/proc/stat", "cpu ", line, sizeof line);
    if (text != NULL)
        sscanf(text,
               "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal);
    text = find_line("/proc/net/sockstat", "TCP:", line, sizeof line);
    text = text != NULL ? strstr(text, " mem ") : NULL;
    if (text != NULL)
        sscanf(text, " mem %" SCNu64, &pages);
    *out = (struct machine_usage){
        .busy_s = (double)(user + nice + system + irq + softirq) / ticks,
        .softirq_s = (double)(irq + softirq) / ticks,
        .steal_s = (double)steal / ticks,
        .tcp_memory_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE),
    };
}
