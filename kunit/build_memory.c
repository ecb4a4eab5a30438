// SPDX-License-Identifier: GPL-2.0
/*
 * Suites of memory: its kinds, pages, cache modes, and what is charged. They are compiled as
 * one, since the kernel's headers take most of the time of compiling each.
 */
#include "kinds_test.c"
#include "extent_test.c"
#include "buffer_test.c"
#include "contiguous_test.c"
#include "retype_test.c"
#include "cache_test.c"
#include "pageable_test.c"
#include "physical_test.c"
#include "compound_test.c"
#include "options_test.c"
