#include "base/mem.h"
#include "rtc/sdp.h"

struct sdp *sdp_new(size_t section_cap)
{
    size_t head = (sizeof(struct sdp) + 15) & ~(size_t)15;
    uint8_t *at = mem_alloc(head + section_cap * sizeof(struct sdp_section));
    struct sdp *sdp = (struct sdp *)at;
    sdp->sections = (struct sdp_section *)(at + head);
    sdp->section_cap = section_cap;
    return sdp;
}

size_t sdp_count_sections(struct bytes text)
{
    size_t count = 0;
    while (text.len && count < SDP_SECTIONS_MAX) {
        struct bytes line = sdp_cut(&text, '\n');
        count += line.len >= 2 && line.at[0] == 'm' && line.at[1] == '=';
    }
    return count;
}

bool sdp_is_live(const struct sdp_section *s)
{
    // RFC 9143 section 6: bundle-only sections have port 0, too.
    return s->direction != SDP_INACTIVE && (s->port != 0 || s->bundle_only);
}
