#include "server/control_state.h"

#include "base/jwt.h"
#include "base/mem.h"
#include "server/clock.h"

#include <string.h>

enum { CLOSE_RESTART = 1012 };

// When memory is short nobody new comes in. People who are in come back.
static bool is_present(const struct control *c, const struct jwt_claims *claims,
                       const char *peer_id)
{
    const struct room *room = rooms_find(&c->rooms, claims->room_id);
    return peer_id && admission_is_return(room, peer_id, &claims->hash);
}

// Whose reading is counted together: an address, or the 64 bits of an IPv6 network that one
// person has. False where addresses are not limited.
static bool network_of(const struct control *c, const struct addr *from, uint8_t network[16])
{
    if (!c->config.http.rate_limit && addr_is_loopback(from))
        return false;
    memcpy(network, from->ip, 16);
    if (!addr_is_v4(from))
        memset(network + 8, 0, 8);
    return true;
}

void control_socket_open(struct control *c, struct http_input *input)
{
    struct moment now = clock_now();
    if (c->draining) {
        http_server_ws_close(c->server, input->id, CLOSE_RESTART, NULL);
        return;
    }
    struct http_request *request = input->request;
    const char *token = http_query(request, "token", 0);
    const char *peer = http_query(request, "peer", 0);
    const char *agent = http_query(request, "user_agent_v2", 0);
    const char *demand = http_query(request, "layer_demand", 0);
    struct jwt_claims verified = {0};
    enum jwt_fault fault =
        jwt_known_verify(c->config.api->known, bytes_of(token ? token : ""),
                         &c->config.api->keys, now.wall_ms / 1000, &verified);

    // One that has expired is good for who is in, and says no more to anybody else.
    bool may_return = fault == JWT_EXPIRED && is_present(c, &verified, peer);
    bool is_stranger = (fault != JWT_VALID && !may_return) || verified.type != JWT_APP;
    struct room *room;
    uint8_t network[16];
    bool is_counted = network_of(c, &request->from, network);

    // The upgrade is never refused for its token: the client would try again without a pause.
    // It is told by a message that ends its attempts.
    struct client *client = mem_alloc(sizeof *client);
    client->socket = input->id;
    client->session =
        signal_open(c->signal,
                    &(struct signal_claims){.room_id = verified.room_id,
                                            .role = verified.role,
                                            .user_id = verified.user_id,
                                            .token = verified.hash,
                                            .expires_at_s = verified.expires_at_s,
                                            .room_code_id = verified.room_code_id,
                                            .peer_id = peer ? peer : "",
                                            .user_agent = agent,
                                            .network = is_counted ? network : NULL,
                                            .takes_demand = demand && strcmp(demand, "1") == 0,
                                            .is_stranger = is_stranger},
                    now, &c->frames);
    map_put(&c->clients_by_socket, map_key_u64(&client->socket), client);
    map_put(&c->clients_by_session, map_key_u64(&client->session), client);
    if (!signal_is_open(c->signal, client->session))
        return;
    if (fault != JWT_VALID && !may_return) {
        signal_refuse(c->signal, client->session, 401, jwt_fault_text(fault), now, &c->frames);
    } else if (verified.type != JWT_APP) {
        signal_refuse(c->signal, client->session, 403, "not a token to join with", now,
                      &c->frames);
    } else if (c->memory.left <= 0 && !is_present(c, &verified, peer)) {
        signal_refuse(c->signal, client->session, 503, "too much to do", now, &c->frames);
    } else if ((room = control_live_room(c, verified.room_id))) {
        control_begin_session(c, client->session, room);
    } else if (jobs_are_full(c->config.jobs)) {
        signal_refuse(c->signal, client->session, 503, "too much to do", now, &c->frames);
    } else {
        struct job *job = mem_alloc(sizeof *job);
        job->room.session = client->session;
        control_load_room(c, job, verified.room_id);
    }
}

void control_socket_closed(struct control *c, const struct http_input *input)
{
    struct client *client = map_remove(&c->clients_by_socket, map_key_u64(&input->id));
    if (!client)
        return;
    map_remove(&c->clients_by_session, map_key_u64(&client->session));
    signal_closed(c->signal, client->session, clock_now(), &c->events);
    mem_free(client);
}

void control_socket_text(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (client)
        signal_text(c->signal, client->session,
                    (struct bytes){(const uint8_t *)input->text, input->text_len}, clock_now(),
                    &c->frames, &c->events);
}

void control_socket_pong(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (client)
        signal_heard(c->signal, client->session, clock_now());
}

void control_socket_drained(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (!client)
        return;
    client->is_slow = false;
    signal_slow(c->signal, client->session, false);
}
