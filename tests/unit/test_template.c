/* SPDX-License-Identifier: ISC */
/*
 * test_template.c - which paths of recordings are refused.
 */
#include "conf/template.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "conf_text.h"

TestSuite(template, .timeout = 10);

struct path { char text[48]; bool good; };

ParameterizedTestParameters(template, a_path_stays_beneath_its_directory)
{
	static struct path	 v[] = {
		{ "%{app}_%{name}_%Y%m%d_%H%M%S.flv", true },
		{ "a.flv", true },
		{ "a/b..c/.hidden/...", true },
		{ "100%%", true },
		{ "%%{x}", true },
		{ "%{n}", true },
		{ "/a", false },
		{ "..", false },
		{ "../a", false },
		{ "a/../b", false },
		{ "a/..", false },
		{ "./a", false },
		{ "a/", false },
		{ "%", false },
		{ "a%", false },
		{ "%Y%j%%%F", true },
		{ "%{x}", false },
		{ "%Q", false },
		{ "%n", false },
		{ "%Ey", false },
		{ "%{app", false },
		{ "%{name}%{App}", false },
	};

	return cr_make_param_array(struct path, v, N(v));
}

ParameterizedTest(struct path *p, template, a_path_stays_beneath_its_directory,
    .timeout = 10)
{
	cr_assert_eq(template_check(p->text) == NULL, p->good, "%s", p->text);
}
