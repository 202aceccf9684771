/* SPDX-License-Identifier: ISC */
/*
 * rtmp.h - a minimal RTMP client: connect, createStream, then publish or play
 * one stream. Its wire is polled, read and flushed by the owner.
 */
#ifndef BENCH_RTMP_H
#define BENCH_RTMP_H

#include <sys/socket.h>

#include "wire.h"

struct rtmp_target {
	struct sockaddr_storage t_addr;
	socklen_t t_addrlen;
	char	  t_url[WIRE_TEXT];	/* rtmp://host:port/app */
	char	  t_app[WIRE_TEXT];
};

enum rtmp_state {
	RTMP_HANDSHAKE,
	RTMP_CONNECT,
	RTMP_CREATE,
	RTMP_START,			/* publish or play was sent */
	RTMP_LIVE			/* and granted */
};

enum { RTMP_CONTROL_OUT, RTMP_AUDIO_OUT, RTMP_VIDEO_OUT, RTMP_OUTS };

struct rtmp {
	struct wire r_wire;
	enum rtmp_state r_state;
	bool	 r_publish;
	const struct rtmp_target *r_target;
	char	 r_name[WIRE_TEXT];
	struct chunk_out r_put[RTMP_OUTS];
	uint64_t r_connect_ns;
};

/*
 * Parse rtmp://127.0.0.1[:port]/app/name; only loopback addresses are
 * accepted. Stores target and stream name; -1 if the URL is not such.
 */
int	 rtmp_parse_url(const char *url, struct rtmp_target *t, char *name,
	    size_t size);

/*
 * Connect; -1 with errno. w_media and w_arg of r_wire are set by the caller
 * before.
 */
int	 rtmp_open(struct rtmp *r, const struct rtmp_target *t,
	    const char *name, bool publish);

/* Queue a message of the stream; -1 if too much is queued already. */
int	 rtmp_send(struct rtmp *r, uint8_t type, uint32_t time,
	    const uint8_t *body, uint32_t len);

/* Queue deleteStream. */
void	 rtmp_delete(struct rtmp *r);

#endif
