// What the files behind rtc/negotiate.h share: rtc/negotiate_publish.c reads and answers offers
// of publishers, rtc/negotiate_subscribe.c offers to subscribers. For them only.
#pragma once

#include "base/mem.h"
#include "rtc/negotiate.h"
#include "rtc/sdp.h"

// Appends "line N: what" to `why` and returns `err`.
int negotiate_refuse(struct text *why, int err, uint32_t line, const char *what);

// Reads ICE credentials, fingerprint and DTLS role of the section that carries them.
int negotiate_remote(const struct sdp_section *s, struct transport_remote *remote,
                     struct text *why);

// Copies a view that fits; else leaves the empty text.
void negotiate_copy(char *to, size_t size, struct bytes from);

// Whether a section shares the one transport; `first`: no other does yet.
bool negotiate_in_bundle(const struct sdp *sdp, const struct sdp_section *s, bool first);

// Which codec of ours a format is; CODEC_NONE for what we do not forward.
enum codec negotiate_forwarded(const struct sdp_section *s, const struct sdp_format *f);
// Why there is none in a section, for people.
const char *negotiate_lack(const struct sdp_section *s);
// Of two formats of one codec the higher is the one that more receivers decode; and whether
// (nearly) all do.
int negotiate_rank(enum codec c, const struct sdp_format *f);
bool negotiate_is_common(enum codec c, const struct sdp_format *f);
// A codec as the format of a section has it.
void negotiate_take_format(const struct sdp_section *s, const struct sdp_format *f,
                           enum codec c, struct negotiated_codec *codec);

// The URIs of header extensions, and where their ids are in struct extension_ids.
struct negotiate_extension {
    const char *uri;
    size_t offset;
    bool audio;
    bool video;
};
enum { NEGOTIATE_EXTENSIONS = 9 };
extern const struct negotiate_extension negotiate_extension_table[NEGOTIATE_EXTENSIONS];

static inline uint8_t *negotiate_extension_id(struct extension_ids *ids, size_t i)
{
    return (uint8_t *)ids + negotiate_extension_table[i].offset;
}

// The ids that a section gives to extensions of ours, without those that the client has in the
// `useless` direction only: what it only receives it will not send.
void negotiate_read_extensions(const struct sdp_section *s, enum sdp_direction useless,
                               struct extension_ids *ids);

// Chromium describes the frames of every codec where it is asked to, and of VP8 and VP9 we read
// the payload. `av1`: that is what the section is of. A structure is longer than an element of
// the one-octet form.
void negotiate_take_dependency(const struct sdp_section *s, bool av1,
                               struct extension_ids *ids);

// A description of ours with no section yet. Texts live in `arena`.
struct sdp *negotiate_describe(const struct local_description *local, size_t section_cap,
                               struct arena *arena);
// Gives a section what connects it; the first one that gets it also gets the candidates.
void negotiate_connect(struct sdp *sdp, struct sdp_section *s,
                       const struct local_description *local, enum sdp_setup setup,
                       struct arena *arena);
void negotiate_application(struct sdp_section *s);
// A section's payload types as its m= line lists them; call it when all formats are there.
void negotiate_list_formats(struct sdp_section *s, struct arena *arena);
uint8_t negotiate_feedback(const struct negotiated_codec *codec); // bits of enum sdp_feedback
struct sdp_format *negotiate_add_format(struct sdp_section *s, uint8_t payload_type,
                                        const char *encoding, uint32_t clock_rate);
void negotiate_add_rtx(struct sdp_section *s, uint8_t rtx_payload_type, uint8_t payload_type,
                       uint32_t clock_rate, struct arena *arena);
// What repeats Opus of `payload_type`. Its parameters are the payload types in it (RFC 2198
// section 5); Chromium knows it by them.
void negotiate_add_red(struct sdp_section *s, uint8_t red_payload_type, uint8_t payload_type,
                       struct arena *arena);
void negotiate_add_extension(struct sdp_section *s, uint8_t id, const char *uri);
// All that an answer agrees to. Beside a dependency descriptor both forms of elements may come.
void negotiate_answer_extensions(struct sdp_section *s, struct extension_ids *ids);

static inline struct bytes arena_bytes(struct arena *arena, const char *text)
{
    struct bytes b = bytes_of(text);
    return (struct bytes){(const uint8_t *)arena_text(arena, b), b.len};
}
