#include "net/forwarded.h"

#include <string.h>
#include <strings.h>

enum { HOPS_MAX = 32 };

// The last ones of a list, the rightmost last. What is no address ("unknown", "_hidden") is a
// hop that is not known.
struct hops {
    struct addr list[HOPS_MAX];
    bool known[HOPS_MAX];
    size_t count;
};

static void add_hop(struct hops *hops, const struct addr *address)
{
    if (hops->count == HOPS_MAX) {
        memmove(hops->list, hops->list + 1, (HOPS_MAX - 1) * sizeof *hops->list);
        memmove(hops->known, hops->known + 1, (HOPS_MAX - 1) * sizeof *hops->known);
        hops->count--;
    }
    hops->known[hops->count] = address != NULL;
    if (address)
        hops->list[hops->count] = *address;
    hops->count++;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (struct bytes){text.at + 1, text.len - 1};
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", and "2001:db8::1", as many write it.
static bool read_address(struct bytes text, struct addr *address)
{
    char copy[ADDR_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = 0;
    if (addr_parse_ip(address, copy, 0) == 0)
        return true;
    bool read = addr_parse(address, copy) == 0;
    address->port = 0;
    return read;
}

static void add_text(struct hops *hops, struct bytes text)
{
    struct addr address;
    add_hop(hops, read_address(text, &address) ? &address : NULL);
}

static void read_list(struct bytes value, struct hops *hops)
{
    for (;;) {
        const uint8_t *comma = memchr(value.at, ',', value.len);
        size_t len = comma ? (size_t)(comma - value.at) : value.len;
        add_text(hops, trimmed((struct bytes){value.at, len}));
        if (!comma)
            return;
        value = (struct bytes){comma + 1, value.len - len - 1};
    }
}

// Where the next `end` is that stands in no quoted text; the length when there is none.
static size_t find_unquoted(struct bytes text, const char *ends)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            quoted = !quoted;
        else if (quoted && text.at[i] == '\\')
            i++;
        else if (!quoted && strchr(ends, text.at[i]) && text.at[i])
            return i;
    }
    return text.len;
}

// What an element, "for=192.0.2.1;proto=https" in any order, says of `wanted`. Empty when it
// says nothing.
static struct bytes find_pair(struct bytes element, const char *wanted)
{
    struct bytes found = {0};
    while (element.len > 0) {
        size_t len = find_unquoted(element, ";");
        const uint8_t *equals = memchr(element.at, '=', len);
        size_t name_len = equals ? (size_t)(equals - element.at) : len;
        if (equals && head_equal(trimmed((struct bytes){element.at, name_len}), wanted))
            found = trimmed((struct bytes){equals + 1, len - name_len - 1});
        size_t used = len < element.len ? len + 1 : len;
        element = (struct bytes){element.at + used, element.len - used};
    }
    if (found.len >= 2 && found.at[0] == '"' && found.at[found.len - 1] == '"')
        found = (struct bytes){found.at + 1, found.len - 2};
    return found;
}

// One without `for` says of nobody.
static void read_element(struct bytes element, struct hops *hops)
{
    add_text(hops, find_pair(element, "for"));
}

static void read_elements(struct bytes value, struct hops *hops)
{
    for (;;) {
        size_t len = find_unquoted(value, ",");
        read_element((struct bytes){value.at, len}, hops);
        if (len == value.len)
            return;
        value = (struct bytes){value.at + len + 1, value.len - len - 1};
    }
}

// Several fields are one list (RFC 9110 section 5.3). False when there is none.
static bool walk(const struct head *head, const char *name,
                 void (*read)(struct bytes value, struct hops *hops),
                 const struct networks *trusted, struct addr *client)
{
    struct hops hops = {.count = 0};
    for (size_t i = 0; i < head->field_count; i++)
        if (head_equal(head->fields[i].name, name))
            read(head->fields[i].value, &hops);
    for (size_t i = hops.count; i-- > 0;) {
        if (!hops.known[i])
            break;
        *client = hops.list[i];
        if (!networks_have(trusted, client))
            break;
    }
    return hops.count > 0;
}

struct addr forwarded_client(const struct head *head, const struct addr *peer,
                             const struct networks *trusted)
{
    struct addr by_list = *peer, by_elements = *peer;
    if (!networks_have(trusted, peer))
        return *peer;
    bool has_list = walk(head, "x-forwarded-for", read_list, trusted, &by_list);
    bool has_elements = walk(head, "forwarded", read_elements, trusted, &by_elements);
    if (has_list && has_elements && memcmp(by_list.ip, by_elements.ip, 16) != 0)
        return *peer;
    return has_elements ? by_elements : by_list;
}

// The last element of a list, of all fields with this name.
static struct bytes last_of(const struct head *head, const char *name)
{
    struct bytes last = {0};
    for (size_t i = 0; i < head->field_count; i++) {
        if (!head_equal(head->fields[i].name, name))
            continue;
        struct bytes value = head->fields[i].value;
        for (size_t len; (len = find_unquoted(value, ",")) < value.len;)
            value = (struct bytes){value.at + len + 1, value.len - len - 1};
        last = trimmed(value);
    }
    return last;
}

bool forwarded_is_tls(const struct head *head, const struct addr *peer,
                      const struct networks *trusted)
{
    if (!networks_have(trusted, peer))
        return false;
    struct bytes proto = last_of(head, "x-forwarded-proto");
    struct bytes element = last_of(head, "forwarded");
    struct bytes of_element = find_pair(element, "proto");
    if (proto.len && of_element.len &&
        head_equal(proto, "https") != head_equal(of_element, "https"))
        return false;
    return head_equal(proto.len ? proto : of_element, "https");
}
