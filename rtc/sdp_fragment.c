#include "rtc/sdp_fragment.h"

#include "base/err.h"

enum { UFRAG_LEN_MIN = 4, PWD_LEN_MIN = 22, CREDENTIAL_LEN_MAX = 256 }; // RFC 8839 section 5.4

static int refuse(struct sdp_error *error, const char *what, int err)
{
    error->what = what;
    return err;
}

static int take_credential(struct bytes *kept, struct bytes value, size_t len_min,
                           struct sdp_error *error)
{
    if (value.len < len_min || value.len > CREDENTIAL_LEN_MAX ||
        memchr(value.at, ' ', value.len))
        return refuse(error, "not an ICE credential", ERR_MALFORMED);
    if (kept->len && !bytes_equal(*kept, value))
        return refuse(error, "credentials differ: there is one transport", ERR_MALFORMED);
    *kept = value;
    return 0;
}

static int take_candidate(struct sdp_fragment *f, struct bytes value, struct sdp_error *error)
{
    struct sdp_candidate candidate;
    if (sdp_parse_candidate(&candidate, value) < 0 || candidate.type == SDP_END)
        return 0;
    if (f->candidate_count == SDP_CANDIDATES_MAX)
        return refuse(error, "too many candidates", ERR_FULL);
    f->candidate_count++;
    return 0;
}

static int take_attribute(struct sdp_fragment *f, struct bytes value, struct sdp_error *error)
{
    struct bytes name = sdp_cut(&value, ':');
    value = sdp_trim(value);
    if (sdp_is(name, "ice-ufrag"))
        return take_credential(&f->ufrag, value, UFRAG_LEN_MIN, error);
    if (sdp_is(name, "ice-pwd"))
        return take_credential(&f->pwd, value, PWD_LEN_MIN, error);
    if (sdp_is(name, "candidate"))
        return take_candidate(f, value, error);
    f->end_of_candidates |= sdp_is(name, "end-of-candidates");
    return 0;
}

static int take_line(struct sdp_fragment *f, struct bytes line, struct sdp_error *error)
{
    if (line.len < 2 || line.at[0] < 'a' || line.at[0] > 'z' || line.at[1] != '=' ||
        memchr(line.at, '\0', line.len) || memchr(line.at, '\r', line.len))
        return refuse(error, "not a line of SDP", ERR_MALFORMED);
    if (line.at[0] != 'a')
        return 0; // m= says which section candidates are for: there is one transport
    return take_attribute(f, (struct bytes){line.at + 2, line.len - 2}, error);
}

int sdp_fragment_parse(struct sdp_fragment *fragment, struct bytes text,
                       struct sdp_error *error)
{
    struct sdp_fragment read = {0};
    *error = (struct sdp_error){.line = 1};
    if (text.len == 0)
        return refuse(error, "empty fragment", ERR_MALFORMED);
    if (text.len > SDP_LIVE_LEN_MAX)
        return refuse(error, "fragment is too long", ERR_FULL);
    for (; text.len; error->line++) {
        struct bytes line = sdp_cut(&text, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 && text.len == 0 && error->line > 1)
            break; // an empty last line does no harm
        int err = take_line(&read, line, error);
        if (err < 0)
            return err;
    }
    if ((read.ufrag.len == 0) != (read.pwd.len == 0))
        return refuse(error, "ice-ufrag and ice-pwd come together", ERR_MALFORMED);
    *fragment = read;
    return 0;
}

void sdp_fragment_write(const char *ufrag, const char *pwd, struct text *out)
{
    text_addf(out, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", ufrag, pwd);
}
