#include "base/text.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct text *t, size_t size)
{
    if (t->size + size <= t->capacity)
        return;
    size_t capacity = t->capacity > 0 ? t->capacity : 256;
    while (capacity < t->size + size)
        capacity *= 2;
    t->data = alloc_resize(t->data, capacity, 1);
    t->capacity = capacity;
}

void text_add(struct text *t, const void *data, size_t size)
{
    if (size == 0)
        return;
    reserve(t, size);
    memcpy(t->data + t->size, data, size);
    t->size += size;
}

void text_add_string(struct text *t, const char *string)
{
    text_add(t, string, strlen(string));
}

void text_add_char(struct text *t, char c)
{
    reserve(t, 1);
    t->data[t->size++] = c;
}

void text_add_number(struct text *t, uint64_t number)
{
    char  digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    text_add(t, digits + at, sizeof digits - at);
}

void text_add_real(struct text *t, double value)
{
    double magnitude = fabs(value);
    if (!isfinite(value) || magnitude >= 1e15)
        magnitude = 0;
    uint64_t thousandths = (uint64_t)llround(magnitude * 1000);
    if (value < 0 && thousandths > 0)
        text_add_char(t, '-');
    text_add_number(t, thousandths / 1000);
    if (thousandths % 1000 == 0)
        return;
    char decimals[4] = { '.', (char)('0' + thousandths / 100 % 10), (char)('0' + thousandths / 10 % 10),
                         (char)('0' + thousandths % 10) };
    size_t size = sizeof decimals;
    while (decimals[size - 1] == '0')
        size--;
    text_add(t, decimals, size);
}

void text_clear(struct text *t)
{
    free(t->data);
    *t = (struct text){ 0 };
}
