// An offer answered, as a publisher's and as a viewer's, and the same text as a subscriber's
// answer to an offer of ours.
#include "base/mem.h"
#include "rtc/negotiate_watch.h"
#include "rtc/sdp.h"

static struct sdp_section sdp_sections[SDP_SECTIONS_MAX];
static struct sdp sdp = {.sections = sdp_sections, .section_cap = SDP_SECTIONS_MAX};
static struct publish_offer offer;
static struct subscribe_answer answer;
static struct watch_offer watch;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t fingerprint[FINGERPRINT_LEN];
    const struct codec_preference preference = {.video = CODEC_H264, .opus_dtx = true};
    const struct local_description local = {
        .ufrag = "ufrag", .pwd = "pwd", .fingerprint = fingerprint};
    struct bytes text = {data, size};
    struct text out = {0};
    struct text why = {0};
    struct sdp_error error;
    if (negotiate_publish(text, &preference, &offer, &why) == 0) {
        negotiate_publish_answer(&offer, &local, &out);
        negotiate_whole(&offer, &why);
    }
    if (negotiate_watch(text, &watch, &why) == 0)
        negotiate_watch_answer(&watch, text, &local, "name", &out);
    if (sdp_parse(&sdp, text, &error) == 0 && sdp.section_count > 0)
        negotiate_subscribe(text, sdp.section_count - 1, &answer, &why);
    text_dispose(&out);
    text_dispose(&why);
    return 0;
}
