#include "core/track_choice.h"

#include "protocol/metadata.h"
#include "protocol/wire.h"

#include <stdio.h>

enum { SOUND_FORMAT_EX = 9, VIDEO_EX = 0x80 };

bool track_choice_is_all(const struct track_choice *c)
{
    return c->video == TRACK_CHOICE_ALL && c->audio == TRACK_CHOICE_ALL && c->form == MULTITRACK_ENHANCED;
}

void track_choice_normalise(struct track_choice *c)
{
    if (c->form == MULTITRACK_ENHANCED)
        return;
    if (c->video == TRACK_CHOICE_ALL)
        c->video = TRACK_CHOICE_ONE;
    if (c->audio == TRACK_CHOICE_ALL)
        c->audio = TRACK_CHOICE_ONE;
}

void track_choice_text(const struct track_choice *c, char out[TRACK_CHOICE_TEXT_SIZE])
{
    if (track_choice_is_all(c))
        out[0] = '\0';
    else
        snprintf(out, TRACK_CHOICE_TEXT_SIZE, "?video=%u&audio=%u&form=%u", c->video, c->audio, c->form);
}

static enum metadata_keep keep(uint16_t choice)
{
    if (choice == TRACK_CHOICE_ALL)
        return METADATA_KEEP_ALL;
    return choice == TRACK_CHOICE_ONE ? METADATA_KEEP_FIRST : METADATA_KEEP_NONE;
}

static struct avpacket *apply_to_metadata(const struct track_choice *c, struct avpacket *p)
{
    struct metadata_view view = { .audio = keep(c->audio), .video = keep(c->video), .form = c->form };
    struct avpacket     *cut = metadata_cut(p, &view);
    return cut != NULL ? cut : avpacket_ref(p);
}

/* Whether the packet is in the form already: FLV 10.1's always, one track's unless it is to be FLV's. */
static bool is_in_form(const struct avpacket *p, enum multitrack_form form)
{
    struct bytes body = avpacket_bytes(p);
    if (p->flags & AV_MULTITRACK)
        return false;
    if (form == MULTITRACK_ENHANCED || body.size == 0)
        return true;
    return p->type == AV_VIDEO ? !(body.data[0] & VIDEO_EX) : body.data[0] >> 4 != SOUND_FORMAT_EX;
}

static struct avpacket *apply_to_media(const struct track_choice *c, struct avpacket *p)
{
    uint16_t choice = p->type == AV_VIDEO ? c->video : c->audio;
    if (choice == TRACK_CHOICE_ALL)
        return avpacket_ref(p);
    if (choice == TRACK_CHOICE_NONE)
        return NULL;
    uint8_t track = (uint8_t)(choice - TRACK_CHOICE_ONE);
    if (is_in_form(p, c->form))
        return p->track == track ? avpacket_ref(p) : NULL;
    return multitrack_extract(p, track, c->form);
}

struct avpacket *track_choice_apply(const struct track_choice *c, struct avpacket *p)
{
    struct avpacket *out;
    if (track_choice_is_all(c))
        return avpacket_ref(p);
    if (p->type == AV_DATA)
        out = p->flags & AV_METADATA ? apply_to_metadata(c, p) : avpacket_ref(p);
    else
        out = apply_to_media(c, p);
    if (out != NULL && out != p && p->chunk_size > 0)
        wire_frame(out, p->chunk_size);
    return out;
}
