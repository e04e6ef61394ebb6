/* mutate.c - libFuzzer's changes to a script (script.h), made where they have a meaning: steps are put
 * in, taken out, doubled, swapped and cut in two, and the engine's own mutations are let loose on the
 * body of one step at a time, whose framing they leave whole. */
#include "parts.h"
#include "script.h"

#include <stdlib.h>

#define STEPS_MAX SCRIPT_STEP_MAX

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t room, unsigned seed);

struct script {
    uint8_t            config;
    size_t             count;
    struct script_step steps[STEPS_MAX];
};

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return below > 0 ? (unsigned)((z ^ z >> 31) % below) : 0;
}

static void parse(struct script *s, const uint8_t *data, size_t size)
{
    struct bytes in = { data, size };
    s->count = 0;
    s->config = size > 0 ? data[0] : 0;
    if (size > 0)
        in = (struct bytes){ data + 1, size - 1 };
    while (s->count < STEPS_MAX && script_next(&in, &s->steps[s->count]))
        s->count++;
}

static size_t print(const struct script *s, uint8_t *out, size_t room)
{
    struct writer w = writer_over(out, room);
    write_be(&w, s->config, 1);
    for (size_t i = 0; i < s->count; i++) {
        const struct script_step *step = &s->steps[i];
        if ((size_t)(w.end - w.at) < SCRIPT_HEAD + step->body.size)
            break;
        write_be(&w, (uint8_t)(step->what | step->peer << 4 | (step->same_turn ? 0x80 : 0)), 1);
        write_le(&w, step->body.size, 2);
        write_bytes(&w, step->body.data, step->body.size);
    }
    return writer_size(&w);
}

static void remove_step(struct script *s, size_t at)
{
    memmove(&s->steps[at], &s->steps[at + 1], (s->count - at - 1) * sizeof *s->steps);
    s->count--;
}

static void insert_step(struct script *s, size_t at, struct script_step step)
{
    if (s->count == STEPS_MAX)
        return;
    memmove(&s->steps[at + 1], &s->steps[at], (s->count - at) * sizeof *s->steps);
    s->steps[at] = step;
    s->count++;
}

/* A step that means something: one of the parts, or a few bytes of control. */
static struct script_step make_step(void)
{
    static uint8_t     control[4];
    const struct part *part = &parts[draw((unsigned)part_count)];
    struct script_step step = {
        .what = part->what, .peer = draw(SCRIPT_PEERS), .body = { part->data, part->size },
    };
    if (draw(3) != 0)
        return step;
    for (size_t i = 0; i < sizeof control; i++)
        control[i] = (uint8_t)(draw(2) != 0 ? draw(256) : draw(4));
    step.what = draw(4) == 0 ? STEP_OPEN : STEP_TURN + draw(STEP_COUNT - STEP_TURN);
    step.body = (struct bytes){ control, draw(sizeof control + 1) };
    return step;
}

static void cut_step(struct script *s, size_t at)
{
    struct script_step *step = &s->steps[at];
    if (step->what != STEP_BYTES || step->body.size < 2)
        return;
    struct script_step second = *step;
    size_t             size = 1 + draw((unsigned)step->body.size - 1);
    step->body.size = size;
    second.body.data += size;
    second.body.size -= size;
    insert_step(s, at + 1, second);
}

static void mutate_body(struct script *s, size_t at)
{
    static uint8_t      room[65535];
    struct script_step *step = &s->steps[at];
    memcpy(room, step->body.data, step->body.size);
    size_t more = step->body.size + 64 < sizeof room ? step->body.size + 64 : sizeof room;
    step->body.size = LLVMFuzzerMutate(room, step->body.size, more);
    step->body.data = room;
}

static void mutate_once(struct script *s)
{
    size_t at = draw((unsigned)s->count), other = draw((unsigned)s->count);
    if (s->count == 0) {
        insert_step(s, 0, make_step());
        return;
    }
    switch (draw(12)) {
    case 0:  remove_step(s, at); break;
    case 1:  insert_step(s, at, s->steps[other]); break;
    case 2:
    case 3:  insert_step(s, at, make_step()); break;
    case 4:  s->steps[at].peer = draw(SCRIPT_PEERS); break;
    case 5:  s->steps[at].same_turn = !s->steps[at].same_turn; break;
    case 6:  cut_step(s, at); break;
    case 7: {
        struct script_step step = s->steps[at];
        s->steps[at] = s->steps[other];
        s->steps[other] = step;
        break;
    }
    case 8:  s->config = (uint8_t)draw(SCRIPT_CONFIGS); break;
    default: mutate_body(s, at); break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    static struct script s;
    uint8_t             *old = malloc(size + 1);
    random_state = seed;
    memcpy(old, data, size);
    parse(&s, old, size);
    mutate_once(&s); /* one at a time: make_step() and mutate_body() have room for one */
    size_t after = print(&s, data, room);
    free(old);
    return after;
}

/* The beginning of one and the end of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t room, unsigned seed)
{
    static struct script first, second;
    random_state = seed;
    parse(&first, a, a_size);
    parse(&second, b, b_size);
    size_t keep = draw((unsigned)first.count + 1), from = draw((unsigned)second.count + 1);
    first.count = keep;
    while (from < second.count && first.count < STEPS_MAX)
        first.steps[first.count++] = second.steps[from++];
    return print(&first, out, room);
}
