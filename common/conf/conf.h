/* SPDX-License-Identifier: ISC */
/*
 * conf.h - what rtmpd.conf(5) says, or its defaults.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/prefix.h"

#define CONF_PATH	SYSCONFDIR "/rtmpd.conf"
#define CONF_LISTEN_MAX	16
#define CONF_HOST_MAX	64
#define CONF_NAME_MAX	254		/* name of a host, with its NUL */
#define CONF_MERGE_AUTO	UINT32_MAX
#define CONF_APP_MAX	64		/* name of an application, with its NUL */
#define CONF_APPS	63		/* application blocks */

struct conf_listen {
	char	 cl_host[CONF_HOST_MAX];	/* numeric; "" is every address */
	char	 cl_port[6];			/* decimal */
};

enum conf_join { JOIN_GOP, JOIN_LIVE };
enum conf_sandbox { DENIED_KILL, DENIED_LOG };
enum conf_record { RECORD_OFF, RECORD_ALL, RECORD_VIDEO, RECORD_AUDIO };

/* Times are milliseconds, sizes bytes. */
struct conf {
	char			 cf_app[CONF_APP_MAX];	/* of a block; "" global */
	struct conf_listen	 cf_listen[CONF_LISTEN_MAX];
	uint32_t		 cf_nlisten;
	char			 cf_user[33];		/* "": the default */
	char			 cf_rundir[PATH_MAX];	/* "": the default */
	uint64_t		 cf_ring;		/* power of two */
	uint64_t		 cf_max_ring_memory;
	uint32_t		 cf_max_lag;
	uint32_t		 cf_linger;
	uint32_t		 cf_takeover;
	uint32_t		 cf_takeover_other;
	enum conf_join		 cf_join;
	enum conf_sandbox	 cf_sandbox;	/* of a denied system call */
	bool			 cf_idle_streams;
	uint32_t		 cf_merge;	/* or CONF_MERGE_AUTO */
	uint32_t		 cf_chunk_size;
	uint32_t		 cf_handshake_timeout;
	uint32_t		 cf_command_timeout;
	uint32_t		 cf_publish_timeout;
	uint32_t		 cf_send_timeout;
	uint32_t		 cf_ping_interval;
	uint32_t		 cf_ping_timeout;
	uint32_t		 cf_stats_interval;
	uint32_t		 cf_hub_idle;
	uint32_t		 cf_drain_timeout;
	char			 cf_drain_url[256];	/* "": the same again */
	uint32_t		 cf_max_connections;
	uint32_t		 cf_max_per_address;
	uint32_t		 cf_max_streams;
	uint32_t		 cf_max_message;
	uint32_t		 cf_max_chunk_streams;
	uint32_t		 cf_max_partial;
	uint32_t		 cf_max_message_streams;
	uint32_t		 cf_max_command;	/* bytes of its body */
	uint32_t		 cf_max_amf_depth;
	uint32_t		 cf_max_commands;	/* in a second */
	uint32_t		 cf_max_pings;		/* in a second */
	uint32_t		 cf_max_queue;	/* bytes of answers unread */
	uint32_t		 cf_cpu_limit;	/* whole seconds, in ms */
	struct prefix_list	 cf_allow_publish;	/* empty: everyone */
	struct prefix_list	 cf_allow_play;
	enum conf_record	 cf_record;
	char			 cf_record_dir[PATH_MAX]; /* absolute, "": none */
	char			 cf_record_path[256];	/* beneath it */
	uint32_t		 cf_record_segment;	/* ms, 0: no limit */
	uint64_t		 cf_record_segment_bytes; /* 0: no limit */
	bool			 cf_record_append;
	uint32_t		 cf_record_sync;	/* ms between fdatasync(2) */
	struct conf_listen	 cf_metrics;	/* cl_port "": no metrics */
	char			 cf_metrics_host[CONF_NAME_MAX]; /* "": none */
	char			 cf_control_group[33];	/* "": owner alone */
};

/*
 * The whole file: conf 0 is what stands outside of blocks, each other one what
 * holds in the application it names, which is conf 0 where its block is silent.
 * No pointers: it lies in a sealed memory file that is mapped by everyone, and
 * given from the listener to the hub and to rtmpctl(8).
 */
struct conf_set {
	uint32_t	 cs_format;	/* CONF_FORMAT */
	uint32_t	 cs_n;		/* used of cs_conf, at least 1 */
	struct conf	 cs_conf[1 + CONF_APPS];
};
#define CONF_FORMAT	((uint32_t)sizeof(struct conf_set))
#define CONF_SET_SIZE(n) (offsetof(struct conf_set, cs_conf) + \
			    (n) * sizeof(struct conf))	/* bytes of n confs */

/*
 * What holds for a stream, or application, of this name: of the blocks whose
 * name is all of it, or ends in it before a slash, the longest; else conf 0.
 */
const struct conf *conf_for(const struct conf_set *, const char *name);

/* Everything at its default; cf_nlisten is 0, which stands for port 1935. */
void	conf_init(struct conf *);

/*
 * Read `path` over the defaults. Returns 0, or -1 with one line in `err`:
 * "path:line: message" where a line is to blame, else "path: message". The
 * set is then unchanged. What lies behind its cs_n is not written in any case,
 * so that one in fresh memory takes no more of it than it has blocks.
 */
int	conf_load(struct conf_set *, const char *path, char *err,
	    size_t errlen);

/* The line of the file read last that gave this key outside of blocks; 0: none. */
int	conf_line(const char *key);

/*
 * conf_load() of `path`, or, if that is NULL, of CONF_PATH; where that does not
 * exist, all defaults.
 */
int	conf_load_default(struct conf_set *, const char *path, char *err,
	    size_t errlen);

/*
 * Parse "port", "address:port" or "[address]:port"; the address is numeric.
 * NULL, or a static sentence that says what is wrong.
 */
const char *conf_parse_listen(const char *text, struct conf_listen *);

#endif
