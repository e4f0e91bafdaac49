#include "rtc/seq.h"

uint64_t seq_peek(const struct seq *s, uint16_t number)
{
    if (s->highest == 0)
        return 0;
    int16_t step = (int16_t)(number - (uint16_t)s->highest);
    // Steps back are at most 32768 from the highest, and that starts at 65536.
    return s->highest + (uint64_t)(int64_t)step;
}

uint64_t seq_extend(struct seq *s, uint16_t number)
{
    if (s->highest == 0) {
        s->highest = 65536 + (uint64_t)number;
        return s->highest;
    }
    uint64_t extended = seq_peek(s, number);
    if (extended > s->highest)
        s->highest = extended;
    return extended;
}
