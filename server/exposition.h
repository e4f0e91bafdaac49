// Writes figures for monitoring, in either of the two forms that Prometheus reads: its text
// format 0.0.4, and OpenMetrics 1.0. Which names there are is the caller's.
#pragma once

#include "base/histogram.h"
#include "base/text.h"

#include <stdint.h>

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

enum exposition_kind { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

// The better one of those that the Accept field of a request takes; NULL: it has none.
enum exposition_format exposition_choose(const char *accept);
const char *exposition_content_type(enum exposition_format format);

struct exposition {
    struct text *out;
    enum exposition_format format;
    const char *family; // that is being written
    enum exposition_kind kind;
};

struct label {
    const char *name;
    const char *value;
};

enum { EXPOSITION_LABELS_MAX = 3 };

// `name` is without the _total that counters end in. Its samples follow.
void exposition_family(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *help);

// The list of labels ends with one that has no name; NULL is none.
void exposition_count(struct exposition *e, const struct label *labels, uint64_t value);
void exposition_number(struct exposition *e, const struct label *labels, double value);
// `per_unit`: how many of what was added make one of the unit that the family is named for.
void exposition_histogram(struct exposition *e, const struct label *labels,
                          const struct histogram *h, const struct histogram_bounds *bounds,
                          double per_unit);

// A family of one sample, without labels.
void exposition_single(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *help, uint64_t value);

void exposition_end(struct exposition *e);
