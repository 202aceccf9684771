/* SPDX-License-Identifier: ISC */
/*
 * prom.h - a snapshot in the Prometheus text format.
 * Units are seconds and bytes. Labels are bounded: no peer is one, and streams
 * are, but no more than PROM_STREAMS of them.
 */
#ifndef VIEW_PROM_H
#define VIEW_PROM_H

#include <stdio.h>

#include "view/snapshot.h"

#define PROM_STREAMS	200	/* with metrics of their own */

/*
 * What is not counted by the hub, declared once; what is, is in RELAY_TOTALS
 * and RELAY_HISTOGRAMS of shm/totals.h. X(field, metric, type, sentence)
 */
#define RELAY_GAUGES(X)							\
	X(build_info, "rtmpd_build_info", "gauge",			\
	    "Always 1, with the version of rtmpmetrics or rtmpctl.")	\
	X(hub_up, "rtmpd_hub_up", "gauge",				\
	    "1 while the hub lives and answers, else 0.")		\
	X(hub_restarts, "rtmpd_hub_restarts_total", "counter",		\
	    "Hubs lost before this one.")				\
	X(start_time, "rtmpd_start_time_seconds", "gauge",		\
	    "When the hub started, since the Epoch.")			\
	X(streams, "rtmpd_streams", "gauge", "Streams by state.")	\
	X(connections, "rtmpd_connections", "gauge",			\
	    "Connections registered now.")				\
	X(publishers, "rtmpd_publishers", "gauge",			\
	    "Sessions that publish a stream.")				\
	X(subscribers, "rtmpd_subscribers", "gauge",			\
	    "Sessions that play a stream.")				\
	X(local_readers, "rtmpd_local_readers", "gauge",		\
	    "Local programs that read a stream.")			\
	X(recordings_active, "rtmpd_recordings_active", "gauge",	\
	    "Recorders at a stream.")					\
	X(ring_bytes, "rtmpd_ring_bytes", "gauge",			\
	    "Shared memory reserved for rings.")			\
	X(wake_hold, "rtmpd_wake_hold_seconds", "gauge",		\
	    "How long publishers hold the wake of subscribers.")	\
	X(streams_omitted, "rtmpd_streams_omitted", "gauge",		\
	    "Streams without metrics of their own, those of the lowest " \
	    "bitrate.")

/* Each with the label stream. */
#define STREAM_METRICS(X)						\
	X(start_time, "rtmpd_stream_start_time_seconds", "gauge",	\
	    "When its publishing began, since the Epoch, 0 before.")	\
	X(subscribers, "rtmpd_stream_subscribers", "gauge",		\
	    "Who reads the stream.")					\
	X(recorders, "rtmpd_stream_recorders", "gauge",			\
	    "Recorders at the stream.")					\
	X(receive_rate, "rtmpd_stream_receive_bytes_per_second", "gauge", \
	    "Media received from its publisher, now.")			\
	X(send_rate, "rtmpd_stream_send_bytes_per_second", "gauge",	\
	    "Media sent to its subscribers, now.")			\
	X(bytes_received, "rtmpd_stream_bytes_received_total", "counter", \
	    "Media received from its publisher.")			\
	X(bytes_sent, "rtmpd_stream_bytes_sent_total", "counter",	\
	    "Media sent to its subscribers.")				\
	X(messages, "rtmpd_stream_messages_total", "counter",		\
	    "Messages received from its publisher.")			\
	X(lag_jumps, "rtmpd_stream_lag_jumps_total", "counter",		\
	    "Times a subscriber of it fell behind and jumped.")		\
	X(gop, "rtmpd_stream_gop_seconds", "gauge",			\
	    "Its latest whole GOP, 0 if not known.")			\
	X(ring, "rtmpd_stream_ring_seconds", "gauge",			\
	    "What its ring holds.")

/* Whether it could be written, ferror(3) says. -1: no memory, nothing is. */
int	prom_write(FILE *, const struct snapshot *);

#endif
