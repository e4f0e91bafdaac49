#include "room/template.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/words.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    bool by_default;
} permissions[PERMISSION_COUNT] = {
    [PERMISSION_END_ROOM] = {"endRoom", false},
    [PERMISSION_REMOVE_OTHERS] = {"removeOthers", false},
    [PERMISSION_MUTE] = {"mute", false},
    [PERMISSION_UNMUTE] = {"unmute", false},
    [PERMISSION_CHANGE_ROLE] = {"changeRole", false},
    [PERMISSION_SEND_ROOM_STATE] = {"sendRoomState", false},
    [PERMISSION_POLL_READ] = {"pollRead", false},
    [PERMISSION_POLL_WRITE] = {"pollWrite", false},
    [PERMISSION_BROWSER_RECORDING] = {"browserRecording", true},
    [PERMISSION_RTMP_STREAMING] = {"rtmpStreaming", true},
    [PERMISSION_HLS_STREAMING] = {"hlsStreaming", true},
};

static const char *const publish_kinds[PUBLISH_KIND_COUNT] = {"audio", "video", "screen"};

const char *permission_name(enum permission p)
{
    assert(p < PERMISSION_COUNT);
    return permissions[p].name;
}

int permission_from_name(const char *name)
{
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        if (strcmp(permissions[p].name, name) == 0)
            return p;
    }
    return ERR_NOT_FOUND;
}

bool permission_default(enum permission p)
{
    assert(p < PERMISSION_COUNT);
    return permissions[p].by_default;
}

const char *publish_kind_name(enum publish_kind kind)
{
    assert(kind < PUBLISH_KIND_COUNT);
    return publish_kinds[kind];
}

int publish_kind_from_name(const char *name)
{
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++) {
        if (strcmp(publish_kinds[kind], name) == 0)
            return kind;
    }
    return ERR_NOT_FOUND;
}

struct template *template_new(void)
{
    struct template *t = mem_alloc(sizeof *t);
    t->holders = 1;
    t->id = t->name = "";
    t->transcription.mode = "caption";
    return t;
}

struct template *template_hold(struct template *t)
{
    t->holders++;
    return t;
}

void template_free(struct template *t)
{
    if (!t || --t->holders)
        return;
    arena_dispose(&t->arena);
    mem_free(t);
}

const char *template_text(struct template *t, const char *text)
{
    return arena_text(&t->arena, bytes_of(text));
}

void template_set_roles(struct template *t, size_t count)
{
    assert(count <= ROLES_PER_TEMPLATE_MAX);
    t->roles = arena_alloc(&t->arena, count * sizeof *t->roles);
    t->role_count = count;
    for (size_t i = 0; i < count; i++) {
        t->roles[i].name = "";
        t->roles[i].priority = 1;
        for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
            t->roles[i].media[kind].codec = "";
        for (int p = 0; p < PERMISSION_COUNT; p++)
            t->roles[i].permissions[p] = permissions[p].by_default;
    }
}

struct names template_names(struct template *t, size_t count)
{
    return (struct names){arena_alloc(&t->arena, count * sizeof(char *)), count};
}

const struct role *template_role(const struct template *t, const char *name)
{
    for (size_t i = 0; i < t->role_count; i++) {
        if (strcmp(t->roles[i].name, name) == 0)
            return &t->roles[i];
    }
    return NULL;
}

int template_place(const struct template *t, const struct role *role)
{
    if (role < t->roles || role >= t->roles + t->role_count)
        role = template_role(t, role->name);
    return role ? (int)(role - t->roles) : ERR_NOT_FOUND;
}

bool names_contain(const struct names *names, const char *name)
{
    return words_contain((const char *const *)names->at, names->count, name);
}

bool role_publishes(const struct role *role, enum publish_kind kind)
{
    return !role->waiting_room && role->allowed[kind];
}

bool role_gets(const struct role *role, const struct role *of)
{
    return !role->waiting_room && !of->waiting_room &&
           names_contain(&role->subscribe_to_roles, of->name);
}

bool role_names_fit(const char *const *names, size_t count)
{
    if (count > ROLES_PER_TEMPLATE_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > ROLE_NAME_LEN_MAX)
            return false;
    }
    return true;
}
