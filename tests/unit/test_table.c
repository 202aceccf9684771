/* SPDX-License-Identifier: ISC */
/*
 * test_table.c - columns are as wide as what stands in them, whatever bytes
 * that is.
 */
#include "view/table.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

TestSuite(table, .timeout = 10);

static struct table *
made(const char *const *cells, size_t n)
{
	struct table *t = table_new(3);
	size_t i;

	cr_assert_not_null(t);
	table_head(t, "NAME", false);
	table_head(t, "N", true);
	table_head(t, "WHAT", false);
	for (i = 0; i < n; i++)
		table_cell(t, cells[i]);
	return t;
}

static void
expect(struct table *t, int width, const char *want)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	cr_assert_eq(table_print(t, f, width), 0);
	fclose(f);
	cr_assert_str_eq(text, want);
	free(text);
}

Test(table, columns_are_as_wide_as_they_must_be)
{
	static const char *const cells[] = {
		"live/a", "7", "x", "b", "123", "yy",
	};
	struct table *t = made(cells, 6);

	expect(t, 0,
	    "NAME      N  WHAT\n"
	    "live/a    7  x\n"
	    "b       123  yy\n");
	table_free(t);
}

Test(table, no_line_ends_in_spaces)
{
	static const char *const cells[] = { "a", "1", "", "b", "", "" };
	struct table *t = made(cells, 6);

	expect(t, 0,
	    "NAME  N  WHAT\n"
	    "a     1\n"
	    "b\n");
	table_free(t);
}

Test(table, heads_alone_are_a_table)
{
	struct table *t = made(NULL, 0);

	expect(t, 0, "NAME  N  WHAT\n");
	table_free(t);
}

Test(table, what_is_unsafe_takes_the_room_that_it_takes_escaped)
{
	static const char *const cells[] = {
		"\x1b[1m", "1", "x", "\xc3\xa4\xe4\xb8\xad", "2", "a\nb",
	};
	struct table *t;

	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	t = made(cells, 6);
	expect(t, 0,
	    "NAME     N  WHAT\n"
	    "\\033[1m  1  x\n"
	    "\xc3\xa4\xe4\xb8\xad      2  a\\012b\n");
	table_free(t);
}

Test(table, lines_are_cut_where_the_terminal_ends)
{
	static const char *const cells[] = { "live/a", "7", "abcdef" };
	struct table *t = made(cells, 3);

	expect(t, 1, "N\nl\n");
	expect(t, 7, "NAME\nlive/a\n");
	expect(t, 9, "NAME    N\nlive/a  7\n");
	expect(t, 13, "NAME    N  WH\nlive/a  7  ab\n");
	expect(t, 16, "NAME    N  WHAT\nlive/a  7  abcde\n");
	table_free(t);
}

Test(table, many_rows_are_no_trouble)
{
	struct table *t = made(NULL, 0);
	char *text = NULL, number[16];
	size_t size;
	FILE *f;
	int i;

	for (i = 0; i < 3000; i++) {
		snprintf(number, sizeof(number), "%d", i);
		table_cell(t, number);
	}
	f = open_memstream(&text, &size);
	cr_assert_eq(table_print(t, f, 0), 0);
	fclose(f);
	cr_assert_not_null(strstr(text, "\n2997  2998  2999\n"));
	free(text);
	table_free(t);
}
