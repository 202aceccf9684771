/* SPDX-License-Identifier: ISC */
/*
 * cat.h - rtmpcat: a stream out of its ring, as FLV.
 */
#ifndef RTMPCAT_CAT_H
#define RTMPCAT_CAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_record;

struct cat {
	const char	*ca_name;	/* app/name */
	uint64_t	 ca_length;	/* of the stream, ms; 0 no limit */
	bool		 ca_back;	/* from the oldest join point on */
	bool		 ca_wait;	/* for its publisher, and the next one */
};

/* cat.c: copy it until it ends; the exit status. */
int	cat_run(const struct cat *);

/* list.c: names of the streams that are live; the exit status. */
int	list_run(void);

/*
 * output.c: FLV on standard output, whole tags at a time. What comes before the
 * first frame waits for it: the head of the file tells which kinds there are.
 */
struct output {
	uint8_t		*ou_buf;
	size_t		 ou_size;
	size_t		 ou_len;	/* not yet written */
	bool		 ou_begun;	/* a frame has come */
	bool		 ou_audio;	/* seen so far */
	bool		 ou_video;
	int64_t		 ou_base;	/* time of the first frame, ms */
	int64_t		 ou_time;	/* of the latest, from there on */
	uint64_t	 ou_bytes;	/* written */
};

enum output_result {
	OUTPUT_OK,
	OUTPUT_CLOSED,		/* nobody reads it any more */
	OUTPUT_FAILED,		/* errno */
};

void	output_init(struct output *);
void	output_free(struct output *);
/* When a record is to be seen, in ms of the file that has begun. */
int64_t	output_time(const struct output *, const struct tap_record *);
enum output_result output_record(struct output *, const struct tap_record *);
/* Write what there is; nothing before the first frame. */
enum output_result output_flush(struct output *);

/* progress.c: on standard error if it is a terminal, now and then. */
void	progress_show(const struct output *);
/* End the line, before another message. */
void	progress_clear(void);

#endif
