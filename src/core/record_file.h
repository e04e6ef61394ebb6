/* record_file.h - one recorded file read back, tag after tag; also while it is still being written.
 *
 * For threads that may wait.  What is in the file is checked as it is read: it may be a stranger's. */
#ifndef MILLRACE_CORE_RECORD_FILE_H
#define MILLRACE_CORE_RECORD_FILE_H

#include "core/header_set.h"
#include "protocol/flv_index.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_FILE_WINDOW   = 64 * 1024,       /* bytes read at a time */
    RECORD_FILE_LOOK     = 64,              /* bytes of a body that tell what it is */
    RECORD_FILE_HEADER_MAX = 256 * 1024,    /* of a sequence header; a larger one is a tag like others */
};

/* One tag, all of it there. */
struct record_tag {
    uint64_t position;  /* of its header */
    uint32_t body_size;
    uint32_t time_ms;   /* in the file */
    uint8_t  type;      /* enum av_type */
    uint8_t  flags;     /* enum av_flag; AV_METADATA is not looked for */
    uint8_t  track;
};

struct record_file {
    int                fd;      /* -1: none */
    uint64_t           at;      /* of the next tag */
    uint64_t           size;    /* when last looked at */
    uint64_t           head_size; /* up to the first tag behind the metadata */
    struct avpacket   *metadata; /* the tag's body, or NULL */
    struct flv_origin  origin;
    bool               flag_audio, flag_video; /* as the file header says */
    const atomic_bool *cancelled; /* borrowed: ends what takes long */
    struct avpacket   *look;
    uint8_t           *window;
    uint64_t           window_at;
    size_t             window_size;
};

void record_file_init(struct record_file *, const atomic_bool *cancelled);

/* Open app/name/FILE below `root`, complete or as a .part, and read its head.  0; ERR_NOT_FOUND;
 * ERR_SYSTEM with errno; ERR_PROTOCOL if it is no FLV file, or not yet. */
int record_file_open(struct record_file *, const char *root, const char *file);

/* Frees all; the file may be opened anew after record_file_init(). */
void record_file_close(struct record_file *);

/* The next tag: 1 and *out; 0 if no whole one is there (yet); ERR_SYSTEM, ERR_PROTOCOL if the file is
 * broken from here, ERR_CLOSED if it was cancelled. */
int record_file_next(struct record_file *, struct record_tag *out);

/* Bytes of a tag's body.  0, or ERR_SYSTEM if the file has become shorter. */
int record_file_read(struct record_file *, const struct record_tag *, uint32_t offset, uint8_t *to,
                     size_t size);

/* Where a file is to be read from. */
struct record_start {
    uint64_t           at;
    uint32_t           time_ms;  /* of the first frame there */
    uint32_t           newest_ms; /* of what was looked at to find it */
    struct header_set *headers;  /* in force there; NULL: those that come are all */
};

/* Go to where decoding can begin for `time_ms`: the last keyframe that is not after it, or, without
 * video, the last frame; else the first tag.  The caller lets go of out->headers, whatever is returned: 0,
 * or an error as above. */
int record_file_seek(struct record_file *, uint32_t time_ms, struct record_start *out);

/* The whole body of a header, as a packet that the caller owns; NULL if it is too large or cannot be
 * read. */
struct avpacket *record_file_packet(struct record_file *, const struct record_tag *);

/* Whether somebody is writing it now. */
bool record_file_is_written(const struct record_file *);

#endif
