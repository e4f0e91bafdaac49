#include "net/refusal_page.h"

#include <string.h>
#include <strings.h>

static const char media[] = "text/html", field[] = "accept:";

static const char wait_and_load[] = "Please wait a moment, then load the page again.";
static const char clear_cookies[] =
    "Your browser sent more than the server reads. Clear the cookies of this site, "
    "then load the page again.";
static const char look_at_address[] =
    "Please look whether the address is complete, and without anything more.";

static const struct {
    int status;
    const char *title;
    const char *advice;
} pages[] = {
    {400, "This address cannot be read", look_at_address},
    {403, "This is not allowed", NULL},
    {404, "There is nothing here", look_at_address},
    {405, "This is not possible here", NULL},
    {408, "That took too long", wait_and_load},
    {413, "That was too much", "What was sent is larger than the server takes."},
    {414, "This address is too long", look_at_address},
    {429, "Too many requests", wait_and_load},
    {431, "Too much was sent", clear_cookies},
    {503, "The server is busy", wait_and_load},
};

bool refusal_is_read(const char *accept)
{
    return accept && strcasestr(accept, media);
}

bool refusal_is_read_of(struct bytes head)
{
    for (size_t at = 0; at + sizeof field < head.len; at++) {
        if (head.at[at] != '\n' ||
            strncasecmp((const char *)head.at + at + 1, field, sizeof field - 1) != 0)
            continue;
        const uint8_t *value = head.at + at + sizeof field;
        size_t left = head.len - at - sizeof field;
        const uint8_t *end = memchr(value, '\n', left);
        size_t len = end ? (size_t)(end - value) : left;
        return memmem(value, len, media, sizeof media - 1) != NULL;
    }
    return false;
}

// It has no script and nothing to fetch: whoever reads it may get nothing else just now.
void refusal_page(struct http_response *response, int status)
{
    const char *title = "This did not work", *advice = NULL;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (pages[i].status == status) {
            title = pages[i].title;
            advice = pages[i].advice;
        }
    }
    struct text page = {0};
    text_addf(&page,
              "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
              "<style>:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, "
              "sans-serif } body { max-width: 32rem; margin: 20vh auto; padding: 0 1rem }"
              "</style>\n<main>\n<h1>%s</h1>\n",
              title, title);
    if (advice)
        text_addf(&page, "<p>%s</p>\n", advice);
    text_addf(&page,
              "<p><a href=\"/\">To the first page</a></p>\n<p><small>%d</small></p>\n"
              "</main>\n",
              status);
    text_dispose(&response->body);
    response->body = page;
    response->fixed_body = (struct bytes){0};
    response->content_encoding = NULL;
    response->content_type = "text/html; charset=utf-8";
    http_header_set(response, "vary", "accept");
    http_header_set(response, "content-security-policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                    "form-action 'none'; frame-ancestors 'none'");
}
