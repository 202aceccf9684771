/* SPDX-License-Identifier: ISC */
/*
 * page.c - the files of the page, as they are, within the program.
 */
#include "pages.h"

/* Paths are those of the source tree, whose root make(1) runs in. */
#define FILE_IN(name, file)						\
	__asm__("	.section .rodata\n"				\
	    "	.globl " #name ", " #name "_end\n"			\
	    #name ":\n"							\
	    "	.incbin \"tools/rtmpmetrics/" file "\"\n"		\
	    #name "_end:\n"						\
	    "	.byte 0\n"						\
	    "	.previous\n")

FILE_IN(page_html, "page.html");
FILE_IN(page_css, "page.css");
FILE_IN(page_js, "page.js");
FILE_IN(chart_js, "chart.js");
