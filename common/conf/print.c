/* SPDX-License-Identifier: ISC */
/*
 * print.c - a configuration as a file.
 */
#include "conf/print.h"

#include "conf/keys.h"

static void
print_keys(FILE *to, const struct conf *cf, const struct conf *global)
{
	char	 text[KEY_TEXT_MAX];
	size_t	 i;

	for (i = 0; i < conf_nkeys; i++) {
		if (global != NULL && key_equal(cf, global, &conf_keys[i]))
			continue;
		if (key_format(cf, &conf_keys[i], text))
			fprintf(to, "%s%s = %s\n", global != NULL ? "\t" : "",
			    conf_keys[i].ck_name, text);
	}
}

int
conf_print(FILE *to, const struct conf_set *set)
{
	const struct conf	*cf = set->cs_conf;

	if (cf->cf_nlisten == 0)
		fputs("# listen = 1935\n", to);
	print_keys(to, cf, NULL);
	for (cf++; cf < set->cs_conf + set->cs_n; cf++) {
		fputs("\napplication ", to);
		key_put_text(to, cf->cf_app);
		fputs(" {\n", to);
		print_keys(to, cf, set->cs_conf);
		fputs("}\n", to);
	}
	return ferror(to) == 0 && fflush(to) == 0 ? 0 : -1;
}
