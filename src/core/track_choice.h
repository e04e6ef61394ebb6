/* track_choice.h - which tracks of a stream a viewer wants, and in which form.
 *
 * Viewers who want the same share an outlet (core/outlet.h), in which each packet is changed once. */
#ifndef MILLRACE_CORE_TRACK_CHOICE_H
#define MILLRACE_CORE_TRACK_CHOICE_H

#include "media/avpacket.h"
#include "media/multitrack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRACK_CHOICE_ALL  = 0, /* as they came */
    TRACK_CHOICE_NONE = 1,
    TRACK_CHOICE_ONE  = 2, /* and the track's id on top */
};

/* All zero is the stream as its publisher sent it. */
struct track_choice {
    uint16_t video; /* TRACK_CHOICE_ALL, TRACK_CHOICE_NONE, or TRACK_CHOICE_ONE + id */
    uint16_t audio;
    uint8_t  form;  /* enum multitrack_form, of what is changed at all */
};

/* With its end mark. */
#define TRACK_CHOICE_TEXT_SIZE 48

/* A viewer who wants the plain form gets one track of each kind, the first if it has not said
 * which: FLV knows no more. */
void track_choice_normalise(struct track_choice *);

bool track_choice_is_all(const struct track_choice *);

/* The choice in a form that only equal ones share; "" if everything is wanted. */
void track_choice_text(const struct track_choice *, char out[TRACK_CHOICE_TEXT_SIZE]);

/* What the viewer gets of a classified packet: a reference to it, to a new one with its time and in
 * all wire forms if it had them, or NULL for nothing.  The caller owns it. */
struct avpacket *track_choice_apply(const struct track_choice *, struct avpacket *);

#endif
