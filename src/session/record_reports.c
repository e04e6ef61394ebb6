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
    if (s->owner != NULL)
        s->owner->on_status(s->owner, s, &s->status);
}

/* What was recorded ends at `from_ms`, and goes on with the segment `next`, or NULL: with what will be
 * begun next.  A gap there that is known already grows; false then. */
static bool lose_from(struct record_session *s, struct record_segment *next, int64_t from_ms)
{
    bool    *in_gap = next != NULL ? &next->after_gap : &s->in_gap;
    int64_t *gap_from_ms = next != NULL ? &next->gap_from_ms : &s->gap_from_ms;
    bool     known = *in_gap;
    if (!known || from_ms < *gap_from_ms)
        *gap_from_ms = from_ms;
    *in_gap = true;
    return !known;
}

static void count_gap(struct record_session *s)
{
    s->status.gaps++;
    stats_add(&s->base.worker->context->stats.record_gaps, 1);
}

void record_begin_gap(struct record_session *s)
{
    s->wants_keyframe = true;
    if (lose_from(s, NULL, s->has_last ? s->last_dts_ms : INT64_MAX))
        count_gap(s);
}

/* Nothing is left of a segment that should have ended a gap, or of one that failed later on. */
static void lose_segment(struct record_session *s, const struct record_segment *segment, uint32_t kept_ms)
{
    int64_t before_ms = segment->gap_from_ms < segment->base_ms ? segment->gap_from_ms : segment->base_ms;
    int64_t from_ms = segment->opened ? segment->base_ms + kept_ms : before_ms;
    bool    is_new = lose_from(s, segment->next, from_ms);
    if (is_new && !segment->after_gap)
        count_gap(s);
    else if (!is_new && segment->after_gap)
        s->status.gaps--; /* two were counted, and it is one */
}

static void end_gap(struct record_session *s, struct record_segment *segment)
{
    if (!segment->after_gap)
        return;
    int64_t gap_ms = segment->gap_from_ms < segment->base_ms ? segment->base_ms - segment->gap_from_ms : 0;
    segment->after_gap = false;
    s->status.gap_ms += (uint64_t)gap_ms;
    log_warn(&s->base.log, "recording of %s goes on after a gap of %lld ms", session_path(&s->base),
             (long long)gap_ms);
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
    end_gap(s, segment);
    emit(s, EVENT_POST_RECORD, report);
}

static void drop_segment(struct record_session *s, struct record_segment *segment)
{
    if (s->newest == segment)
        s->newest = NULL;
    record_segment_free(segment);
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
    drop_segment(s, report->file);
}

/* The next may be on its way to the disk already; then that is what tries again. */
static void on_failed(struct record_session *s, const struct disk_report *report)
{
    struct record_segment *segment = report->file;
    segment->reason = strerror(report->error);
    s->status.file[0] = '\0';
    lose_segment(s, segment, report->time_ms);
    if (s->segment == segment) {
        s->segment = NULL;
        s->wants_new = false;
    }
    if (segment->next == NULL) {
        if (!segment->opened && s->status.number > 0)
            s->status.number--; /* nothing has that number */
        go_down(s, report->error);
    } else {
        log_error(&s->base.log, "recording of %s: a file could not be completed: %s", session_path(&s->base),
                  segment->reason);
    }
    emit(s, EVENT_DONE_RECORD, report);
    drop_segment(s, segment);
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
        if (!s->ending)
            outlet_viewer_writable(&s->viewer);
        break;
    case DISK_ENDED:
        record_tell(s);
        s->writer = NULL;
        if (s->destroyed)
            record_session_free(s);
        else
            session_close(&s->base, s->reason);
        return;
    }
    record_tell(s);
}

const struct disk_writer_ops record_writer_ops = { on_report };
