/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of DMA commands share: commands, memory of known layout, and walks over
 * segments. The end of the test puts what these functions create.
 */
#ifndef _IOKMEM_KUNIT_DMA_HELPERS_H
#define _IOKMEM_KUNIT_DMA_HELPERS_H

#include "kinds.h"

#define IN		IOKMEM_DIRECTION_IN
#define OUT		IOKMEM_DIRECTION_OUT
#define INOUT		IOKMEM_DIRECTION_INOUT
#define SEGMENTS	32

/* A specification that allows any segment. */
extern const struct iokmem_dma_specification anything;

void put_dma_now(struct kunit *test, struct iokmem_dma *dma);

struct iokmem_dma *command(struct kunit *test, struct device *dev,
			   const struct iokmem_dma_specification *specification);

/* A command that has @desc, not prepared; not of the device that a coherent one is of. */
struct iokmem_dma *command_for(struct kunit *test, struct iokmem_desc *desc,
			       const struct iokmem_dma_specification *specification);

/* A buffer of scattered memory: no two pages are neighbours. */
struct iokmem_desc *scattered(struct kunit *test, unsigned int pages);

struct iokmem_desc *contiguous(struct kunit *test, size_t length);

/* Scattered memory of one descriptor, prepared: runs of two pages. */
struct iokmem_desc *in_runs(struct kunit *test, unsigned int runs);

/* Is byte @offset of @desc at @address for a device that sees physical addresses? */
void expect_address(struct kunit *test, struct iokmem_desc *desc, size_t offset,
		    u64 address);

/* Walks all segments, @at_once in each call: they cover all bytes, in order. */
unsigned int walk(struct kunit *test, struct iokmem_dma *dma,
		  struct iokmem_desc *desc, unsigned int at_once);

#endif /* _IOKMEM_KUNIT_DMA_HELPERS_H */
