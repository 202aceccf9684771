/* SPDX-License-Identifier: ISC */
/*
 * script.h - records that can be computed from a seed and their number, so
 * that a reader knows every byte that it must see, its arrival apart.
 */
#ifndef STRESS_SCRIPT_H
#define STRESS_SCRIPT_H

#include <stdint.h>
#include <string.h>

#include "shm/ring.h"

#define STAMP	16		/* bytes of a payload: number and checksum */

struct script {
	uint64_t	 sc_size;	/* data bytes of the ring */
	uint64_t	 sc_seed;
};

static inline uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t
next_random(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

static inline int
one_in(uint64_t *state, uint32_t n)
{
	return n != 0 && next_random(state) % n == 0;
}

/* Join points lie well under half a ring apart, as in a relay. */
static inline uint64_t
script_gop(const struct script *sc)
{
	return sc->sc_size / 8192;
}

static inline int
script_joins(const struct script *sc, uint64_t seq)
{
	return seq % script_gop(sc) == 0;
}

/* One of any length in a GOP; else most are audio, some video, some empty. */
static inline uint32_t
script_length(const struct script *sc, uint64_t seq)
{
	uint64_t max = ring_record_max(sc->sc_size);
	uint64_t x = mix(sc->sc_seed ^ (seq << 1));

	if (seq % script_gop(sc) == script_gop(sc) / 2)
		return (uint32_t)((x >> 10) % (max + 1));
	if (x % 16 == 0)
		return (uint32_t)((x >> 10) % (max / 4 < 6000 ? max / 4 :
		    6000));
	return (uint32_t)((x >> 10) % 500);
}

static inline struct shm_record
script_header(const struct script *sc, uint64_t seq, uint64_t arrival)
{
	static const uint8_t type[] = { 8, 9, 18 };
	struct shm_record rec = {
		.rec_length = script_length(sc, seq),
		.rec_type = type[seq % 3],
		.rec_flags = script_joins(sc, seq) ? RECORD_JOIN | RECORD_KEY :
		    RECORD_FRAME,
		.rec_track = (uint8_t)(seq % 7),
		.rec_time = (int64_t)(seq * 3) - 1000,
		.rec_arrival = arrival,
	};

	return rec;
}

static inline uint64_t
script_word(uint64_t base, uint64_t i)
{
	uint64_t x = (base + i) * UINT64_C(0x9e3779b97f4a7c15);

	return x ^ (x >> 29);
}

static inline uint64_t
script_base(const struct script *sc, uint64_t seq)
{
	return mix(sc->sc_seed + seq * UINT64_C(0xd1342543de82ef95));
}

/* A payload of STAMP bytes and more begins with its number and checksum. */
static inline void
script_fill(const struct script *sc, const struct shm_record *rec,
    uint64_t seq, uint8_t *p)
{
	uint64_t base = script_base(sc, seq), word;
	uint64_t sum = seq ^ rec->rec_arrival;
	uint64_t at = rec->rec_length < STAMP ? 0 : STAMP, i, n;

	for (i = at; i < rec->rec_length; i += 8) {
		word = script_word(base, i);
		n = rec->rec_length - i < 8 ? rec->rec_length - i : 8;
		memcpy(p + i, &word, n);
		sum = (sum ^ word) * 31;
	}
	if (at != 0) {
		memcpy(p, &seq, 8);
		memcpy(p + 8, &sum, 8);
	}
}

/* Is it the record of this number? NULL, or what is wrong. */
static inline const char *
script_check(const struct script *sc, const struct shm_record *rec,
    uint64_t seq, const uint8_t *p)
{
	uint64_t base = script_base(sc, seq), word;
	uint64_t sum = seq ^ rec->rec_arrival;
	uint64_t at = rec->rec_length < STAMP ? 0 : STAMP, got = 0, i, n;

	for (i = at; i < rec->rec_length; i += 8) {
		word = script_word(base, i);
		n = rec->rec_length - i < 8 ? rec->rec_length - i : 8;
		if (memcmp(p + i, &word, n) != 0)
			return "payload is not what was written";
		sum = (sum ^ word) * 31;
	}
	if (at == 0)
		return NULL;
	memcpy(&got, p, 8);
	if (got != seq)
		return "payload of another record";
	memcpy(&got, p + 8, 8);
	return got == sum ? NULL : "checksum";
}

/*
 * Where a record must go, from the rule in rtmpd-shm(7): after the one before,
 * or at the start of the data if it does not fit before the end.
 */
static inline uint64_t
script_place(const struct script *sc, uint64_t head, uint32_t length)
{
	uint64_t need = sizeof(struct shm_record) +
	    (length + UINT64_C(7)) / 8 * 8;
	uint64_t room = sc->sc_size - head % sc->sc_size;

	return head + (need > room ? room : 0);
}

/* The number of the record that this header, if whole, belongs to. */
static inline uint64_t
script_number(const struct shm_record *rec)
{
	return (uint64_t)(rec->rec_time + 1000) / 3;
}

#endif
