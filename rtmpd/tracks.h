/* SPDX-License-Identifier: ISC */
/*
 * tracks.h - what a publisher's tracks were found to be.
 */
#ifndef RTMPD_TRACKS_H
#define RTMPD_TRACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media.h"
#include "shm/registry.h"

struct track {
	struct media_info	 tr_info;
	uint64_t		 tr_frames;	/* since the latest measure */
	uint32_t		 tr_fps;	/* measured, frames per 1000 s */
};

struct tracks {
	struct track		 ts_track[REGISTRY_TRACKS];
	uint32_t		 ts_n;
};

#define TRACKS_TEXT	256

/*
 * Note a tag. Returns the track if its codec or configuration is news, for a
 * line in the log, else NULL. Tracks beyond REGISTRY_TRACKS are not noted.
 */
const struct track *tracks_note(struct tracks *, const struct media_tag *);

/* Work out measured frame rates over `elapsed` ms. */
void	tracks_measure(struct tracks *, uint64_t elapsed);
void	tracks_export(const struct tracks *,
	    struct shm_track out[REGISTRY_TRACKS]);

/* "kind=video track=0 codec=H.264 profile=High_4.0 size=1280x720 …" */
void	track_text(const struct track *, char out[TRACKS_TEXT]);
/* "H.264,AAC", "none" */
void	tracks_codecs(const struct tracks *, char out[TRACKS_TEXT]);

#endif
