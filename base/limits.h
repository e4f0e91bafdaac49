// Every bound of the program. What happens at a bound is written where it is used.
#pragma once

enum {
    // JSON from outside
    JSON_DEPTH_MAX = 32,
    JSON_MEMBERS_MAX = 4096,
    JSON_STRING_MAX = 64 * 1024,
    TEMPLATE_MEMBERS_MAX = 16 * 1024, // of the body that makes a template
    DOCUMENT_MEMBERS_MAX = 32 * 1024, // of a template as it is stored

    // HTTP
    HTTP_REQUEST_LINE_MAX = 8 * 1024,
    HTTP_HEADERS_MAX = 16 * 1024,
    HTTP_HEADER_COUNT_MAX = 100,
    HTTP_BODY_MAX = 64 * 1024,
    HTTP_BODY_SMALL_MAX = 16 * 1024,   // is read also when memory is short
    HTTP_BODY_LARGE_MAX = 1024 * 1024, // of calls with a management token
    HTTP_CONNECTIONS_PER_ADDRESS_MAX = 2000,
    // Those beyond it whose head is waited for, as it says in which form they are answered, and
    // for how long. Further ones are answered at once.
    HTTP_TURNED_AWAY_MAX = 64,
    HTTP_TURNED_AWAY_MS = 1000,
    // Connections that have not sent a whole head. Younger ones than the grace are left open:
    // one or two lost packets take 3 s.
    HTTP_UNREAD_PER_ADDRESS_MAX = 128,
    HTTP_UNREAD_GRACE_MS = 4000,
    HTTP_REQUESTS_PER_SECOND = 50,
    HTTP_REQUESTS_BURST = 100,
    HTTP_MEMBER_REQUESTS_PER_SECOND = 500, // with an app token: a school behind one address
    HTTP_MEMBER_REQUESTS_BURST = 2000,
    HTTP_KEY_REQUESTS_PER_SECOND = 200, // with a management token, for each access key
    HTTP_KEY_REQUESTS_BURST = 500,
    HTTP_LOGINS_PER_SECOND = 10, // failed ones
    HTTP_LOGINS_BURST = 30,
    HTTP_BODY_OCTETS_PER_SECOND = 1024, // at least
    HTTP_HEAD_TIMEOUT_S = 10,
    HTTP_BODY_TIMEOUT_S = 30,
    HTTP_IDLE_TIMEOUT_S = 60,   // between two requests
    HTTP_WRITE_TIMEOUT_S = 10,  // without any progress
    HTTP_ANSWER_TIMEOUT_S = 10, // of a handler

    // Requests of ours
    TARGET_URL_LEN_MAX = 2048,
    TARGET_HOST_LEN_MAX = 253,
    NETWORKS_MAX = 32,   // that a setting names
    TARGET_OWN_MAX = 16, // addresses of this machine
    FETCHES_MAX = 128,   // under way
    FETCH_CONNECT_MS = 5 * 1000,
    FETCH_MS = 10 * 1000,             // in all
    FETCH_HEAD_MAX = 32 * 1024,       // octets of an answer's fields; beyond, it is no answer
    FETCH_BODY_MAX = 64 * 1024,       // octets of its body that are read; the rest is cut off
    WEBHOOKS_WAITING_MAX = 10 * 1000, // beyond, an event is kept as failed, to be replayed
    WEBHOOKS_UNDER_WAY_MAX = 64,      // deliveries
    WEBHOOKS_PER_RECEIVER_MAX = 8,    // deliveries to one URL
    WEBHOOK_HEADERS_MAX = 32,
    WEBHOOK_HEADERS_LEN_MAX = 8 * 1024, // octets, of names and values
    WEBHOOK_PATIENCE_S = 24 * 3600,     // then it is given up
    WEBHOOK_REPLAYS_MAX = 16,           // that run at a time
    WEBHOOK_REPLAY_EVENTS_MAX = 50 * 1000,
    WEBHOOK_REPLAY_INTERVAL_MS = 100,  // 10 events a second
    WEBHOOK_REPLAY_FAILURES_MAX = 100, // in a row: then the replay is over

    // WebSocket
    WS_MESSAGE_MAX = 1024 * 1024,
    WS_STRANGER_MESSAGE_MAX = 16 * 1024, // of a socket without a token
    WS_SHORT_MESSAGE_MAX = 64 * 1024, // while memory is short: enough to come back into a room
    WS_FRAGMENTS_MAX = 1024,
    WS_QUEUE_BYTES_MAX = 1024 * 1024,
    WS_QUEUE_HIGH = 256 * 1024,    // octets that wait: with so many a client is slow
    WS_QUEUE_LOW = 64 * 1024,      // with so many it is slow no more
    WS_LONG_MAX = 8 * 1024 * 1024, // one message beside the queue: a list of all peers
    WS_MESSAGES_PER_SECOND = 100,
    WS_MESSAGES_BURST = 200,
    WS_WAITING_MAX = 64,       // messages kept while a room is loaded
    WS_SILENCE_MS = 40 * 1000, // then the socket is dead
    // From the last message to a socket until it is closed: longer than an answer waits for the
    // store.
    WS_LINGER_MS = 6 * 1000,
    // What it costs the control thread to read clients, as it was measured: each message, each
    // member, each octet; an octet that is looked over and refused, and one that is answered.
    // The largest message of unmodified clients tells figures of 50 tracks: 3 100 members in
    // 85 KiB every 30 s, 1.8 ms. The description of a long call, 450 KiB, takes 2.2 ms.
    RPC_MESSAGE_NS = 20 * 1000,
    RPC_MEMBER_NS = 300,
    RPC_OCTET_NS = 15,
    RPC_ESCAPE_NS = 24,
    RPC_LONG_OCTET_NS = 4, // of a text that is long (base/json_scan.h), as descriptions are
    RPC_LONG_ESCAPE_NS = 12,
    RPC_WIDE_OCTET_NS = 2, // more, of one that is not of ASCII only
    RPC_REFUSED_OCTET_NS = 6,
    RPC_ANSWERED_OCTET_NS = 5,
    RPC_MEMBERS_MAX = 8 * 1024,    // of a message
    RPC_WORK_MAX_US = 4500,        // the same: no one message holds up the others for longer
    RPC_WORK_PER_SECOND_US = 8000, // of a socket or a data channel
    RPC_WORK_BURST_US = 12 * 1000,
    RPC_TOKEN_WORK_PER_SECOND_US = 50 * 1000, // of all who have the same token
    RPC_TOKEN_WORK_BURST_US = 100 * 1000,
    RPC_ADDRESS_WORK_PER_SECOND_US = 150 * 1000, // of all sockets of an address
    RPC_ADDRESS_WORK_BURST_US = 500 * 1000,
    RPC_REFUSED_PER_SECOND = 256 * 1024, // octets, of all who have the same token
    RPC_REFUSED_BURST = 2 * 1024 * 1024, // beyond, a socket that goes on is closed
    RPC_SHUT_MS = 5000,                  // and none with its token is opened for so long
    RPC_DEAF_MS = 1000,                  // of a data channel, after ERRORS_IN_A_ROW_MAX errors
    RPC_ID_LEN_MAX = 64,                 // octets
    RPC_OFFERS_PENDING_MAX = 16,         // of one session, with the media worker
    NODE_ID_LEN_MAX = 64,                // octets
    ANSWER_WAIT_MS = 5000,               // for the store: then the answer is 503
    // Requests whose answers waited for the store are remembered with their outcome, in case
    // they come again: so many, for so long.
    OUTCOMES_MAX = 1024,
    OUTCOME_MS = 60 * 1000,
    TOUCHED_KEPT = 16384,  // changes of which is remembered what they touched
    RPC_WORD_LEN_MAX = 32, // octets, of one of a few words that the protocol knows

    // Tokens and codes
    TOKEN_LEN_MAX = 8 * 1024,
    TOKENS_KNOWN_MAX = 256, // whose signatures were found right, and are not checked again
    TOKEN_LEEWAY_S = 60,
    TOKEN_LIFETIME_S = 24 * 3600,
    SECRET_LEN_MIN = 32,
    CODE_TRIES_PER_MINUTE = 20,      // wrong ones, for each address
    CODE_TRIES_PER_PREFIX = 60,      // wrong ones that begin alike, of all addresses
    CODE_TRIES_PER_MINUTE_ALL = 600, // wrong ones, in all
    CODE_SLIPS = 1,                  // wrong ones of an address that make no guesser of it
    // Right ones, each remembered with the address for as long as the token that was given.
    CODES_KNOWN_MAX = 4096,
    CODES_KNOWN_S = 24 * 3600,

    // The dashboard
    ACCOUNT_NAME_LEN_MAX = 64,      // octets
    ACCOUNT_PASSWORD_LEN_MIN = 12,  // octets, of a new one
    ACCOUNT_PASSWORD_LEN_MAX = 256, // the same, of any
    ADMIN_LINK_S = 600,             // that a link is good for
    ADMIN_TRIES_PER_ADDRESS = 10,   // wrong passwords in a minute
    ADMIN_TRIES_PER_ACCOUNT = 20,   // the same, of all addresses that had a wrong one
    ADMIN_TRIES_MAX = 1024,         // that are remembered
    PASSWORDS_AT_ONCE = 2,          // that are hashed
    PASSWORDS_WAITING_MAX = 16,     // for that; more are told to come again

    // Datagrams
    DATAGRAM_MAX = 2048,
    DATAGRAMS_PER_READ = 64,
    UDP_WAYS_MAX =
        256, // addresses of ours that a socket answers from; beyond: the kernel chooses

    // ICE and DTLS
    ICE_CHECKS_PER_SECOND = 50, // for each source address
    ICE_UFRAG_LEN = 12,
    ICE_PWD_LEN = 24,
    DTLS_DEADLINE_MS = 10 * 1000,
    TRANSPORT_SILENCE_MS = 30 * 1000,

    // RTP
    FEC_OCTETS_PER_SECOND = 16 * 1024 * 1024, // of a stream, summed up: 1 ms
    SSRC_PER_TRANSPORT_MAX = 64,
    SSRC_REMEMBERED_MAX = 256, // of a transport, that are used no more
    SSRC_NEW_PER_SECOND = 10,
    KEY_FRAME_REQUEST_INTERVAL_MS = 500,
    EARLY_PACKETS_MAX = 64,  // of a layer, that wait for what describes them: two key frames
    EARLY_PATIENCE_MS = 300, // then a key frame is asked for: it came again twice by now
    // Packets of a layer that are passed on, whatever is in them. A frame of Opus lasts at
    // least 2.5 ms (RFC 6716 section 2.1.4). A picture whose bit rate is bounded may have more
    // packets with each Mbit/s of its bound: so many are packets of 250 octets. One without a
    // bound reaches the largest number at 100 Mbit/s, with full packets.
    AUDIO_PACKETS_PER_SECOND = 400,
    VIDEO_PACKETS_PER_SECOND = 1000,
    VIDEO_PACKETS_PER_MBIT = 500,
    VIDEO_PACKETS_PER_SECOND_MAX = 10 * 1000,
    RETRANSMISSIONS_PER_PACKET_MAX = 5,
    RETRANSMISSION_BUDGET_PERCENT = 20,
    // How much RTCP of a subscriber is read. A browser with 25 pictures sends 30 kbit/s. To
    // read an octet of a NACK takes 15 ns, and so do 16 transport-wide numbers that were not
    // received.
    FEEDBACK_KBPS_MAX = 350,
    FEEDBACK_NUMBERS_PER_OCTET = 16,

    // SDP
    // Browsers never forget a section of a connection, so what is inactive or stopped piles up
    // in a long call and has bounds of its own: these are of a whole description.
    SDP_LEN_MAX = 512 * 1024,
    SDP_PARTS_MAX = 32 * 1024, // lines, and parameters of formats: browsers write half of it
    SDP_SECTIONS_MAX = 256,
    SDP_LIVE_LEN_MAX = 64 * 1024, // without its sections that are inactive or stopped
    SDP_LIVE_SECTIONS_MAX = 64,
    SDP_FORMATS_MAX = 64,
    SDP_EXTENSIONS_MAX = 32,
    SDP_CANDIDATES_MAX = 256,

    // Descriptions of a worker. A section of one takes 12 us to read or to write.
    OFFER_SECTIONS_PER_PASS = 200, // of offers to subscribers, so that a pass takes 2.5 ms
    OFFER_PAUSE_US = 2500,         // between two passes, when media has its turn
    COMMAND_COST_PER_TICK = 2048,  // of commands: see sfu/command.h

    // SCTP
    SCTP_STREAMS_MAX = 256,
    SCTP_MESSAGE_MAX = 256 * 1024,
    SCTP_BUFFER_MAX = 1024 * 1024,
    // What of a transport is passed on to the control thread: 1125 packets in a second, and as
    // many at once. A long description is 400 of them.
    SCTP_KBPS_MAX = 6000,
    SCTP_PACKET_COST = 1000, // octets, beside its own

    // Meetings
    PEERS_PER_ROOM_MAX = 2500,
    PEERS_PER_LARGE_ROOM_MAX = 20000, // a room made with large_room
    TRACKS_PER_PEER_MAX = 16,
    TRACKS_PER_ROOM_MAX = 8192, // beyond, a peer's offer is answered and not told to others
    // Whose media figures one call tells: with a hundred feeds each they are a megabyte of
    // JSON.
    FIGURES_PEERS_DEFAULT = 10,
    FIGURES_PEERS_MAX = 50,
    FIGURES_CALLS_MAX = 16, // that wait for media workers at a time; beyond: 503
    ROLES_PER_TEMPLATE_MAX = 64,
    NAME_LEN_MAX = 256,          // octets of a peer's name
    ROLE_NAME_LEN_MAX = 256,     // octets, of a role's name and of one that a message names
    METADATA_LEN_MAX = 8 * 1024, // octets of a peer's metadata
    CHAT_MESSAGE_LEN_MAX = 16 * 1024,
    REMOVED_TOKENS_MAX = 4096, // of a session: beyond, the first to be removed may return
    REASON_LEN_MAX = 1024,     // octets, of a removal or an end
    CHAT_HISTORY_MAX = 500,    // messages kept for late joiners
    CHAT_HISTORY_SIZE_MAX = 256 * 1024, // octets: a joiner's queue holds them, and more
    SESSION_STORE_KEY_LEN_MAX = 128,    // octets
    SESSION_STORE_VALUE_LEN_MAX = 1024, // octets of one value
    SESSION_STORE_KEYS_MAX = 100,       // set by clients, of one session
    SESSION_STORE_SIZE_MAX = 64 * 1024, // octets of their keys and values in all
    SESSION_STORE_OBSERVED_MAX = 100,   // keys that one peer observes
    POLLS_PER_SESSION_MAX = 50,
    POLL_QUESTIONS_MAX = 50,
    POLL_OPTIONS_MAX = 32,    // of a question
    POLL_TEXT_LEN_MAX = 1024, // octets, of a title, a question, an option or an answer
    POLL_VOTERS_MAX = 20000,  // as many as a large room has
    POLL_DURATION_MAX_S = 24 * 3600,
    POLL_STATS_INTERVAL_MS = 1000,     // between two on-poll-stats of a poll
    POLL_ANSWER_UPDATES_MAX = 20,      // of one answer
    POLLS_PER_ROOM_MAX = 20,           // linked to it over REST
    POLL_DOCUMENT_LEN_MAX = 64 * 1024, // octets, of a poll as it is stored
    POLL_ATTACHMENTS_MAX = 10,         // of a question
    POLL_URL_LEN_MAX = 2048,           // octets, of an attachment's
    STATS_INTERVAL_S = 30,             // between two reports of a client's figures
    STATS_SIZE_MAX = 1024 * 1024,   // octets kept of one peer's: what comes later is left out
    REPORTS_PER_MINUTE = 30,        // of one peer, of any kind, and over HTTP of one address
    REPORTS_PER_MINUTE_ALL = 3000,  // over HTTP
    REPORT_TRACKS_MAX = 256,        // as many as sections
    REPORT_SAMPLES_MAX = 64,        // of a track, in one report
    REPORT_INFO_LEN_MAX = 8 * 1024, // octets, of what is said about a failure
    USER_AGENT_LEN_MAX = 512,       // octets
    PAST_TRACKS_MAX = 256,          // of a room: tracks that are gone and may be reported about
    // What one tells others: octets that each of them gets. A room has more than a talker, and
    // keeps half as much again for those who have hardly talked.
    TALK_PER_SECOND = 32 * 1024,
    TALK_BURST = 256 * 1024,
    TALK_ROOM_PER_SECOND = 256 * 1024,
    TALK_ROOM_BURST = 512 * 1024,
    TALK_SLOW_FACTOR = 8, // what an octet costs while somebody of the room is slow
    // Of metadata as it is sent, escaped
    METADATA_SHORT_MAX = 1024,      // is sent wherever a peer is named
    METADATA_LIST_MAX = 256 * 1024, // in one list of peers, shared fairly
    NAMES_LIST_MAX = 1024 * 1024,   // the same of names, groups, what tracks are said to be
    METADATA_ROOM_PER_SECOND = 64 * 1024, // of those who come
    METADATA_ROOM_BURST = 256 * 1024,
    // What each client is told of peers that change or are let in. Of many at once the rest
    // follows later.
    CHANGES_ROOM_PER_SECOND = 256 * 1024,
    CHANGES_ROOM_BURST = 128 * 1024,
    // Of changes of tracks and people: octets to all of a room together. At the bound they take
    // turns.
    UPDATES_ROOM_PER_SECOND = 32 * 1024 * 1024,
    UPDATES_ROOM_BURST = 2 * 1024 * 1024,
    MOVES_AT_ONCE_MAX = 256 * 1024, // octets of comings and goings that were gathered
    OWED_PER_CLIENT = 128 * 1024,   // of metadata that was left out, in one go
    OWED_PER_GO = 1024 * 1024,      // the same to all clients
    OWED_INTERVAL_MS = 20,          // between two goes
    OWED_PEERS_MAX = 2500,          // whose metadata is owed to one client
    PEERS_TOLD_MAX = 200,           // of a room: beyond, only those that matter are told to all
    PEERS_LISTED_MAX = 2500,        // those that matter, too: one list names them all
    SESSION_INFO_AT_ONCE = 100,     // peers of a room: beyond, counts are told once in a while
    SESSION_INFO_INTERVAL_MS = 1000,
    QUALITY_INTERVAL_MS = 1000,      // between two tellings of downlink scores
    WANTED_VIDEOS_MAX = 256,         // on demand, of one subscriber: as many as sections
    STORE_BUDGET_MS = 2000,          // of one call that only reads
    SESSION_VISITS_TOLD_MAX = 10000, // in one answer over REST, which says where it ended
    STORE_LISTS_WAITING_MAX = 256,   // calls that read lists
    STORE_LISTS_AT_ONCE = 2,         // calls that are answered at a time
    STORE_LIST_WAIT_S = 5,           // then such a call is told to come again
    EVENTS_COUNTED_MAX = 10 * 1000,  // a longer list says that it has so many
    LOG_ASIDE_MAX = 1000,            // entries kept that could not be stored; more are logged
    LOG_INTERVAL_MS = 200,           // of the session log's writes
    LOG_EVENTS_WAITING_MAX = 4096,   // entries that wait for a write: single events
    LOG_ENTRIES_WAITING_MAX = 16384, // the same with those that say who is in
    // Calls that look for what an entry will say. More are told to come again.
    LOG_CALLS_WAITING_MAX = 1024,
    GROUPS_PER_PEER_MAX = 16,
    ROSTER_PAGE_MAX = 100,               // peers that are looked up at once
    ROSTER_ITERATOR_LEN_MAX = 16 * 1024, // octets of what names the next page
    WAITING_LISTED_MAX = 100,            // of those who wait to be let in
    GROUP_NAME_LEN_MAX = 64,             // octets
    ROLE_REQUEST_MS = 10 * 60 * 1000,    // then a question about a role is void
    RECONNECT_GRACE_MS = 60 * 1000,
    // An offer waits so long for connections that were lost, then it is answered all the same;
    // and whether it may be answered is looked at each so often.
    HELD_OFFER_MS = 8 * 1000,
    HELD_OFFER_INTERVAL_MS = 100,
    ERRORS_IN_A_ROW_MAX = 20,     // then the socket is closed
    WHIP_WAITING_MAX = 256,       // requests that wait for the media worker
    WHIP_PATIENCE_MS = 10 * 1000, // for the worker's answer
    CODES_PER_ROOM_MAX = 100,
};
