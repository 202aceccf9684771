/* SPDX-License-Identifier: ISC */
/*
 * words.h - what the numbers of the registry are called.
 */
#ifndef VIEW_WORDS_H
#define VIEW_WORDS_H

#include <stdint.h>

/* "waiting", "live", "lost"; for what is no enum stream_state, "unknown". */
const char *word_of_state(uint32_t);
/* "none", "publish", "play", "record", "cat", "metrics", or "unknown". */
const char *word_of_role(uint32_t);

#endif
