#include "bench/procfs.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the numbers mean, counted from 0 (proc(5)). */
enum cpu_time { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL };
enum { UTIME = 12 }; /* of what follows the name's last parenthesis, that parenthesis included */

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

/* Number `index` (from 0) of those in `text`, which are separated by spaces. */
static uint64_t number_at(const char *text, unsigned index)
{
    char *end;
    while (index-- > 0) {
        text += strspn(text, " ");
        text += strcspn(text, " ");
    }
    return strtoull(text, &end, 10);
}

static int add_usage(pid_t pid, struct usage *out)
{
    char   path[64], line[1024];
    double ticks = (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    char *text = find_line(path, "", line, sizeof line);
    text = text != NULL ? strrchr(text, ')') : NULL; /* the name before it may hold anything */
    if (text == NULL)
        return ERR_NOT_FOUND;
    out->user_s += (double)number_at(text, UTIME) / ticks;
    out->system_s += (double)number_at(text, UTIME + 1) / ticks;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    text = find_line(path, "VmRSS:", line, sizeof line);
    out->rss_bytes += text != NULL ? number_at(text, 0) * 1024 : 0;
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
    char   line[1024];
    double ticks = (double)sysconf(_SC_CLK_TCK);
    *out = (struct machine_usage){ .busy_s = 0 };
    char *text = find_line("/proc/stat", "cpu ", line, sizeof line);
    for (unsigned i = 0; text != NULL && i <= CPU_STEAL; i++) {
        double seconds = (double)number_at(text, i) / ticks;
        out->busy_s += i != CPU_IDLE && i != CPU_IOWAIT && i != CPU_STEAL ? seconds : 0;
        out->softirq_s += i == CPU_IRQ || i == CPU_SOFTIRQ ? seconds : 0;
        out->steal_s += i == CPU_STEAL ? seconds : 0;
    }
    text = find_line("/proc/net/sockstat", "TCP:", line, sizeof line);
    text = text != NULL ? strstr(text, " mem ") : NULL;
    out->tcp_memory_bytes = text != NULL ? number_at(text, 1) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
