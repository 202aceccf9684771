/* SPDX-License-Identifier: ISC */
/*
 * handshake.h - the RTMP handshake, simple and digest, both sides.
 * (RTMP 1.0, 5.2; the digest form is Flash Player's, never published.)
 */
#ifndef RTMP_HANDSHAKE_H
#define RTMP_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "rtmp/result.h"

#define HANDSHAKE_BLOCK	1536			/* C1, C2, S1, S2 */
#define HANDSHAKE_C0C1	(1 + HANDSHAKE_BLOCK)
#define HANDSHAKE_S0S1S2 (1 + 2 * HANDSHAKE_BLOCK)

/*
 * Judge the first byte a peer sent (C0). NULL if it is RTMP version 3,
 * else a static sentence that says what it looks like (RTMPE, TLS, HTTP).
 */
const char	*handshake_refuse(uint8_t first);

/*
 * Answer C0 and C1 with S0, S1 and S2. The caller has filled `out` with
 * random bytes; what the protocol fixes is overwritten. A C1 with a valid
 * digest in either position is answered with a signed S1 and S2, any other
 * in the simple form. C2 is never to be checked: skip HANDSHAKE_BLOCK bytes.
 * Returns true if the digest form was used.
 */
bool		 handshake_answer(const uint8_t in[HANDSHAKE_C0C1],
		    uint8_t out[HANDSHAKE_S0S1S2]);

/*
 * Client side. handshake_hello() turns the random bytes in `out` into C0 and
 * C1, signed (digest-first layout) if `digest`. handshake_finish() takes the
 * same C0C1 and the server's S0S1S2 and makes C2 out of the random bytes in
 * `c2`. RTMP_BAD: wrong version, or, if we signed and the server signs too, a
 * wrong signature; `*why` is then a static sentence.
 */
void		 handshake_hello(uint8_t out[HANDSHAKE_C0C1], bool digest);
enum rtmp_result handshake_finish(const uint8_t c0c1[HANDSHAKE_C0C1],
		    const uint8_t s0s1s2[HANDSHAKE_S0S1S2],
		    uint8_t c2[HANDSHAKE_BLOCK], const char **why);

#endif
