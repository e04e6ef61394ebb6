#include "core/process.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first bytes of a small file, as text; "" if there is none. */
static void read_file(const char *path, char *out, size_t size)
{
    FILE  *file = fopen(path, "re");
    size_t n = file != NULL ? fread(out, 1, size - 1, file) : 0;
    out[n] = '\0';
    if (file != NULL)
        fclose(file);
}

static uint64_t micros_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void read_cpu(struct process_cost *out)
{
    struct rusage usage;
    cpu_set_t     cores;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out->user_us = micros_of(&usage.ru_utime);
        out->system_us = micros_of(&usage.ru_stime);
    }
    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        out->cores = (unsigned)CPU_COUNT(&cores);
}

static uint64_t read_resident(void)
{
    char  text[128];
    char *second;
    read_file("/proc/self/statm", text, sizeof text);
    strtoull(text, &second, 10);
    return strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint32_t count_entries(const char *path)
{
    DIR     *folder = opendir(path);
    uint32_t count = 0;
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

/* Since Linux 6.2 the folder's size is the number; counting ten thousand takes milliseconds. */
static uint32_t read_descriptors(void)
{
    static const char path[] = "/proc/self/fd";
    struct stat       status;
    if (stat(path, &status) == 0 && status.st_size > 0)
        return (uint32_t)status.st_size;
    return count_entries(path);
}

uint64_t process_parse_limit(const char *text)
{
    char              *end;
    unsigned long long limit = strtoull(text, &end, 10);
    if (end == text || limit >= 1ull << 60) /* "max"; the first version has a huge number for it */
        return 0;
    return limit;
}

static void lower_limit(uint64_t *limit, const char *folder, const char *file)
{
    char path[4096 + 64], text[64];
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", folder, file);
    read_file(path, text, sizeof text);
    uint64_t found = process_parse_limit(text);
    if (found > 0 && (*limit == 0 || found < *limit))
        *limit = found;
}

/* The tightest of its control group and those above it. */
uint64_t process_memory_limit(void)
{
    char     text[4096];
    uint64_t limit = 0;
    read_file("/proc/self/cgroup", text, sizeof text);
    char *unified = strstr(text, "0::/");
    char    *group = unified != NULL ? unified + 3 : text + strlen(text);
    group[strcspn(group, "\n")] = '\0';
    for (;;) {
        lower_limit(&limit, group, "memory.max");
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            break;
        *slash = '\0';
    }
    lower_limit(&limit, "/memory", "memory.limit_in_bytes"); /* the first version, in a container */
    return limit;
}

void process_read(struct process_cost *out)
{
    struct rlimit files;
    *out = (struct process_cost){ 0 };
    read_cpu(out);
    out->resident_size = read_resident();
    out->descriptors = read_descriptors();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        out->descriptor_limit = files.rlim_cur;
}
