/* SPDX-License-Identifier: ISC */
/*
 * test_path.c - names of recordings: filled in, and never outside.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <limits.h>
#include <string.h>

#include "recording/path.h"

#define DEFAULT	"%{app}_%{name}_%Y%m%d_%H%M%S.flv"

TestSuite(path, .timeout = 10);

static const struct tm when = {
	.tm_year = 126, .tm_mon = 10, .tm_mday = 23, .tm_hour = 4,
	.tm_min = 5, .tm_sec = 6,
};

struct vec {
	char		 pattern[64];
	char		 stream[64];
	uint32_t	 n;
	char		 want[96];
};

ParameterizedTestParameters(path, is_filled_in)
{
	static struct vec v[] = {
		{ DEFAULT, "live/x", 1, "live_x_20261123_040506.flv" },
		{ "%{app}/%{name}-%{n}.flv", "live/x", 12, "live/x-12.flv" },
		{ "%Y/%m/%{name}.flv", "live/x", 1, "2026/11/x.flv" },
		{ "100%%_%{name}", "live/x", 1, "100%_x" },
		{ "%{name}.flv", "live/50%Y", 1, "50%Y.flv" },
		{ "%{app}_%{name}", "a/b/c", 1, "a_b_c" },
		{ "%{app}_%{name}", "alone", 1, "__alone" },
		/* names climb nowhere, and hide nothing */
		{ "%{app}/%{name}", "../../x", 1, "_._../x" },
		{ "%{app}/%{name}", "live/..", 1, "live/_." },
		{ "%{name}", "live/.hidden", 1, "_hidden" },
		{ "%{app}", "/etc/passwd", 1, "_etc" },
		{ "%{name}", "live/a\nb\x7f", 1, "a_b_" },
		/* patterns that did not come by the configuration neither */
		{ "../%{name}", "live/x", 1, "_./x" },
		{ "/etc//%{name}/", "live/x", 1, "etc/x" },
		{ "./.%{name}", "live/x", 1, "_/_x" },
	};

	return cr_make_param_array(struct vec, v, sizeof(v) / sizeof(v[0]));
}

ParameterizedTest(struct vec *v, path, is_filled_in)
{
	char out[RECORD_PATH_MAX];

	cr_assert_eq(record_path(v->pattern, v->stream, v->n, &when, out), 0);
	cr_assert_str_eq(out, v->want);
}

Test(path, a_long_name_is_cut_between_characters)
{
	char	 name[2 + 3 * 100 + 1] = "a/", out[RECORD_PATH_MAX];
	size_t	 i;

	for (i = 0; i < 100; i++)
		strlcat(name, "\xe2\x82\xac", sizeof(name));
	cr_assert_eq(record_path("x%{name}.flv", name, 0, &when, out), 0);
	cr_assert_eq(strlen(out), 1 + 3 * 78 + 4);
	cr_assert_str_eq(out + strlen(out) - 7, "\xe2\x82\xac.flv");
}

Test(path, a_long_name_is_cut_in_front_of_its_suffix)
{
	char stream[300] = "live/", out[RECORD_PATH_MAX];

	memset(stream + 5, 'x', 280);
	cr_assert_eq(record_path("%{name}.flv", stream, 1, &when, out), 0);
	cr_assert_eq(strlen(out), RECORD_PART_MAX);
	cr_assert_str_eq(out + RECORD_PART_MAX - 5, "x.flv");
}

Test(path, one_without_end_is_refused)
{
	char pattern[1200], out[RECORD_PATH_MAX];
	size_t i;

	for (i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "a/", 2);
	pattern[i] = '\0';
	cr_assert_eq(record_path(pattern, "live/x", 1, &when, out), -1);
}

Test(path, another_name_has_a_number_in_front_of_the_suffix)
{
	char out[RECORD_PATH_MAX];

	cr_assert_eq(record_path_again("d.d/x.flv", 3, out), 0);
	cr_assert_str_eq(out, "d.d/x-3.flv");
	cr_assert_eq(record_path_again("d.d/x", 1, out), 0);
	cr_assert_str_eq(out, "d.d/x-1");
}
