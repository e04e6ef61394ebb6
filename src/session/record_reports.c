/* record_reports.c - what the disk says to a recording, and what that makes of it: files that are
 * there, gaps that begin and end, when to try again. */
#include "core/context.h"
#include "core/events.h"
#include "core/outlet.h"
#include "core/worker.h"
#include "session/record_peer.h"

#include <string.h>

void record_tell(struct record_session *s)
{
    uint64_t lost = disk_writer_lost(s->writer);
    s->status.lost_packets += lost - s->writer_lost;
    s->writer_lost = lost;
    s->status.segment_size = s->segment != NULL ? s->segment->index.size : 0;
    s->owner->on_status(s->owner, s, &s->status);
}

void record_begin_gap(struct record_session *s)
{
    s->wants_keyframe = true;
    if (s->in_gap)
        return;
    s->in_gap = true;
    s->gap_dts_ms = s->last_dts_ms;
    s->status.gaps++;
    stats_add(&s->base.worker->context->stats.record_gaps, 1);
}

/* The file that begins at `dts_ms` is there. */
static void end_gap(struct record_session *s, int64_t dts_ms)
{
    if (!s->in_gap)
        return;
    uint64_t gap_ms = dts_ms > s->gap_dts_ms ? (uint64_t)(dts_ms - s->gap_dts_ms) : 0;
    s->in_gap = false;
    s->status.gap_ms += gap_ms;
    log_warn(&s->base.log, "recording of %s goes on after a gap of %llu ms", session_path(&s->base),
             (unsigned long long)gap_ms);
}

static void go_down(struct record_session *s, int error)
{
    bool first = s->status.error == 0;
    s->retry_after_ms = !first && s->retry_after_ms > 0 ? 2 * s->retry_after_ms : RECORD_RETRY_MIN_MS;
    if (s->retry_after_ms > RECORD_RETRY_MAX_MS)
        s->retry_after_ms = RECORD_RETRY_MAX_MS;
    s->retry_ms = worker_now_ms(s->base.worker) + s->retry_after_ms;
    s->down = true;
    s->status.error = error;
    if (first)
        log_error(&s->base.log, "recording of %s is interrupted: %s", session_path(&s->base),
                  strerror(error));
    record_begin_gap(s);
}

static void emit(struct record_session *s, enum event_type type, const struct disk_report *report)
{
    const struct record_segment *segment = report->file;
    char                         file[4096];
    if (!record_path_full(&report->path, false, file, sizeof file))
        return;
    struct event_record record = {
        .file = file,
        .number = report->path.number,
        .start_ms = segment->start_ms,
        .duration_ms = flv_index_duration_ms(&segment->index),
        .size = report->size,
        .video_codec = segment->index.video.codec,
        .audio_codec = segment->index.audio.codec,
        .error = report->error,
        .kept = report->event == DISK_CLOSED,
    };
    events_emit_record(type, &s->base, segment->reason, &record);
}

static void on_opened(struct record_session *s, const struct disk_report *report)
{
    struct record_segment *segment = report->file;
    if (report->path.number > s->status.number)
        s->status.number = report->path.number;
    record_path_file(&report->path, true, s->status.file);
    if (s->status.error != 0)
        log_info(&s->base.log, "recording of %s: the disk takes data again", session_path(&s->base));
    s->down = false;
    s->status.error = 0;
    s->retry_after_ms = 0;
    segment->opened = true;
    end_gap(s, segment->base_ms);
    emit(s, EVENT_POST_RECORD, report);
}

static void on_closed(struct record_session *s, const struct disk_report *report)
{
    char file[RECORD_FILE_SIZE];
    record_path_file(&report->path, false, file);
    log_info(&s->base.log, "recorded %s/%s: %llu bytes", session_path(&s->base), file,
             (unsigned long long)report->size);
    s->status.segments++;
    s->status.file[0] = '\0';
    emit(s, EVENT_DONE_RECORD, report);
    record_segment_free(report->file);
}

/* A file that failed when it was closed, while the next is being written, is a gap that is over. */
static void on_failed(struct record_session *s, const struct disk_report *report)
{
    struct record_segment *segment = report->file;
    bool                   newest = s->segment == NULL || s->segment == segment;
    segment->reason = strerror(report->error);
    if (newest && !segment->opened && s->status.number > 0)
        s->status.number--; /* nothing has that number */
    if (s->segment == segment) {
        s->segment = NULL;
        s->wants_new = false;
    }
    if (newest) {
        s->status.file[0] = '\0';
        go_down(s, report->error);
    } else {
        log_error(&s->base.log, "recording of %s: a file could not be completed: %s", session_path(&s->base),
                  segment->reason);
        s->status.gaps++;
    }
    emit(s, EVENT_DONE_RECORD, report);
    record_segment_free(segment);
}

static void on_report(void *session, const struct disk_report *report)
{
    struct record_session *s = session;
    switch (report->event) {
    case DISK_OPENED:
        on_opened(s, report);
        break;
    case DISK_CLOSED:
        on_closed(s, report);
        break;
    case DISK_FAILED:
        on_failed(s, report);
        break;
    case DISK_LOW:
        if (s->segment == report->file) {
            record_close_segment(s, "record.min_free is reached");
            go_down(s, report->error);
        }
        break;
    case DISK_ROOM:
        outlet_viewer_writable(&s->viewer);
        break;
    case DISK_ENDED:
        record_tell(s);
        s->writer = NULL;
        session_close(&s->base, s->reason);
        return;
    }
    record_tell(s);
}

static void free_segment(void *segment)
{
    record_segment_free(segment);
}

const struct disk_writer_ops record_writer_ops = { on_report, free_segment };
