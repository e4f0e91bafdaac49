#include "server/doctor_report.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 1024 };

static const char *const state_names[] = {[DOCTOR_OK] = "ok",
                                          [DOCTOR_SKIPPED] = "skipped",
                                          [DOCTOR_WARNING] = "warning",
                                          [DOCTOR_ERROR] = "error"};

// On one line, whatever a file or another program had in it.
static void put_line(struct text *to, const char *format, va_list values)
{
    char line[LINE_MAX_OCTETS];
    vsnprintf(line, sizeof line, format, values);
    text_make_line(line);
    text_clear(to);
    text_add(to, line);
}

void doctor_add(struct doctor_report *r, const char *name, enum doctor_state state,
                const char *format, ...)
{
    va_list values;
    if (r->count < DOCTOR_CHECKS_MAX)
        r->count++;
    struct doctor_check *check = &r->checks[r->count - 1];
    check->name = name;
    check->state = state;
    text_clear(&check->advice);
    va_start(values, format);
    put_line(&check->found, format, values);
    va_end(values);
}

void doctor_advise(struct doctor_report *r, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    put_line(&r->checks[r->count - 1].advice, format, values);
    va_end(values);
}

void doctor_dispose(struct doctor_report *r)
{
    for (size_t i = 0; i < DOCTOR_CHECKS_MAX; i++) {
        text_dispose(&r->checks[i].found);
        text_dispose(&r->checks[i].advice);
    }
    r->count = 0;
}

enum doctor_state doctor_worst(const struct doctor_report *r)
{
    enum doctor_state worst = DOCTOR_OK;
    for (size_t i = 0; i < r->count; i++) {
        enum doctor_state state = r->checks[i].state;
        if (state != DOCTOR_SKIPPED && state > worst)
            worst = state;
    }
    return worst;
}

const char *doctor_state_name(enum doctor_state state)
{
    return state_names[state];
}

void doctor_write_text(const struct doctor_report *r, struct text *out)
{
    size_t counts[sizeof state_names / sizeof *state_names] = {0};
    int width = 0;
    for (size_t i = 0; i < r->count; i++) {
        int len = (int)strlen(r->checks[i].name);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct doctor_check *check = &r->checks[i];
        counts[check->state]++;
        text_addf(out, "%-7s  %-*s  %s\n", state_names[check->state], width, check->name,
                  check->found.at);
        if (check->advice.len)
            text_addf(out, "%-7s  %-*s  -> %s\n", "", width, "", check->advice.at);
    }
    text_addf(out, "\n%zu ok, %zu warnings, %zu errors, %zu skipped\n", counts[DOCTOR_OK],
              counts[DOCTOR_WARNING], counts[DOCTOR_ERROR], counts[DOCTOR_SKIPPED]);
}

void doctor_write_json(const struct doctor_report *r, struct text *out)
{
    struct json_out j = json_out_on(out);
    json_open(&j, '{');
    json_member_string(&j, "state", state_names[doctor_worst(r)]);
    json_key(&j, "checks");
    json_open(&j, '[');
    for (size_t i = 0; i < r->count; i++) {
        const struct doctor_check *check = &r->checks[i];
        json_open(&j, '{');
        json_member_string(&j, "name", check->name);
        json_member_string(&j, "state", state_names[check->state]);
        json_member_string(&j, "found", check->found.at);
        if (check->advice.len)
            json_member_string(&j, "advice", check->advice.at);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}
