#include "server/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// --- Which form ---

static size_t skip_space(const char *p)
{
    return strspn(p, " \t");
}

// A weight of RFC 9110 section 12.4.2 in thousandths; what is none counts as 0.
static int weight_of(const char *at, size_t len)
{
    if (len == 0 || len > 5 || (at[0] != '0' && at[0] != '1') || (len > 1 && at[1] != '.'))
        return 0;
    int weight = (at[0] - '0') * 1000;
    int digit = 100;
    for (size_t i = 2; i < len; i++, digit /= 10) {
        if (at[i] < '0' || at[i] > '9')
            return 0;
        weight += (at[i] - '0') * digit;
    }
    return weight < 1000 ? weight : 1000;
}

static bool is_word(const char *at, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(at, word, len) == 0;
}

// The weight of one element of the list, if it is of `media` in that version; 0: it is not.
static int element_weight(const char *at, size_t len, const char *media, const char *version)
{
    size_t name_len = strcspn(at, "; \t");
    if (name_len > len || !is_word(at, name_len < len ? name_len : len, media))
        return 0;
    int weight = 1000;
    const char *end = at + len;
    for (const char *p = at; (p = memchr(p, ';', (size_t)(end - p)));) {
        p++;
        p += skip_space(p);
        size_t key_len = strcspn(p, "=;,");
        if (p + key_len >= end || p[key_len] != '=')
            continue;
        const char *value = p + key_len + 1;
        size_t value_len = strcspn(value, "; \t,");
        if (is_word(p, key_len, "q"))
            weight = weight_of(value, value_len);
        else if (is_word(p, key_len, "version") && !is_word(value, value_len, version))
            return 0;
    }
    return weight;
}

static int best_weight(const char *accept, const char *media, const char *version)
{
    int best = 0;
    for (const char *p = accept; *p; p += *p == ',') {
        p += skip_space(p);
        size_t len = strcspn(p, ",");
        int weight = element_weight(p, len, media, version);
        best = weight > best ? weight : best;
        p += len;
    }
    return best;
}

enum exposition_format exposition_choose(const char *accept)
{
    if (!accept)
        return EXPOSITION_TEXT;
    int wanted = best_weight(accept, "application/openmetrics-text", "1.0.0");
    return wanted > 0 && wanted >= best_weight(accept, "text/plain", "0.0.4")
               ? EXPOSITION_OPENMETRICS
               : EXPOSITION_TEXT;
}

const char *exposition_content_type(enum exposition_format format)
{
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

// --- Writing ---

// OpenMetrics names a counter's family without the end that its samples have.
void exposition_family(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *help)
{
    static const char *const kinds[] = {[EXPOSITION_COUNTER] = "counter",
                                        [EXPOSITION_GAUGE] = "gauge",
                                        [EXPOSITION_HISTOGRAM] = "histogram"};
    assert(!strpbrk(help, "\\\n\""));
    bool is_total = kind == EXPOSITION_COUNTER && e->format == EXPOSITION_TEXT;
    const char *end = is_total ? "_total" : "";
    e->family = name;
    e->kind = kind;
    text_addf(e->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, end, help, name, end,
              kinds[kind]);
}

static void put_value(struct text *out, const char *value)
{
    text_add(out, "\"");
    for (const char *p = value; *p; p++) {
        if (*p == '\n')
            text_add(out, "\\n");
        else if (*p == '"' || *p == '\\')
            text_addf(out, "\\%c", *p);
        else
            text_addf(out, "%c", *p);
    }
    text_add(out, "\"");
}

static void put_name(struct exposition *e, const char *end, const struct label *labels,
                     const char *bound)
{
    const char *before = "{";
    text_addf(e->out, "%s%s", e->family, end);
    for (const struct label *l = labels; l && l->name; l++) {
        assert(l - labels < EXPOSITION_LABELS_MAX);
        text_addf(e->out, "%s%s=", before, l->name);
        put_value(e->out, l->value);
        before = ",";
    }
    if (bound)
        text_addf(e->out, "%sle=\"%s\"", before, bound);
    text_add(e->out, bound || *before == ',' ? "} " : " ");
}

static const char *end_of(const struct exposition *e)
{
    assert(e->family && e->kind != EXPOSITION_HISTOGRAM);
    return e->kind == EXPOSITION_COUNTER ? "_total" : "";
}

void exposition_count(struct exposition *e, const struct label *labels, uint64_t value)
{
    put_name(e, end_of(e), labels, NULL);
    text_addf(e->out, "%" PRIu64 "\n", value);
}

void exposition_number(struct exposition *e, const struct label *labels, double value)
{
    put_name(e, end_of(e), labels, NULL);
    text_addf(e->out, "%.15g\n", value);
}

// As OpenMetrics writes numbers in labels, and Go and Python do in either form: 1.0 and 1e+06.
static void format_bound(double bound, char text[32])
{
    bool is_whole = bound == floor(bound) && fabs(bound) < 1e6;
    snprintf(text, 32, is_whole ? "%.1f" : "%.6g", bound);
}

void exposition_histogram(struct exposition *e, const struct label *labels,
                          const struct histogram *h, const struct histogram_bounds *bounds,
                          double per_unit)
{
    uint64_t count = 0;
    char bound[32];
    assert(e->family && e->kind == EXPOSITION_HISTOGRAM);
    for (size_t i = 0; i <= bounds->count; i++) {
        count += h->counts[i];
        if (i < bounds->count)
            format_bound((double)bounds->at[i] / per_unit, bound);
        put_name(e, "_bucket", labels, i < bounds->count ? bound : "+Inf");
        text_addf(e->out, "%" PRIu64 "\n", count);
    }
    put_name(e, "_sum", labels, NULL);
    text_addf(e->out, "%.15g\n", (double)h->sum / per_unit);
    put_name(e, "_count", labels, NULL);
    text_addf(e->out, "%" PRIu64 "\n", count);
}

void exposition_single(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *help, uint64_t value)
{
    exposition_family(e, name, kind, help);
    exposition_count(e, NULL, value);
}

void exposition_end(struct exposition *e)
{
    if (e->format == EXPOSITION_OPENMETRICS)
        text_add(e->out, "# EOF\n");
}
