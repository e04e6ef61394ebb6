#include "bench/track.h"

#include "bench/sei.h"
#include "media/avpacket.h"

void figures_add_counts(struct figures *into, const struct figures *f, bool faults)
{
    into->bytes += f->bytes;
    into->messages += f->messages;
    into->pictures += f->pictures;
    into->cached += f->cached;
    if (!faults)
        return;
    into->missing += f->missing;
    into->gaps += f->gaps;
    into->repeated += f->repeated;
    into->foreign += f->foreign;
    into->time_back += f->time_back;
    into->time_gaps += f->time_gaps;
}

void figures_merge(struct figures *into, const struct figures *f)
{
    figures_add_counts(into, f, true);
    histogram_merge(&into->latency, &f->latency);
    histogram_merge(&into->first_connect, &f->first_connect);
    histogram_merge(&into->first_play, &f->first_play);
}

bool figures_are_clean(const struct figures *f)
{
    return f->missing == 0 && f->repeated == 0 && f->foreign == 0 && f->time_back == 0 && f->time_gaps == 0;
}

static void note_sequence(struct track *t, struct figures *f, uint64_t sequence)
{
    if (t->has_stamp && sequence < t->next_sequence) {
        f->repeated++;
        return;
    }
    if (t->has_stamp && sequence > t->next_sequence) {
        f->missing += sequence - t->next_sequence;
        f->gaps++;
    }
    t->has_stamp = true;
    t->next_sequence = sequence + 1;
}

static void note_stamp(struct track *t, struct figures *f, const struct sei_stamp *stamp, uint64_t now_us)
{
    f->pictures++;
    if (stamp->stream != t->stream) {
        f->foreign++;
        return;
    }
    note_sequence(t, f, stamp->sequence);
    if (stamp->time_us < t->play_us)
        f->cached++;
    else
        histogram_add(&f->latency, now_us > stamp->time_us ? now_us - stamp->time_us : 0);
}

/* Timestamps are 32 bits and may wrap. */
static void note_time(uint32_t *last_ms, bool *has_last, uint32_t time_ms, uint32_t step_ms,
                      struct figures *f)
{
    int32_t step = (int32_t)(time_ms - *last_ms);
    if (*has_last && step < 0)
        f->time_back++;
    else if (*has_last && step_ms > 0 && step > (int64_t)step_ms + step_ms / 2 + 2)
        f->time_gaps++;
    *last_ms = time_ms;
    *has_last = true;
}

static void note_first(struct track *t, struct figures *f, uint64_t now_us)
{
    if (t->has_first)
        return;
    t->has_first = true;
    histogram_add(&f->first_connect, now_us - t->connect_us);
    histogram_add(&f->first_play, now_us - t->play_us);
}

void track_message(struct track *t, struct figures *f, const struct track_limits *limits,
                   const struct skim_message *m, uint64_t now_us)
{
    struct sei_stamp stamp;
    f->messages++;
    if (!skim_is_frame(m))
        return;
    t->last_us = now_us;
    if (m->type == AV_AUDIO) {
        note_time(&t->audio_ms, &t->has_audio, m->time_ms, limits->audio_step_ms, f);
        if (limits->audio_only)
            note_first(t, f, now_us);
        return;
    }
    note_first(t, f, now_us);
    bool stamped = sei_find(m->head, &stamp);
    if (stamped)
        note_stamp(t, f, &stamp, now_us);
    note_time(&t->video_ms, &t->has_video, m->time_ms, stamped ? 0 : limits->video_step_ms, f);
}
