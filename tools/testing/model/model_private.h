/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the two halves of the model share: decide.c decides on requests, and
 * model.c has the maps.
 */
#ifndef _IOKMEM_MODEL_PRIVATE_H
#define _IOKMEM_MODEL_PRIVATE_H

#include "model.h"

static inline __u64 page_of(__u64 x)
{
	return x / MODEL_PAGE * MODEL_PAGE;
}

static inline __u64 in_page(__u64 x)
{
	return x % MODEL_PAGE;
}

static inline __u64 page_end(__u64 x)
{
	return page_of(x + MODEL_PAGE - 1);
}

static inline bool wraps(__u64 a, __u64 b)
{
	return a + b < a;
}

int model_check_place(const struct model *model, const struct model_map *new);

#endif /* _IOKMEM_MODEL_PRIVATE_H */
