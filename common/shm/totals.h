/* SPDX-License-Identifier: ISC */
/*
 * totals.h - what the hub counts for the whole relay, declared once.
 * The registry holds them in this order; rtmpctl(8), the metrics and
 * rtmpd-shm(7) take names and sentences from here. They go on from hub to hub
 * and start at zero with the relay.
 */
#ifndef SHM_TOTALS_H
#define SHM_TOTALS_H

#include <stdatomic.h>
#include <stdint.h>

/* X(field, metric, labels, sentence); a metric with several labels has one
 * sentence, that of the first. */
#define RELAY_TOTALS(X)							\
	X(connections, "rtmpd_connections_total", "",			\
	    "Connections registered.")					\
	X(publishes, "rtmpd_publishes_total", "",			\
	    "Rings granted to publishers.")				\
	X(takeovers, "rtmpd_takeovers_total", "",			\
	    "Silent publishers ended for another.")			\
	X(bytes_received, "rtmpd_bytes_received_total", "",		\
	    "Bytes received from peers.")				\
	X(bytes_sent, "rtmpd_bytes_sent_total", "",			\
	    "Bytes sent to peers.")					\
	X(video_in, "rtmpd_messages_total",				\
	    "type=\"video\",direction=\"in\"", "Messages relayed.")	\
	X(audio_in, "rtmpd_messages_total",				\
	    "type=\"audio\",direction=\"in\"", "")			\
	X(data_in, "rtmpd_messages_total",				\
	    "type=\"data\",direction=\"in\"", "")			\
	X(video_out, "rtmpd_messages_total",				\
	    "type=\"video\",direction=\"out\"", "")			\
	X(audio_out, "rtmpd_messages_total",				\
	    "type=\"audio\",direction=\"out\"", "")			\
	X(data_out, "rtmpd_messages_total",				\
	    "type=\"data\",direction=\"out\"", "")			\
	X(joins, "rtmpd_joins_total", "",				\
	    "Times a subscriber started at a join point.")		\
	X(lag_jumps, "rtmpd_lag_jumps_total", "",			\
	    "Times a subscriber fell behind and jumped to a join point.") \
	X(handshake_failures, "rtmpd_handshake_failures_total", "",	\
	    "Connections that ended before their handshake did.")	\
	X(refused_busy, "rtmpd_publish_refused_total",			\
	    "reason=\"busy\"",						\
	    "Publishers refused, other than for a name that is none.")	\
	X(refused_memory, "rtmpd_publish_refused_total",		\
	    "reason=\"no-memory\"", "")					\
	X(refused_limit, "rtmpd_publish_refused_total",			\
	    "reason=\"limit\"", "")					\
	X(refused_address, "rtmpd_publish_refused_total",		\
	    "reason=\"address\"", "")					\
	X(play_refused, "rtmpd_play_refused_total", "",			\
	    "Subscribers refused.")					\
	X(recordings, "rtmpd_recordings_total", "",			\
	    "Recorders that began to write.")				\
	X(recording_errors, "rtmpd_recording_errors_total", "",		\
	    "Recorders that failed, or could not write.")

struct totals {
#define TOTAL_FIELD(field, metric, labels, sentence) \
	_Atomic uint64_t to_##field;
	RELAY_TOTALS(TOTAL_FIELD)
#undef TOTAL_FIELD
};

/* Upper bounds of the buckets of a histogram, ms; the last one has none. */
#define HISTOGRAM_BOUNDS { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, \
	10000 }
#define HISTOGRAM_BUCKETS 12

/* How often a value fell into each bucket, not cumulative. */
struct histogram {
	_Atomic uint64_t hi_bucket[HISTOGRAM_BUCKETS];
	_Atomic uint64_t hi_sum;	/* ms */
};

/* X(field, metric, sentence); in seconds when shown. */
#define RELAY_HISTOGRAMS(X)						\
	X(lag, "rtmpd_subscriber_lag_seconds",				\
	    "Lag of subscribers, each counted once at each report.")	\
	X(first_frame, "rtmpd_first_frame_seconds",			\
	    "From the play command to the first frame sent, of "	\
	    "subscribers whose stream was live.")

struct histograms {
#define HISTOGRAM_FIELD(field, metric, sentence) struct histogram hg_##field;
	RELAY_HISTOGRAMS(HISTOGRAM_FIELD)
#undef HISTOGRAM_FIELD
};

#endif
