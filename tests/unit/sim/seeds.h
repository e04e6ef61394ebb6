/* seeds.h - the scripts of the whole-session fuzzers: what real clients said to a server. */
#ifndef MILLRACE_UNIT_SIM_SEEDS_H
#define MILLRACE_UNIT_SIM_SEEDS_H

#include "check.h"

#include "script.h"

#include <dirent.h>
#include <stdio.h>

#define SEED_SIZE_MAX 65536

/* Call `play` for each script, until it fails a test. */
static inline void seeds_each(void (*play)(const char *name, struct bytes script, enum sim_port port))
{
    static const char *const folders[] = { "rtmp_session", "http_session", "http2_session" };
    static uint8_t           room[SEED_SIZE_MAX];
    unsigned                 count = 0;
    for (unsigned i = 0; i < COUNT(folders); i++) {
        char path[1024];
        snprintf(path, sizeof path, SOURCE_DIR "/tests/fuzz/corpus/%s", folders[i]);
        DIR           *folder = opendir(path);
        struct dirent *entry;
        assert_non_null(folder);
        while ((entry = readdir(folder)) != NULL) {
            if (entry->d_name[0] == '.')
                continue;
            char file[2048];
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            FILE *in = fopen(file, "rb");
            assert_non_null(in);
            size_t size = fread(room, 1, sizeof room, in);
            fclose(in);
            play(entry->d_name, (struct bytes){ room, size }, (enum sim_port)i);
            count++;
        }
        closedir(folder);
    }
    assert_true(count >= 15);
}

#endif
