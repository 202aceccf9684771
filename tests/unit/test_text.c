/* SPDX-License-Identifier: ISC */
/*
 * test_text.c - nothing that a stranger sent moves the cursor, and letters of
 * all scripts stay what they are.
 */
#include "view/text.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <locale.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(text, .timeout = 10);

struct vec {
	char	in[32];
	char	utf8[64];	/* what comes out in a UTF-8 locale */
	char	ascii[64];	/* in C */
	int	columns;	/* of the first */
};

ParameterizedTestParameters(text, what_is_unsafe_is_escaped)
{
	static struct vec v[] = {
		{ "live/cam-1", "live/cam-1", "live/cam-1", 10 },
		{ "", "", "", 0 },
		{ "\x1b[2J", "\\033[2J", "\\033[2J", 7 },
		{ "a\nb\tc", "a\\012b\\011c", "a\\012b\\011c", 11 },
		{ "back\\slash", "back\\134slash", "back\\134slash", 13 },
		{ "\x7f\x01", "\\177\\001", "\\177\\001", 8 },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f",
		  "gr\\303\\274\\303\\237", 4 },
		/* two columns a letter */
		{ "\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87",
		  "\\344\\270\\255\\346\\226\\207", 4 },
		/* e and a combining accent */
		{ "e\xcc\x81", "e\xcc\x81", "e\\314\\201", 1 },
		/* a C1 control, CSI of one byte and of two */
		{ "\x9b" "31m", "\\23331m", "\\23331m", 7 },
		{ "\xc2\x9b" "31m", "\\302\\23331m", "\\302\\23331m", 11 },
		/* cut amid a character, overlong, a surrogate */
		{ "a\xc3", "a\\303", "a\\303", 5 },
		{ "\xc0\xaf", "\\300\\257", "\\300\\257", 8 },
		{ "\xed\xa0\x80", "\\355\\240\\200", "\\355\\240\\200", 12 },
		/* what follows is written from right to left */
		{ "a\xe2\x80\xae" "b", "a\\342\\200\\256b",
		  "a\\342\\200\\256b", 14 },
		/* a space that has no width */
		{ "a\xe2\x80\x8b" "b", "a\\342\\200\\213b",
		  "a\\342\\200\\213b", 14 },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, text, what_is_unsafe_is_escaped)
{
	char out[VIEW_TEXT_MAX];

	cr_assert_str_eq(text_safe(v->in, out, sizeof(out)), v->ascii);
	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert_str_eq(text_safe(v->in, out, sizeof(out)), v->utf8);
	cr_assert_eq(text_columns(out), v->columns);
}

Test(text, every_byte_comes_out_printable)
{
	char in[256], out[VIEW_TEXT_MAX], again[VIEW_TEXT_MAX];
	unsigned int i;

	for (i = 1; i < 256; i++)
		in[i - 1] = (char)i;
	in[255] = '\0';
	text_safe(in, out, sizeof(out));
	for (i = 0; out[i] != '\0'; i++)
		cr_assert(out[i] >= ' ' && out[i] <= '~', "%u: %d", i, out[i]);
	cr_assert_eq(i, 94 + 4 * (255 - 94));
	cr_assert_str_eq(text_ascii(in, again, sizeof(again)), out);
	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert_str_eq(text_ascii(in, again, sizeof(again)), out);
}

Test(text, what_does_not_fit_is_cut_between_characters)
{
	char out[16];

	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert_str_eq(text_safe("ab\x1b", out, 6), "ab");
	cr_assert_str_eq(text_safe("ab\x1b", out, 7), "ab\\033");
	cr_assert_str_eq(text_safe("ab\xc3\xbc", out, 4), "ab");
	cr_assert_str_eq(text_safe("ab\xc3\xbc", out, 5), "ab\xc3\xbc");
	cr_assert_str_eq(text_safe("ab", out, 1), "");
}

Test(text, as_much_as_fits_into_columns_is_told)
{
	static const char wide[] = "a\xe4\xb8\xad" "e\xcc\x81z";

	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert_eq(text_fit(wide, 0), 0);
	cr_assert_eq(text_fit(wide, 1), 1);
	cr_assert_eq(text_fit(wide, 2), 1, "half a letter");
	cr_assert_eq(text_fit(wide, 3), 4);
	cr_assert_eq(text_fit(wide, 4), 7, "the accent belongs to its letter");
	cr_assert_eq(text_fit(wide, 5), 8);
	cr_assert_eq(text_fit(wide, 99), 8);
}
