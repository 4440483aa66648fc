#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "load: one measured interval of messages through a relay on 127.0.0.1, as one line of JSON\n"
    "  --target moltrelay|nats|floor   the protocol to speak\n"
    "  --port N --pid N                where it listens; the process whose CPU time is read\n"
    "  --pattern pairs|scatter|idle    sender i to recipient i; each to random others; connections only\n"
    "  --agents N                      connections, two a pair (100)\n"
    "  --addresses N                   they come from 127.0.0.1 to 127.0.0.N in turn (1)\n"
    "  --window N                      messages in flight a sender (32)\n"
    "  --payload N                     envelope bytes, 16 to 1048576 (256)\n"
    "  --rate N                        messages a second over all senders (0: as the window allows)\n"
    "  --warmup S --seconds S          unmeasured and measured time (1, 3)\n"
    "  --at-least-once                 ask for ACKs; recipients acknowledge in the binary form\n"
    "  --away N                        with it: send to N absent recipients (NATS: into a JetStream stream)\n"
    "  --frames-each N                 messages packed into one WebSocket message (1)\n"
    "  --verify-every N                compare checksum and content of every nth message (1)\n";

static const char *const targets[] = {"moltrelay", "nats", "floor"};
static const char *const patterns[] = {"pairs", "scatter", "idle"};

const char *target_name(enum target target) { return targets[target]; }
const char *pattern_name(enum pattern pattern) { return patterns[pattern]; }

__attribute__((noreturn)) static void refuse(const char *what)
{
    fprintf(stderr, "load: %s\n%s", what, usage);
    exit(2);
}

static unsigned one_of(const char *text, const char *const *names, unsigned count, const char *what)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    refuse(what);
}

static double number(const char *text, double least, double most, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= least && value <= most))
        refuse(what);
    return value;
}

static uint32_t whole(const char *text, uint32_t least, uint32_t most, const char *what)
{
    return (uint32_t)number(text, least, most, what);
}

static void check(const struct options *options)
{
    if (options->port == 0 || options->server == 0)
        refuse("--port and --pid are needed");
    if (options->pattern == PATTERN_PAIRS && options->agents % 2 != 0 && !options->away)
        refuse("pairs need an even number of --agents");
    if (options->away && !options->at_least_once)
        refuse("--away needs --at-least-once: a best-effort message to an absent agent is dropped");
    if (options->at_least_once && options->target == TARGET_FLOOR)
        refuse("the floor keeps nothing and acknowledges nothing");
    if (options->at_least_once && options->target == TARGET_NATS && !options->away)
        refuse("nats at least once is JetStream storing: it needs --away");
}

struct options options_parse(int count, char **arguments)
{
    static const struct option known[] = {
        {"target", 1, 0, 't'},      {"pattern", 1, 0, 'p'},       {"port", 1, 0, 'P'},
        {"pid", 1, 0, 'i'},         {"agents", 1, 0, 'n'},        {"window", 1, 0, 'w'},
        {"payload", 1, 0, 's'},     {"rate", 1, 0, 'r'},          {"warmup", 1, 0, 'W'},
        {"seconds", 1, 0, 'd'},     {"at-least-once", 0, 0, 'a'}, {"away", 1, 0, 'A'},
        {"frames-each", 1, 0, 'f'}, {"verify-every", 1, 0, 'v'},  {"addresses", 1, 0, 'x'},
        {0, 0, 0, 0},
    };
    struct options options = {.agents = 100, .window = 32, .payload = 256, .frames_each = 1, .addresses = 1,
                              .verify_every = 1, .warmup = 1, .seconds = 3};
    for (int option; (option = getopt_long(count, arguments, "", known, 0)) != -1;) {
        switch (option) {
        case 't': options.target = one_of(optarg, targets, 3, "unknown --target"); break;
        case 'p': options.pattern = one_of(optarg, patterns, 3, "unknown --pattern"); break;
        case 'P': options.port = (uint16_t)whole(optarg, 1, 65535, "--port is 1 to 65535"); break;
        case 'i': options.server = (pid_t)whole(optarg, 1, 1 << 22, "--pid is a process id"); break;
        case 'n': options.agents = whole(optarg, 2, 20000, "--agents is 2 to 20000"); break;
        case 'x': options.addresses = whole(optarg, 1, 250, "--addresses is 1 to 250"); break;
        case 'w': options.window = whole(optarg, 1, 65536, "--window is 1 to 65536"); break;
        case 's': options.payload = whole(optarg, 16, 1 << 20, "--payload is 16 to 1048576"); break;
        case 'r': options.rate = number(optarg, 0, 1e7, "--rate is 0 to 10000000"); break;
        case 'W': options.warmup = number(optarg, 0, 600, "--warmup is 0 to 600"); break;
        case 'd': options.seconds = number(optarg, 0.1, 3600, "--seconds is 0.1 to 3600"); break;
        case 'a': options.at_least_once = true; break;
        case 'A': options.away = whole(optarg, 1, 1000000, "--away is 1 to 1000000"); break;
        case 'f': options.frames_each = whole(optarg, 1, 1024, "--frames-each is 1 to 1024"); break;
        case 'v': options.verify_every = whole(optarg, 1, 1 << 20, "--verify-every is 1 to 1048576"); break;
        default: refuse("unknown option");
        }
    }
    if (optind != count)
        refuse("unexpected argument");
    check(&options);
    return options;
}
