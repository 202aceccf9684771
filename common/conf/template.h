/* SPDX-License-Identifier: ISC */
/*
 * template.h - the paths of recordings, with fields to be filled in.
 */
#ifndef CONF_TEMPLATE_H
#define CONF_TEMPLATE_H

/*
 * Is `text` a path beneath a directory, with the fields %{app}, %{name} and
 * %{n} and what strftime(3) fills in? NULL, or a static phrase that says what
 * is wrong.
 */
const char *template_check(const char *text);

#endif
