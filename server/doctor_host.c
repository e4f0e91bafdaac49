// The clock, limits, the kernel and the processor.
#include "server/doctor_parts.h"

#include "net/udp.h"
#include "rtc/srtp.h"
#include "server/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>

enum {
    FILES_LEAST = 256,   // some dozen people
    FILES_WANTED = 8192, // a socket for each person, and as many that come and go
    MEMORY_WANTED_MIB = 256,
    YEAR_LEAST = 2025, // this program is not older
    YEAR_MOST = 2100,
};

void doctor_judge_clock(int64_t now_s, bool is_known, bool is_synchronous,
                        struct doctor_report *r)
{
    char text[32];
    time_t seconds = (time_t)now_s;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    int year = utc.tm_year + 1900;
    if (year < YEAR_LEAST || year >= YEAR_MOST) {
        doctor_add(r, "clock", DOCTOR_ERROR, "it is %s here, which cannot be", text);
        doctor_advise(r, "set the clock (timedatectl set-ntp true): tokens and certificates "
                         "have times");
    } else if (!is_known) {
        doctor_add(r, "clock", DOCTOR_SKIPPED, "%s; the kernel does not say whether it is kept",
                   text);
    } else if (!is_synchronous) {
        doctor_add(r, "clock", DOCTOR_WARNING, "%s, which nothing keeps right", text);
        doctor_advise(r,
                      "apt install systemd-timesyncd (or chrony); on a virtual machine whose "
                      "host keeps it there is nothing to do");
    } else {
        doctor_add(r, "clock", DOCTOR_OK, "%s, kept right", text);
    }
}

void doctor_clock(struct doctor_report *r)
{
    struct timex state = {0}; // no mode: it is read only
    int code = adjtimex(&state);
    doctor_judge_clock(time(NULL), code >= 0,
                       code != TIME_ERROR && !(state.status & STA_UNSYNC), r);
}

void doctor_judge_files(uint64_t most, struct doctor_report *r)
{
    if (most >= FILES_WANTED) {
        doctor_add(r, "descriptors", DOCTOR_OK, "%" PRIu64 " at most", most);
        return;
    }
    doctor_add(r, "descriptors", most < FILES_LEAST ? DOCTOR_ERROR : DOCTOR_WARNING,
               "%" PRIu64 " at most: each person takes one, each request another", most);
    doctor_advise(r, "LimitNOFILE=65536 in the unit, or ulimit -Hn 65536");
}

void doctor_judge_buffer(const char *name, long octets, struct doctor_report *r)
{
    if (octets >= UDP_BUFFER_BYTES) {
        doctor_add(r, name, DOCTOR_OK, "%ld octets", octets);
        return;
    }
    doctor_add(r, name, DOCTOR_WARNING,
               "%ld octets: packets are lost in bursts of many people's media", octets);
    doctor_advise(r, "sysctl -w net.core.%s=%d, and a line in /etc/sysctl.d/ to keep it", name,
                  (int)UDP_BUFFER_BYTES);
}

static void look_at_buffer(const char *name, struct doctor_report *r)
{
    char path[64], text[32] = "";
    snprintf(path, sizeof path, "/proc/sys/net/core/%s", name);
    FILE *file = fopen(path, "re");
    bool is_read = file && fgets(text, sizeof text, file);
    if (file)
        fclose(file);
    if (is_read)
        doctor_judge_buffer(name, strtol(text, NULL, 10), r);
    else
        doctor_add(r, name, DOCTOR_SKIPPED, "%s is not shown here", path);
}

static void look_at_memory(struct doctor_report *r)
{
    struct memory memory;
    memory_init(&memory, 0, 75);
    int64_t mib = memory.max / (1024 * 1024);
    if (mib >= MEMORY_WANTED_MIB) {
        doctor_add(r, "memory", DOCTOR_OK, "%" PRId64 " MiB may be used", mib);
        return;
    }
    doctor_add(r, "memory", DOCTOR_WARNING, "%" PRId64 " MiB may be used", mib);
    doctor_advise(r,
                  "give the machine or the control group (MemoryMax=) some hundred MiB more");
}

void doctor_limits(struct doctor_report *r)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        doctor_judge_files(files.rlim_max, r); // the server takes all that it may have
    look_at_buffer("rmem_max", r);
    look_at_buffer("wmem_max", r);
    look_at_memory(r);
}

void doctor_kernel(struct doctor_report *r)
{
    struct addr any;
    addr_parse_ip(&any, "127.0.0.1", 0);
    struct udp *udp = udp_open(&any);
    if (!udp) {
        doctor_add(r, "segmentation", DOCTOR_SKIPPED, "no UDP socket can be had");
    } else if (udp_has_segmentation(udp)) {
        doctor_add(r, "segmentation", DOCTOR_OK,
                   "the kernel sends runs of datagrams (UDP GSO)");
    } else {
        doctor_add(r, "segmentation", DOCTOR_WARNING,
                   "the kernel has no UDP GSO: sending costs more");
        doctor_advise(r, "a kernel of 4.18 or later");
    }
    if (udp)
        udp_close(udp);
}

void doctor_processor(struct doctor_report *r)
{
    struct srtp_engine *engine = srtp_engine_new(SRTP_IPSEC_MB);
    bool is_fast = engine;
    if (!engine)
        engine = srtp_engine_new(SRTP_OPENSSL);
    if (!engine) {
        doctor_add(r, "cipher", DOCTOR_ERROR, "no cipher back end passes its test");
        doctor_advise(r, "apt install --reinstall libssl3");
        return;
    }
    doctor_add(r, "cipher", is_fast ? DOCTOR_OK : DOCTOR_WARNING, "SRTP by %s",
               srtp_engine_name(engine));
    if (!is_fast)
        doctor_advise(r, "a processor with AES instructions and a build with libipsec-mb "
                         "encrypt more people's media");
    srtp_engine_free(engine);
}
